//! Limits on the parts of a response that an error keeps.

/// Maximum number of bytes read of a body; the complete values in them are used.
pub(crate) const READ: usize = avala_transport::MAX_ERROR_BODY;

/// Maximum number of bytes of a text that is not JSON, and of a body in `Debug`.
pub(super) const KEPT_TEXT: usize = 4 * 1024;

/// Maximum nesting depth of lists and objects.
pub(super) const DEPTH: usize = 64;

/// Maximum length of the message of an error, in bytes.
pub(super) const MESSAGE: usize = 4 * 1024;

/// Maximum length of the message of a field, and of a code, in bytes.
pub(super) const FIELD_MESSAGE: usize = 1024;

/// Maximum length of the path of a field, in bytes.
pub(crate) const PATH: usize = 256;

/// Maximum number of fields with messages.
pub(super) const FIELDS: usize = 64;

/// Maximum number of bytes of all fields and their messages together.
pub(super) const ALL_FIELDS: usize = 16 * 1024;

/// Maximum number of fields in `Display`.
pub(super) const SHOWN_FIELDS: usize = 8;
