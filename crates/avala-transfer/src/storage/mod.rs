//! Storage hosts: the known hosts, the lifetime of URLs, and requests.

pub(crate) mod client;
pub(crate) mod clock;
pub(crate) mod hosts;
pub(crate) mod strip;
