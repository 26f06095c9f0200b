//! Slices.

use avala_types::{
    CreateSlice, DatasetItem, DatasetUid, ItemUid, Json as FreeForm, OwnerName, RawPageResponse, Slice, SliceItem,
    SliceSlug, Visibility,
};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::{Answer, ApiError, Created, created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::resources::Tables;
use crate::resources::organizations::OrganizationRow;
use crate::routes::Routes;
use crate::slug::free_slug;
use crate::validation::Kind;

/// A slice, and where its items are. What is in it is fixed when it is made.
pub(crate) struct SliceRow {
    pub(crate) slice: Slice,
    pub(crate) items: Vec<(DatasetUid, ItemUid)>,
}

/// One of the parts that a slice is put together from.
#[derive(Deserialize)]
struct Part {
    dataset_uid: DatasetUid,
    /// The only items that are taken.
    item_uids: Option<Vec<ItemUid>>,
}

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
        fields.required("visibility", Kind::Choice(Visibility::KNOWN));
        fields.required("sub_slices", Kind::Objects);
        fields.optional("organization", Kind::Text);
        fields.optional("random_selection_count", Kind::Integer);
    })?;
    let mut tables = app.tables();
    created(tables.add_slice(payload, caller)?.slice.clone())
}

async fn list(
    State(app): State<App>,
    Path(owner): Path<OwnerName>,
    query: ListQuery,
) -> Answer<RawPageResponse<Slice>> {
    let tables = app.tables();
    tables.check_owner(&owner)?;
    query
        .list(&tables.slices)
        .filter(|row| row.slice.owner_name.as_ref() == Some(&owner))
        .numbered_page(|row| row.slice.clone())
}

async fn list_by_dataset(
    State(app): State<App>,
    Path(dataset): Path<DatasetUid>,
    query: ListQuery,
) -> Answer<RawPageResponse<Slice>> {
    let tables = app.tables();
    tables.datasets.get(&dataset)?;
    query
        .list(&tables.slices)
        .filter(|row| row.items.iter().any(|(of, _)| *of == dataset))
        .cursor_page(|row| row.slice.clone())
}

async fn get_one(State(app): State<App>, Path((owner, slug)): Path<(OwnerName, SliceSlug)>) -> Answer<Slice> {
    Ok(Json(app.tables().slice(&owner, &slug)?.slice.clone()))
}

async fn list_items(
    State(app): State<App>,
    Path((owner, slug)): Path<(OwnerName, SliceSlug)>,
    query: ListQuery,
) -> Answer<RawPageResponse<SliceItem>> {
    let tables = app.tables();
    let row = tables.slice(&owner, &slug)?;
    query.rows(row.items.iter().filter_map(|at| tables.item(at).ok())).cursor_page(view)
}

async fn get_item(
    State(app): State<App>,
    Path((owner, slug, item)): Path<(OwnerName, SliceSlug, ItemUid)>,
) -> Answer<SliceItem> {
    let tables = app.tables();
    let row = tables.slice(&owner, &slug)?;
    let at = row.items.iter().find(|(_, uid)| *uid == item).ok_or_else(ApiError::not_found)?;
    tables.item(at).map(view).map(Json)
}

impl Tables {
    /// The slice of this owner and slug, or 404.
    fn slice(&self, owner: &OwnerName, slug: &SliceSlug) -> Result<&SliceRow, ApiError> {
        self.slices.find(|row| row.slice.owner_name.as_ref() == Some(owner) && row.slice.slug.as_ref() == Some(slug))
    }

    fn item(&self, (dataset, item): &(DatasetUid, ItemUid)) -> Result<&DatasetItem, ApiError> {
        self.datasets.get(dataset)?.items.get(item)
    }

    pub(crate) fn add_slice(&mut self, payload: CreateSlice, caller: OwnerName) -> Result<&mut SliceRow, ApiError> {
        let organization = match payload.organization.map(|slug| self.organization(&slug.as_str().into())) {
            Some(Ok(row)) => Some(row),
            Some(Err(_)) => return Err(ApiError::field("organization", "This organization does not exist.")),
            None => None,
        };
        let mut items = self.items_of(&payload.sub_slices)?;
        if let Some(count) = payload.random_selection_count {
            items = pick(items, usize::try_from(count).unwrap_or(usize::MAX));
        }
        let owner = organization.map_or(caller, OrganizationRow::handle);
        let slug = free_slug(&payload.name, |slug| self.slice(&owner, &slug.into()).is_ok());

        let mut slice = Slice::new("", payload.name);
        slice.slug = Some(slug.into());
        slice.organization = organization.map(|row| &row.organization).map(|organization| {
            json!({ "uid": organization.uid, "name": organization.name, "slug": organization.slug }).into()
        });
        slice.owner_name = Some(owner);
        slice.visibility = Some(payload.visibility);
        slice.status = Some("created".to_owned());
        slice.item_count = Some(items.len() as u64);
        slice.source_data = Some(payload.sub_slices.clone());
        slice.sub_slices = Some(payload.sub_slices);
        let pictures = items.iter().take(4).filter_map(|at| self.item(at).ok()).filter_map(|item| item.url.clone());
        slice.featured_slice_item_urls = pictures.collect();
        slice.created_at = clock::now();
        slice.updated_at = slice.created_at;
        Ok(self.slices.add(|uid| {
            slice.uid = uid.into();
            SliceRow { slice, items }
        }))
    }

    /// The items that the parts of a slice name.
    fn items_of(&self, parts: &FreeForm) -> Result<Vec<(DatasetUid, ItemUid)>, ApiError> {
        let mut items = Vec::new();
        let parts: Vec<Part> = parts
            .parse()
            .map_err(|_| ApiError::field("sub_slices", "Each part needs a dataset_uid, and may have item_uids."))?;
        for part in parts {
            let uid = part.dataset_uid;
            let dataset = self.datasets.get(&uid).map_err(|_| ApiError::no_such("sub_slices", &uid))?;
            let taken = match part.item_uids {
                Some(uids) => {
                    dataset.items.require("sub_slices", &uids)?;
                    uids
                }
                None => dataset.items.rows().map(|item| item.uid.clone()).collect(),
            };
            items.extend(taken.into_iter().map(|item| (uid.clone(), item)));
        }
        Ok(items)
    }
}

/// So many items, spread evenly: the same in every run.
fn pick<T>(items: Vec<T>, count: usize) -> Vec<T> {
    let (total, count) = (items.len(), count.min(items.len()));
    let is_picked = |index: usize| index * count / total != (index + 1) * count / total;
    items.into_iter().enumerate().filter(|(index, _)| is_picked(*index)).map(|(_, item)| item).collect()
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
