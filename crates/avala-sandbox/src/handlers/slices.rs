//! Slices.

use avala_types::{CreateSlice, DatasetUid, ItemUid, OwnerName, SliceSlug};
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, created};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::{ListQuery, time_key};
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{DatasetItem, Page, Slice, SliceItem, choices};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/slices/", create)
        .get("/slices/{owner}/list/", list)
        .get("/slices/dataset/{dataset_uid}/", list_by_dataset)
        .get("/slices/{owner}/{slug}/", get_one)
        .get("/slices/{owner}/{slug}/items/list/", list_items)
        .get("/slices/{owner}/{slug}/items/{item_uid}/", get_item)
}

async fn create(State(app): State<App>, Caller(caller): Caller, body: JsonBody) -> Created<Slice> {
    let payload: CreateSlice = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("visibility", Kind::Choice(choices::VISIBILITY));
        fields.required("sub_slices", Kind::Objects);
        fields.optional("organization", Kind::Text);
        fields.optional("random_selection_count", Kind::Integer);
    })?;
    let mut tables = app.tables();
    created(app.links().slice(&tables.add_slice(payload, caller)?.slice))
}

async fn list(State(app): State<App>, Path(owner): Path<OwnerName>, query: ListQuery) -> ApiResult<Page<Slice>> {
    let tables = app.tables();
    tables.check_owner(&owner)?;
    query
        .list(&tables.slices)
        .filter(|row| row.slice.owner_name.as_ref() == Some(&owner))
        .order_by(|row, field| match field {
            "name" => Some(row.slice.name.to_lowercase()),
            "created_at" => Some(time_key(row.slice.created_at)),
            "updated_at" => Some(time_key(row.slice.updated_at)),
            "item_count" => Some(format!("{:020}", row.slice.item_count.unwrap_or_default())),
            _ => None,
        })
        .numbered_page(|row| app.links().slice(&row.slice))
}

async fn list_by_dataset(
    State(app): State<App>,
    Path(dataset): Path<DatasetUid>,
    query: ListQuery,
) -> ApiResult<Page<Slice>> {
    let tables = app.tables();
    tables.datasets.get(&dataset)?;
    query
        .list(&tables.slices)
        .filter(|row| row.items.iter().any(|(of, _)| *of == dataset))
        .cursor_page(|row| app.links().slice(&row.slice))
}

async fn get_one(State(app): State<App>, Path((owner, slug)): Path<(OwnerName, SliceSlug)>) -> ApiResult<Slice> {
    Ok(Json(app.links().slice(&app.tables().slice(&owner, &slug)?.slice)))
}

async fn list_items(
    State(app): State<App>,
    Path((owner, slug)): Path<(OwnerName, SliceSlug)>,
    query: ListQuery,
) -> ApiResult<Page<SliceItem>> {
    let tables = app.tables();
    let row = tables.slice(&owner, &slug)?;
    query.rows(row.items.iter().filter_map(|at| tables.item(at).ok())).cursor_page(|item| view(&app.links().item(item)))
}

async fn get_item(
    State(app): State<App>,
    Path((owner, slug, item)): Path<(OwnerName, SliceSlug, ItemUid)>,
) -> ApiResult<SliceItem> {
    let tables = app.tables();
    let row = tables.slice(&owner, &slug)?;
    let at = row.items.iter().find(|(_, uid)| *uid == item).ok_or_else(ApiError::not_found)?;
    tables.item(at).map(|item| Json(view(&app.links().item(item))))
}

fn view(item: &DatasetItem) -> SliceItem {
    let mut view = SliceItem::new(&item.uid);
    view.id = item.id;
    view.is_hidden = item.is_hidden;
    view.key = item.key.clone();
    view.dataset = item.dataset.clone();
    view.dataset_owner_name = item.dataset_owner_name.clone();
    view.dataset_slug = item.dataset_slug.clone();
    view.url = item.url.clone();
    view.thumbnails = item.thumbnails.clone();
    view.metadata = item.metadata.clone();
    view.annotations = item.annotations.clone();
    view.created_at = item.created_at;
    view.updated_at = item.updated_at;
    view
}
