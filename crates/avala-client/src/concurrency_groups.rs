//! Concurrency groups of the API, with the limits that Avala documents.
//!
//! Calls of a group share a limit on how many of them are in flight at once. [`concurrency_group`] moves a call to
//! another group, which may be your own, and [`AvalaBuilder::concurrency_limit`] sets the limit of a group:
//!
//! ```
//! use avala_client::{Avala, Method};
//!
//! # async fn example() -> Result<(), avala_client::Error> {
//! let avala = Avala::builder().api_key("avk_1f9a").concurrency_limit("thumbnails", 4).build()?;
//! avala.request(Method::POST, "/beta/thumbnails/").concurrency_group("thumbnails").await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`concurrency_group`]: crate::Call::concurrency_group
//! [`AvalaBuilder::concurrency_limit`]: crate::AvalaBuilder::concurrency_limit

use avala_transport::ConcurrencyGroup;

/// Calls that create exports: 5 at once, unless the client has another limit.
pub const EXPORTS: ConcurrencyGroup = ConcurrencyGroup::new("exports");

/// Calls that upload a file or a part of one: 10 at once, unless the client has another limit. For raw calls; the files
/// of `avala-transfer` are sent to a storage host, and have their own limits.
pub const UPLOADS: ConcurrencyGroup = ConcurrencyGroup::new("uploads");

/// Returns the limit of a group that Avala documents.
pub(crate) fn documented_limit(group: ConcurrencyGroup) -> Option<usize> {
    match group {
        EXPORTS => Some(5),
        UPLOADS => Some(10),
        _ => None,
    }
}
