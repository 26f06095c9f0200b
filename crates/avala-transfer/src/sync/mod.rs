//! Compares sources and targets, for sync and verification.

pub(crate) mod compare;
#[cfg(unix)]
pub(crate) mod dry;
pub(crate) mod filter;
#[cfg(unix)]
pub(crate) mod verify;
