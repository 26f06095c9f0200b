//! Why a delivery is refused.

use std::fmt;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a delivery is refused.
///
/// It says nothing of the secrets, and nothing of how close a wrong signature was.
#[derive(Debug)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    source: Option<Source>,
}

/// Why a delivery is refused, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// The receiver has no secret, or an empty one: nothing can be good. Answer with 500.
    NoSecret,
    /// A header is missing, by its name. Answer with 400.
    MissingHeader(&'static str),
    /// None of the secrets made the signature. Answer with 401.
    Signature,
    /// The signature is good, and the body is no event. Answer with 400.
    Body,
}

impl VerifyError {
    pub(crate) fn new(kind: VerifyErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn missing(header: &'static str) -> Self {
        Self::new(VerifyErrorKind::MissingHeader(header))
    }

    pub(crate) fn body(source: impl Into<Source>) -> Self {
        Self { kind: VerifyErrorKind::Body, source: Some(source.into()) }
    }

    /// Why, in one word.
    #[must_use]
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            VerifyErrorKind::NoSecret => f.write_str("there is no webhook secret, or an empty one: set it"),
            VerifyErrorKind::MissingHeader(name) => write!(f, "the header {name} is missing"),
            VerifyErrorKind::Signature => f.write_str("the signature is not good"),
            VerifyErrorKind::Body => f.write_str("the body is no event"),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
