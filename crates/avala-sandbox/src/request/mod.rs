//! Extractors of handlers: the caller, the body, and the query of a list.

pub(crate) mod caller;
pub(crate) mod json_body;
pub(crate) mod list;
pub(crate) mod validation;
