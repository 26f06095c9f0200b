//! Limits on memory, bandwidth, concurrency, bytes and time.

pub(crate) mod bandwidth;
pub(crate) mod concurrency;
pub(crate) mod memory;
pub(crate) mod run_limit;
