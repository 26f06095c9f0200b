//! A new dataset of files that were sent.

use avala_types::{CreateDatasetFromManualUpload, DataType, Dataset, DatasetItem, EventType, OwnerName, Visibility};
use axum::extract::State;

use super::ManualUploadRow;
use crate::app::App;
use crate::caller::Caller;
use crate::clock;
use crate::error::{ApiError, Created, created};
use crate::json_body::JsonBody;
use crate::resources::Tables;
use crate::resources::datasets::DatasetRow;
use crate::storage;
use crate::validation::Kind;

pub(super) async fn create(State(app): State<App>, Caller(caller): Caller, body: JsonBody) -> Created<Dataset> {
    let payload: CreateDatasetFromManualUpload = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("slug", Kind::Slug);
        fields.required("data_type", Kind::Choice(DataType::KNOWN));
        fields.optional("visibility", Kind::Choice(Visibility::KNOWN));
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
    let files = tables.take_files(&owner, &payload)?;

    let mut dataset = Dataset::new("", payload.name, payload.slug);
    dataset.owner_name = Some(owner);
    dataset.visibility = payload.visibility;
    let row = tables.add_dataset(dataset, payload.data_type);
    for file in files {
        add_item(row, &file, app.url());
    }
    let dataset = row.dataset.clone();
    app.announce(&mut tables, &EventType::DatasetCreated, &dataset);
    created(dataset)
}

impl Tables {
    /// Takes the files that a dataset is made of: those of its batch, or those that were sent by forms under its name.
    fn take_files(
        &mut self,
        owner: &OwnerName,
        payload: &CreateDatasetFromManualUpload,
    ) -> Result<Vec<ManualUploadRow>, ApiError> {
        let belongs = |row: &ManualUploadRow| {
            let by_name = row.batch.is_some() || row.dataset_name == payload.name;
            row.owner == *owner && row.batch == payload.dataset_upload_uid && by_name
        };
        let files = || self.manual_uploads.rows().filter(|row| belongs(row));
        if payload.dataset_upload_uid.is_some() {
            let missing = files().filter(|row| !row.is_complete()).count();
            if missing > 0 {
                return Err(ApiError::field("dataset_upload_uid", format!("{missing} files are not complete.")));
            }
            if files().next().is_none() {
                return Err(ApiError::field("dataset_upload_uid", "No file was sent for this upload."));
            }
        }
        let uids: Vec<_> = files().filter(|row| row.is_complete()).map(|row| row.uid.clone()).collect();
        uids.iter().map(|uid| self.manual_uploads.remove(uid)).collect()
    }
}

fn add_item(row: &mut DatasetRow, file: &ManualUploadRow, url: &str) {
    let mut item = DatasetItem::new("");
    item.key = Some(file.path.clone());
    item.dataset = Some(row.dataset.uid.clone());
    item.dataset_owner_name = row.dataset.owner_name.clone();
    item.dataset_slug = Some(row.dataset.slug.clone());
    item.url = Some(storage::address(url, &file.key()));
    item.status = Some("completed".to_owned());
    item.annotations_count = Some(0);
    item.created_at = clock::now();
    item.updated_at = item.created_at;
    row.items.add(|uid| {
        item.uid = uid.into();
        item
    });
    row.dataset.item_count += 1;
    row.dataset.size_bytes = row.dataset.size_bytes.map(|size| size + file.size);
}
