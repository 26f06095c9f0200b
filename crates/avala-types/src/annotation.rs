//! Annotations, edited in bulk.

use crate::json::Json;

/// Payload that edits annotations (`POST /datasets/{owner}/{slug}/bulk-edition/`): a bare list of free-form objects.
///
/// An edit has an `action`, the changed object (`object_uuid`, `object_type`), the location of that object (one of
/// `dataset_item_uid` and `sequence_uid`), and its `object_data` if the action writes one. The server finds an
/// object by these, so that an edit can safely be sent twice.
///
/// ```
/// use avala_types::BulkEdit;
///
/// let edits = BulkEdit::new([serde_json::json!({"action": "delete", "object_uuid": "b7"})]);
/// assert_eq!(serde_json::to_string(&edits)?, r#"[{"action":"delete","object_uuid":"b7"}]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BulkEdit {
    /// Edits, each a free-form object.
    pub edits: Vec<Json>,
}

crate::field::transparent!(BulkEdit { edits });

impl BulkEdit {
    /// Maximum number of edits per call.
    pub const MAX_EDITS: usize = 500;

    /// Creates one batch of edits.
    #[must_use]
    pub fn new(edits: impl IntoIterator<Item: Into<Json>>) -> Self {
        Self { edits: edits.into_iter().map(Into::into).collect() }
    }
}
