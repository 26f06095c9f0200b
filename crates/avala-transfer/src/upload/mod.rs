//! Uploads: the streamed body and the PUT that all protocols share, and one folder per protocol.

pub(crate) mod backoff;
pub(crate) mod body;
pub(crate) mod dataset;
pub(crate) mod estimate;
pub(crate) mod put;
pub(crate) mod recording;
pub(crate) mod urls;
