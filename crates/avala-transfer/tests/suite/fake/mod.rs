//! An API and a storage host in this process, on Tokio's clock, for faults that the sandbox does not have.

pub(crate) mod api;
pub(crate) mod recordings;
pub(crate) mod storage;
pub(crate) mod world;
