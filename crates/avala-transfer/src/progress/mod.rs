//! Progress of a run: counters, and events for listeners.

pub(crate) mod event;
pub(crate) mod meter;
