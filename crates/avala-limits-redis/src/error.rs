//! The error of this crate.

use std::fmt;

/// Error in the settings of limits in Redis, or of a Redis that cannot serve them.
///
/// A Redis that cannot be reached is no error: the share of the process applies until it can be.
///
/// The message never contains a password. One printable line.
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
    /// Redis lacks a command that the limits need, or is part of a cluster and was not configured as one.
    Unsupported,
    /// Redis cannot be reached, did not respond in time, or sent a response that is not understood. Only claims report
    /// it.
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

    /// Returns whether the error stays until the settings or the server change.
    pub(crate) fn is_permanent(&self) -> bool {
        self.kind != LimitsErrorKind::Unavailable
    }
}
