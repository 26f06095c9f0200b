//! Published revisions of public datasets.

pub(crate) mod reference;
pub(crate) mod revision;
pub(crate) mod saved;
pub(crate) mod store;
