//! Annotations, edited in bulk.

use std::collections::BTreeMap;

use avala_types::{BulkEdit, DatasetSlug, ItemUid, Json as FreeForm, ObjectUid, OwnerName, SequenceUid};
use axum::extract::{Path, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::json_body::JsonBody;
use crate::response::Json;
use crate::routes::Routes;
use crate::state::clock;
use crate::state::dataset::DatasetRow;

pub(crate) fn routes() -> Routes {
    Routes::new().post("/datasets/{owner}/{slug}/bulk-edition/", bulk_edit)
}

#[derive(Deserialize)]
struct Edit {
    action: Action,
    object_uuid: ObjectUid,
    /// Part of the written text.
    #[serde(default)]
    object_type: Option<String>,
    #[serde(default)]
    dataset_item_uid: Option<ItemUid>,
    #[serde(default)]
    sequence_uid: Option<SequenceUid>,
    #[serde(default)]
    object_data: Option<FreeForm>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Action {
    Upsert,
    Delete,
}

/// Outcome of the edits.
#[derive(Default)]
struct Counts {
    created: u64,
    updated: u64,
    deleted: u64,
}

/// Applies all edits, or none if one is wrong. An edit finds its object by its UID, so a repeat is harmless.
async fn bulk_edit(
    State(app): State<App>,
    Path((owner, slug)): Path<(OwnerName, DatasetSlug)>,
    body: JsonBody,
) -> ApiResult<Value> {
    let mut tables = app.tables();
    let row = tables.dataset_mut(&owner, &slug)?;
    let edits = body.read_list()?;
    if edits.len() > BulkEdit::MAX_EDITS {
        return Err(ApiError::body(format!("Send at most {} edits at a time.", BulkEdit::MAX_EDITS)));
    }
    let edits: Vec<Result<Edit, Value>> = edits.iter().map(|edit| read(row, edit)).collect();
    if edits.iter().any(Result::is_err) {
        let errors = edits.into_iter().map(|edit| edit.err().unwrap_or_else(|| json!({}))).collect();
        return Err(ApiError::json(StatusCode::BAD_REQUEST, errors));
    }
    let mut counts = Counts::default();
    for edit in edits.into_iter().flatten() {
        counts.note(&edit.action, apply(row, &edit)?);
    }
    let Counts { created, updated, deleted } = counts;
    let processed = created + updated + deleted;
    Ok(Json(json!({ "processed": processed, "created": created, "updated": updated, "deleted": deleted })))
}

impl Counts {
    fn note(&mut self, action: &Action, was_there: bool) {
        match action {
            Action::Upsert if was_there => self.updated += 1,
            Action::Upsert => self.created += 1,
            Action::Delete if was_there => self.deleted += 1,
            Action::Delete => {}
        }
    }
}

/// Returns an edit, or what is wrong with its fields.
fn read(row: &DatasetRow, edit: &FreeForm) -> Result<Edit, Value> {
    let edit: Edit = edit.parse().map_err(|error| json!({ "non_field_errors": [error.to_string()] }))?;
    let place = match (&edit.dataset_item_uid, &edit.sequence_uid) {
        (Some(item), None) => row.items.require("dataset_item_uid", [item]),
        (None, Some(sequence)) => row.sequences.require("sequence_uid", [sequence]),
        _ => Err(ApiError::body("Provide exactly one of dataset_item_uid and sequence_uid.")),
    };
    place.map_err(ApiError::into_body)?;
    if edit.action == Action::Upsert && edit.object_data.is_none() {
        return Err(json!({ "object_data": ["This field is required."] }));
    }
    Ok(edit)
}

/// Applies an edit. Returns whether its object existed.
fn apply(row: &mut DatasetRow, edit: &Edit) -> Result<bool, ApiError> {
    if let Some(uid) = &edit.sequence_uid {
        return Ok(edit_objects(&mut row.sequences.get_mut(uid)?.objects, edit));
    }
    let item = row.items.get_mut(edit.dataset_item_uid.as_ref().map(ItemUid::as_str).unwrap_or_default())?;
    let annotations = item.annotations.as_ref().and_then(|annotations| annotations.parse().ok());
    let mut annotations: BTreeMap<String, FreeForm> = annotations.unwrap_or_default();
    let objects = annotations.get("objects").and_then(|objects| objects.parse().ok());
    let mut objects: Vec<FreeForm> = objects.unwrap_or_default();
    let was_there = edit_objects(&mut objects, edit);

    item.annotations_count = Some(objects.len() as u64);
    // Both come from JSON that was read before.
    if let Ok(objects) = FreeForm::encode(&objects) {
        annotations.insert("objects".to_owned(), objects);
    }
    item.annotations = FreeForm::encode(&annotations).ok();
    item.updated_at = clock::now();
    Ok(was_there)
}

fn edit_objects(objects: &mut Vec<FreeForm>, edit: &Edit) -> bool {
    #[derive(Deserialize)]
    struct Known {
        object_uuid: ObjectUid,
    }
    let is_it = |object: &FreeForm| object.parse::<Known>().is_ok_and(|known| known.object_uuid == edit.object_uuid);
    let index = objects.iter().position(is_it);
    match (index, &edit.action) {
        (Some(index), Action::Delete) => drop(objects.remove(index)),
        (None, Action::Delete) => {}
        (index, Action::Upsert) => {
            let object = json!({ "object_uuid": edit.object_uuid.as_str(), "object_type": edit.object_type });
            let mut fields: BTreeMap<String, FreeForm> = FreeForm::from(object).parse().unwrap_or_default();
            fields.extend(edit.object_data.clone().map(|data| ("object_data".to_owned(), data)));
            let Ok(object) = FreeForm::encode(&fields) else { return index.is_some() };
            match index.and_then(|index| objects.get_mut(index)) {
                Some(old) => *old = object,
                None => objects.push(object),
            }
        }
    }
    index.is_some()
}
