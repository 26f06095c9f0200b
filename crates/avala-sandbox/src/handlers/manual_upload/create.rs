//! A new dataset of uploaded files.

use avala_types::{CreateDatasetFromManualUpload, EventType};
use axum::extract::State;

use crate::app::App;
use crate::error::{ApiError, Created, created};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::schema::{Dataset, choices};
use crate::state::manual_upload::add_item;

pub(super) async fn create(State(app): State<App>, Caller(caller): Caller, body: JsonBody) -> Created<Dataset> {
    let payload: CreateDatasetFromManualUpload = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("slug", Kind::Slug);
        fields.required("data_type", Kind::Choice(choices::DATA_TYPE));
        fields.optional("visibility", Kind::Choice(choices::VISIBILITY));
        fields.optional("create_metadata", Kind::Boolean);
        fields.optional("metadata", Kind::Object);
        for name in ["owner_name", "organization_uid", "dataset_upload_uid"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["industry", "license"] {
            fields.optional(name, Kind::Integer);
        }
    })?;
    let mut tables = app.tables();
    let owner = tables.new_owner(payload.organization_uid.as_ref(), payload.owner_name.as_ref(), caller)?;
    tables.check_slug_is_free(&owner, &payload.slug)?;
    // Both datasets would consist of the same objects.
    if tables.datasets.rows().any(|row| row.is_uploaded && row.is_of(&owner) && row.dataset.name == payload.name) {
        return Err(ApiError::field("name", "A dataset with this name already exists for this owner."));
    }
    let files = tables.index_files(&owner, &payload)?;

    let mut dataset = Dataset::new("", payload.name, payload.slug);
    dataset.owner_name = Some(owner);
    dataset.visibility = payload.visibility;
    let row = tables.add_dataset(dataset, payload.data_type);
    row.is_uploaded = true;
    for (path, key, size) in files {
        add_item(row, &path, &key, size);
    }
    let dataset = row.dataset.clone();
    app.announce(&mut tables, &EventType::DatasetCreated, &dataset);
    created(dataset)
}
