//! Uploads: the streamed body and the PUT request of all protocols, and one folder per protocol.

pub(crate) mod backoff;
pub(crate) mod body;
mod buffers;
pub(crate) mod dataset;
pub(crate) mod estimate;
mod hold;
pub(crate) mod put;
pub(crate) mod recording;
pub(crate) mod urls;
