//! Datasets, and what is in them.

mod contents;
mod create;
mod health;
mod row;
mod transfer;

pub(crate) use row::{DatasetRow, SequenceRow};

use avala_types::{Dataset, DatasetSlug, DatasetUid, OwnerName, RawPageResponse};
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};

use crate::app::App;
use crate::error::Answer;
use crate::list::{ListQuery, time_key};

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route("/datasets/", get(list).post(create::create))
        .route("/datasets/{uid}/", get(get_one))
        .route("/datasets/{owner}/list/", get(list_by_owner))
        .route("/datasets/{owner}/{slug}/", get(get_by_slug))
        .route("/datasets/{owner}/{slug}/health/", get(health::get_health))
        .route("/datasets/{owner}/{slug}/items/", get(contents::list_items))
        .route("/datasets/{owner}/{slug}/items/{item_uid}/", get(contents::get_item))
        .route("/datasets/{owner}/{slug}/sequences/", get(contents::list_sequences))
        .route("/datasets/{owner}/{slug}/sequences/{sequence_uid}/", get(contents::get_sequence))
        .route("/datasets/{owner}/{slug}/transfer/", post(transfer::transfer))
}

/// The path of a dataset: its owner and its slug.
type ByName = Path<(OwnerName, DatasetSlug)>;

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<Dataset>> {
    query
        .list(&app.tables().datasets)
        .filter(|row| query.equals("data_type", row.dataset.data_type.as_ref()))
        .filter(|row| query.equals("status", row.dataset.status.as_ref()))
        .filter(|row| query.equals("visibility", row.dataset.visibility.as_ref()))
        .filter(|row| query.contains("name", &row.dataset.name))
        .cursor_page(|row| row.dataset.clone())
}

async fn list_by_owner(
    State(app): State<App>,
    Path(owner): Path<OwnerName>,
    query: ListQuery,
) -> Answer<RawPageResponse<Dataset>> {
    let tables = app.tables();
    let owner = &tables.accounts.in_path(&owner)?.name;
    query
        .list(&tables.datasets)
        .filter(|row| row.dataset.owner_name.as_ref() == Some(owner))
        .order_by(|row, field| match field {
            "name" => Some(row.dataset.name.to_lowercase()),
            "created_at" => Some(time_key(row.dataset.created_at)),
            "updated_at" => Some(time_key(row.dataset.updated_at)),
            "item_count" => Some(format!("{:020}", row.dataset.item_count)),
            _ => None,
        })
        .numbered_page(|row| row.dataset.clone())
}

async fn get_one(State(app): State<App>, Path(uid): Path<DatasetUid>) -> Answer<Dataset> {
    Ok(Json(app.tables().datasets.get_mut(uid)?.fetch()))
}

async fn get_by_slug(State(app): State<App>, Path((owner, slug)): ByName) -> Answer<Dataset> {
    Ok(Json(app.tables().dataset_mut(&owner, &slug)?.fetch()))
}
