//! Annotations, edited in bulk.

use crate::Json;

/// Edits of annotations (`POST /datasets/{owner}/{slug}/bulk-edition/`): a bare list of free-form objects.
///
/// An edit has an `action`, the object that it changes (`object_uuid`, `object_type`), where that object is (one of
/// `dataset_item_uid` and `sequence_uid`), and its `object_data` where the action writes one. The server finds an
/// object by these, so that sending an edit twice does no harm.
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
    /// The edits, each a free-form object.
    pub edits: Vec<Json>,
}

crate::field::transparent!(BulkEdit { edits });

impl BulkEdit {
    /// How many edits go into one call.
    pub const MAX_EDITS: usize = 500;

    /// Makes a call's worth of edits.
    #[must_use]
    pub fn new(edits: impl IntoIterator<Item: Into<Json>>) -> Self {
        Self { edits: edits.into_iter().map(Into::into).collect() }
    }
}
