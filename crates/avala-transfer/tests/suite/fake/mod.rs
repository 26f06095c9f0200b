//! An API and a storage host in this process, on Tokio's clock, for what a sandbox cannot be told to do.

pub(crate) mod api;
pub(crate) mod recordings;
pub(crate) mod storage;
pub(crate) mod world;
