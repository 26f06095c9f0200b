//! The error of this crate.

use std::fmt;

/// Error of limits in Redis: an invalid setting, or a server that cannot be used.
///
/// An unreachable Redis is not an error: the share of the process applies until Redis is reachable.
///
/// The message is one printable line, without passwords.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct LimitsError {
    kind: LimitsErrorKind,
    message: String,
}

/// Kind of a [`LimitsError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitsErrorKind {
    /// A setting is invalid or missing.
    Configuration,
    /// Redis rejects the password, or the user lacks a permission.
    Access,
    /// A key of the limits holds a value of another type or form. Use another prefix, or delete the key.
    KeyType,
    /// Redis lacks a required command, or is part of a cluster and was not configured as one.
    Unsupported,
    /// Redis cannot be reached, did not respond in time, or sent an invalid response. Only claims report
    /// this kind.
    Unavailable,
}

impl LimitsError {
    pub(crate) fn new(kind: LimitsErrorKind, message: impl fmt::Display) -> Self {
        let printable = |character: char| if character.is_control() { ' ' } else { character };
        let message = message.to_string().chars().map(printable).take(500).collect();
        Self { kind, message }
    }

    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> LimitsErrorKind {
        self.kind
    }

    /// Returns whether the error persists until the settings or the server change.
    pub(crate) fn is_permanent(&self) -> bool {
        self.kind != LimitsErrorKind::Unavailable
    }
}
