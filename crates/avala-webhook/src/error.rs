//! Why a delivery is rejected.

use std::fmt;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a delivery is rejected.
///
/// It contains nothing of the secrets, and nothing about how close a wrong signature was.
#[derive(Debug)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    source: Option<Source>,
}

/// The kind of a [`VerifyError`], with the status to respond with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// The receiver has no secret, or a blank one, with which anyone could sign. Respond with 500.
    NoSecret,
    /// A secret has whitespace around it, such as the line end of a file, so no signature would ever match. Respond
    /// with 500.
    UntrimmedSecret,
    /// A header is missing or blank, by its name. Respond with 400.
    MissingHeader(&'static str),
    /// No secret matches the signature. Respond with 401.
    Signature,
    /// The signature is valid, and the signed body names another event than the unsigned header. Respond with 400.
    EventMismatch,
    /// The signature is valid, and the body is not a valid event. Respond with 400.
    Body,
    /// The body exceeds the limit of the receiver. Respond with 413.
    BodyTooLarge,
    /// The body could not be read, or took too long. Respond with 400.
    BodyUnreadable,
}

impl VerifyErrorKind {
    /// Returns the HTTP status to respond with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::NoSecret | Self::UntrimmedSecret => 500,
            Self::MissingHeader(_) | Self::EventMismatch | Self::Body | Self::BodyUnreadable => 400,
            Self::Signature => 401,
            Self::BodyTooLarge => 413,
        }
    }
}

impl VerifyError {
    pub(crate) fn new(kind: VerifyErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn missing(header: &'static str) -> Self {
        Self::new(VerifyErrorKind::MissingHeader(header))
    }

    pub(crate) fn with_source(kind: VerifyErrorKind, source: impl Into<Source>) -> Self {
        Self { kind, source: Some(source.into()) }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> VerifyErrorKind {
        self.kind
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            VerifyErrorKind::NoSecret => f.write_str("no webhook secret is configured, or it is blank; set it"),
            VerifyErrorKind::UntrimmedSecret => f.write_str("a webhook secret has whitespace around it; trim it"),
            VerifyErrorKind::MissingHeader(name) => write!(f, "the header {name} is missing or blank"),
            VerifyErrorKind::Signature => f.write_str("signature mismatch"),
            VerifyErrorKind::EventMismatch => f.write_str("the signed body names another event than the header"),
            VerifyErrorKind::Body => f.write_str("the body is not a valid event"),
            VerifyErrorKind::BodyTooLarge => f.write_str("the body exceeds the limit of the receiver"),
            VerifyErrorKind::BodyUnreadable => f.write_str("the body could not be read"),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
