//! Why something cannot be changed: it is not there.

use std::fmt;

/// The sandbox does not hold what a test names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotFound {
    kind: &'static str,
    name: String,
}

impl NotFound {
    pub(crate) fn new(kind: &'static str, name: &str) -> Self {
        Self { kind, name: name.to_owned() }
    }
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sandbox has no {} {:?}", self.kind, self.name)
    }
}

impl std::error::Error for NotFound {}
