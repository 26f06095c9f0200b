//! Slices.

use avala_types::{DatasetUid, ItemUid};
use serde::Deserialize;

use crate::schema::Slice;

/// A slice, and the places of its items. Its content is fixed when it is created.
pub(crate) struct SliceRow {
    pub(crate) slice: Slice,
    pub(crate) items: Vec<(DatasetUid, ItemUid)>,
}

/// One of the parts of a slice.
#[derive(Deserialize)]
pub(crate) struct Part {
    pub(crate) dataset_uid: DatasetUid,
    /// The selected items.
    pub(crate) item_uids: Option<Vec<ItemUid>>,
}

/// Picks this many items, spread evenly: the same in every run.
pub(crate) fn pick<T>(items: Vec<T>, count: usize) -> Vec<T> {
    let (total, count) = (items.len(), count.min(items.len()));
    let is_picked = |index: usize| index * count / total != (index + 1) * count / total;
    items.into_iter().enumerate().filter(|(index, _)| is_picked(*index)).map(|(_, item)| item).collect()
}
