//! Progress of a run: counters, events for listeners, and the final report.

pub(crate) mod event;
pub(crate) mod meter;
pub(crate) mod report;
