//! Storage hosts: which ones are known, how long a URL lives, and requests to them.

pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod hosts;
pub(crate) mod strip;
