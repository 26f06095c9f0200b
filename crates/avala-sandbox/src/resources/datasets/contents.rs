//! Items and sequences.

use avala_types::{DatasetItem, DatasetSequence, DatasetSlug, ItemUid, OwnerName, RawPageResponse, SequenceUid};
use axum::Json;
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::Answer;
use crate::list::ListQuery;
use crate::resources::datasets::ByName;

pub(super) async fn list_items(
    State(app): State<App>,
    Path((owner, slug)): ByName,
    query: ListQuery,
) -> Answer<RawPageResponse<DatasetItem>> {
    query.list(&app.tables().dataset(&owner, &slug)?.items).cursor_page(DatasetItem::clone)
}

pub(super) async fn get_item(
    State(app): State<App>,
    Path((owner, slug, uid)): Path<(OwnerName, DatasetSlug, ItemUid)>,
) -> Answer<DatasetItem> {
    Ok(Json(app.tables().dataset(&owner, &slug)?.items.get(uid)?.clone()))
}

/// Without frames: they are most of a sequence's bytes.
pub(super) async fn list_sequences(
    State(app): State<App>,
    Path((owner, slug)): ByName,
    query: ListQuery,
) -> Answer<RawPageResponse<DatasetSequence>> {
    query.list(&app.tables().dataset(&owner, &slug)?.sequences).cursor_page(|row| row.sequence.clone())
}

pub(super) async fn get_sequence(
    State(app): State<App>,
    Path((owner, slug, uid)): Path<(OwnerName, DatasetSlug, SequenceUid)>,
) -> Answer<DatasetSequence> {
    let tables = app.tables();
    let row = tables.dataset(&owner, &slug)?.sequences.get(uid)?;
    let mut sequence = row.sequence.clone();
    sequence.frames = Some(row.frames.clone());
    Ok(Json(sequence))
}
