//! Sync and verify: what a source and a target have in common.

pub(crate) mod compare;
pub(crate) mod dry;
pub(crate) mod filter;
pub(crate) mod verify;
