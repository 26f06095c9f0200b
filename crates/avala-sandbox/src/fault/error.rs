//! Errors of faults that cannot be used.

use std::fmt;

/// Error of a fault that HTTP cannot express, or that no request can match.
#[derive(Debug)]
pub struct FaultError(Reason);

#[derive(Debug)]
enum Reason {
    Http(http::Error),
    Path(Box<str>),
    NoResponse,
    Text(Box<str>),
}

impl FaultError {
    pub(super) fn http(error: impl Into<http::Error>) -> Self {
        Self(Reason::Http(error.into()))
    }

    pub(super) fn path(path: &str) -> Self {
        Self(Reason::Path(path.into()))
    }

    pub(super) fn text(text: &str) -> Self {
        Self(Reason::Text(text.into()))
    }

    pub(super) fn no_response() -> Self {
        Self(Reason::NoResponse)
    }
}

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::Http(_) => f.write_str("the fault has a status, header or method that HTTP does not allow"),
            Reason::Path(path) => write!(f, "the path {path:?} of the fault does not start with a slash"),
            Reason::Text(text) => write!(f, "{text:?} is not a fault: write METHOD PATH EFFECT [xTIMES] [1/N]"),
            Reason::NoResponse => f.write_str("a header or a body was set on a fault without its own response"),
        }
    }
}

impl std::error::Error for FaultError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Reason::Http(error) => Some(error),
            Reason::Path(_) | Reason::Text(_) | Reason::NoResponse => None,
        }
    }
}
