//! Constructors of errors and responses, for your own unit tests (feature `testing`).
//!
//! ```
//! use avala_client::testing::{ErrorBuilder, meta, response};
//! use avala_client::{Error, ErrorKind};
//! use avala_client::types::Task;
//!
//! fn should_requeue(error: &Error) -> bool {
//!     error.is_retryable()
//! }
//!
//! let busy = ErrorBuilder::new(ErrorKind::Server, "try later").status(503).request_id("r1").build();
//! assert!(should_requeue(&busy));
//! assert_eq!(response(Task::new("t1"), meta(200)).meta.attempts, 1);
//! ```

use avala_transport::Sent;
use avala_types::RateLimitInfo;
use http::StatusCode;

use crate::error::{Error, ErrorKind};
use crate::meta::{Meta, Response, one_attempt};

pub use crate::error::testing::ErrorBuilder;

/// Creates the metadata of a response: one attempt, no time, no request ID and no rate limit.
///
/// Its fields are public and can be changed afterwards. An invalid status counts as 200.
#[must_use]
pub fn meta(status: u16) -> Meta {
    Meta {
        status: StatusCode::from_u16(status).unwrap_or(StatusCode::OK),
        request_id: None,
        date: None,
        rate_limit: RateLimitInfo::default(),
        report: one_attempt(),
    }
}

/// Creates a response with metadata.
#[must_use]
pub fn response<T>(value: T, meta: Meta) -> Response<T> {
    Response { value, meta }
}

/// Creates an error of a kind, as [`ErrorBuilder`] does without further details.
#[must_use]
pub fn error(kind: ErrorKind) -> Error {
    ErrorBuilder::new(kind, kind.describe()).sent(Sent::Yes).build()
}
