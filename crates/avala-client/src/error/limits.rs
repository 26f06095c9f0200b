//! Limits on the parts of a response that an error keeps.

/// The most bytes of a body that are looked at; what is complete in them is used.
pub(crate) const READ: usize = avala_transport::MAX_ERROR_BODY;

/// The most bytes of a text that is not JSON, and of a body in `Debug`.
pub(super) const KEPT_TEXT: usize = 4 * 1024;

/// Maximum nesting depth of lists and objects.
pub(super) const DEPTH: usize = 64;

/// The longest message of an error, in bytes.
pub(super) const MESSAGE: usize = 4 * 1024;

/// The longest message of a field, and the longest code, in bytes.
pub(super) const FIELD_MESSAGE: usize = 1024;

/// The longest path of a field, in bytes.
pub(crate) const PATH: usize = 256;

/// The most fields with messages.
pub(super) const FIELDS: usize = 64;

/// The most bytes of all fields and their messages together.
pub(super) const ALL_FIELDS: usize = 16 * 1024;

/// The most fields in `Display`.
pub(super) const SHOWN_FIELDS: usize = 8;
