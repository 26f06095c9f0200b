//! Datasets, with their items and sequences.

mod contents;
mod create;
mod health;
mod outcomes;
mod path;
mod transfer;

use avala_types::{DatasetUid, EventType, OwnerName};
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::ApiResult;
use crate::request::list::{ListQuery, time_key};
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Dataset, Page};
use crate::state::tables::Tables;
use path::ByName;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/datasets/", list)
        .post("/datasets/", create::create)
        .get("/datasets/{uid}/", get_one)
        .get("/datasets/{owner}/list/", list_by_owner)
        .get("/datasets/{owner}/{slug}/", get_by_slug)
        .get("/datasets/{owner}/{slug}/health/", health::get_health)
        .get("/datasets/{owner}/{slug}/items/", contents::list_items)
        .get("/datasets/{owner}/{slug}/items/{item_uid}/", contents::get_item)
        .get("/datasets/{owner}/{slug}/sequences/", contents::list_sequences)
        .get("/datasets/{owner}/{slug}/sequences/{sequence_uid}/", contents::get_sequence)
        .get("/datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/", outcomes::get)
        .put("/datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/", outcomes::set)
        .get("/datasets/{owner}/{slug}/sequences/{sequence_uid}/outcome/history/", outcomes::history)
        .get("/datasets/{owner}/{slug}/sequence-outcomes/", outcomes::list)
        .post("/datasets/{owner}/{slug}/transfer/", transfer::transfer)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Dataset>> {
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
) -> ApiResult<Page<Dataset>> {
    let tables = app.tables();
    tables.check_owner(&owner)?;
    query
        .list(&tables.datasets)
        .filter(|row| row.dataset.owner_name.as_ref() == Some(&owner))
        .order_by(|row, field| match field {
            "name" => Some(row.dataset.name.to_lowercase()),
            "created_at" => Some(time_key(row.dataset.created_at)),
            "updated_at" => Some(time_key(row.dataset.updated_at)),
            "item_count" => Some(format!("{:020}", row.dataset.item_count)),
            _ => None,
        })
        .numbered_page(|row| row.dataset.clone())
}

async fn get_one(State(app): State<App>, Path(uid): Path<DatasetUid>) -> ApiResult<Dataset> {
    let mut tables = app.tables();
    fetch(&app, &mut tables, &uid)
}

async fn get_by_slug(State(app): State<App>, Path((owner, slug)): ByName) -> ApiResult<Dataset> {
    let mut tables = app.tables();
    let uid = tables.dataset(&owner, &slug)?.dataset.uid.clone();
    fetch(&app, &mut tables, &uid)
}

/// Returns a dataset. Its status advances by one step with each response.
fn fetch(app: &App, tables: &mut Tables, uid: &DatasetUid) -> ApiResult<Dataset> {
    let row = tables.datasets.get_mut(uid)?;
    let became_ready = row.advance();
    let dataset = row.dataset.clone();
    if became_ready {
        app.announce(tables, &EventType::DatasetUpdated, &dataset);
    }
    Ok(Json(dataset))
}
