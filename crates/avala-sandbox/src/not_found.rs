//! Error of a control method that names an unknown object.

use std::fmt;

/// The sandbox has no object with the identifier that a test passed.
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
