//! Sync and verify: what a source and a target have in common.

pub(crate) mod compare;
#[cfg(unix)]
pub(crate) mod dry;
pub(crate) mod filter;
#[cfg(unix)]
pub(crate) mod verify;
