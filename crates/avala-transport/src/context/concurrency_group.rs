//! Names of the groups that have their own concurrency limit.

use std::fmt;

/// Concurrency group: the name under which calls share a limit on how many of them are in flight at once.
///
/// A call belongs to one group: [`CallOptions::concurrency_group`](crate::CallOptions::concurrency_group). The limits
/// of the groups are settings: [`ConcurrencyLimits::group`](crate::ConcurrencyLimits::group). Any name is a valid
/// group.
///
/// ```
/// use avala_transport::{CallOptions, ConcurrencyGroup, ConcurrencyLimits};
///
/// const THUMBNAILS: ConcurrencyGroup = ConcurrencyGroup::new("thumbnails");
///
/// let limits = ConcurrencyLimits::default().group(THUMBNAILS, 4);
/// let options = CallOptions::new().with_concurrency_group(THUMBNAILS);
/// assert_eq!(options.concurrency_group, "thumbnails".into());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConcurrencyGroup(&'static str);

impl ConcurrencyGroup {
    /// Group of all calls that name no other.
    pub const DEFAULT: Self = Self("default");

    /// Creates a group with this name. Groups of the same name are equal.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the name of the group.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// Returns [`ConcurrencyGroup::DEFAULT`].
impl Default for ConcurrencyGroup {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl From<&'static str> for ConcurrencyGroup {
    fn from(name: &'static str) -> Self {
        Self(name)
    }
}

impl fmt::Display for ConcurrencyGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Former names of groups, which were variants of `CallClass`.
#[doc(hidden)]
#[expect(non_upper_case_globals, reason = "they were variants of an enum")]
impl ConcurrencyGroup {
    pub const Ordinary: Self = Self::DEFAULT;
    pub const Upload: Self = Self("uploads");
    pub const Export: Self = Self("exports");
}
