//! Items and sequences.

use std::collections::BTreeMap;

use avala_types::{DatasetSlug, ItemUid, Json as FreeForm, OwnerName, SequenceUid};
use axum::extract::{Path, State};

use super::path::ByName;
use crate::app::App;
use crate::error::ApiResult;
use crate::request::list::{ListQuery, time_key};
use crate::response::Json;
use crate::schema::{DatasetItem, DatasetSequence, Page, omit};

pub(super) async fn list_items(
    State(app): State<App>,
    Path((owner, slug)): ByName,
    query: ListQuery,
) -> ApiResult<Page<DatasetItem>> {
    query
        .list(&app.tables().dataset(&owner, &slug)?.items)
        .order_by(|item, field| match field {
            "key" => item.key.clone(),
            "created_at" => Some(time_key(item.created_at)),
            "updated_at" => Some(time_key(item.updated_at)),
            _ => None,
        })
        .cursor_page(|item| app.links().item(item))
}

pub(super) async fn get_item(
    State(app): State<App>,
    Path((owner, slug, uid)): Path<(OwnerName, DatasetSlug, ItemUid)>,
) -> ApiResult<DatasetItem> {
    Ok(Json(app.links().item(app.tables().dataset(&owner, &slug)?.items.get(uid)?)))
}

/// Lists sequences without `frames`, which are most of a sequence's bytes.
pub(super) async fn list_sequences(
    State(app): State<App>,
    Path((owner, slug)): ByName,
    query: ListQuery,
) -> ApiResult<Page<BTreeMap<String, FreeForm>>> {
    query
        .list(&app.tables().dataset(&owner, &slug)?.sequences)
        .order_by(|row, field| match field {
            "key" => row.sequence.key.clone(),
            "status" => row.sequence.status.clone(),
            "number_of_frames" => Some(format!("{:020}", row.sequence.number_of_frames.unwrap_or_default())),
            _ => None,
        })
        .cursor_page(|row| omit(&row.sequence, &["frames"]))
}

pub(super) async fn get_sequence(
    State(app): State<App>,
    Path((owner, slug, uid)): Path<(OwnerName, DatasetSlug, SequenceUid)>,
) -> ApiResult<DatasetSequence> {
    let tables = app.tables();
    let row = tables.dataset(&owner, &slug)?.sequences.get(uid)?;
    let mut sequence = row.sequence.clone();
    sequence.frames = Some(app.links().text(&row.frames));
    Ok(Json(sequence))
}
