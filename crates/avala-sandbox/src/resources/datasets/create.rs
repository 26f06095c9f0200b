//! New datasets.

use avala_types::{CreateDataset, DataType, Dataset, DatasetStatus, OwnerName, Visibility};
use axum::Json;
use axum::extract::State;
use http::StatusCode;

use crate::app::App;
use crate::clock;
use crate::demo;
use crate::error::{ApiError, Created};
use crate::json_body::JsonBody;
use crate::resources::accounts::Accounts;
use crate::resources::datasets::DatasetRow;
use crate::validation::Kind;

pub(super) async fn create(State(app): State<App>, body: JsonBody) -> Created<Dataset> {
    let payload: CreateDataset = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("slug", Kind::Slug);
        fields.required("data_type", Kind::Choice(DataType::KNOWN));
        fields.optional("visibility", Kind::Choice(Visibility::KNOWN));
        for name in ["owner_name", "organization_uid", "gpu_texture_format"] {
            fields.optional(name, Kind::Text);
        }
        for name in ["provider_config", "metadata"] {
            fields.optional(name, Kind::Object);
        }
        for name in ["organization_id", "industry", "license"] {
            fields.optional(name, Kind::Integer);
        }
        for name in ["create_metadata", "is_sequence"] {
            fields.optional(name, Kind::Boolean);
        }
    })?;
    let mut tables = app.tables();
    let owner = owner_of(&payload, &tables.accounts)?;
    tables.check_slug_is_free(&owner, &payload.slug)?;

    let mut dataset = Dataset::new("", payload.name, payload.slug);
    let is_lidar = payload.data_type == DataType::Lidar;
    dataset.is_sequence = Some(payload.is_sequence.unwrap_or(is_lidar));
    dataset.data_type = Some(payload.data_type);
    dataset.visibility = Some(payload.visibility.unwrap_or(Visibility::Private));
    dataset.owner_name = Some(owner);
    dataset.status = Some(DatasetStatus::Creating);
    dataset.project_count = Some(0);
    dataset.size_bytes = Some(0);
    dataset.annotations_count = Some(0);
    dataset.created_at = clock::now();
    dataset.updated_at = dataset.created_at;
    let row = tables.datasets.add(|uid| {
        dataset.uid = uid.into();
        DatasetRow::new(dataset)
    });
    Ok((StatusCode::CREATED, Json(row.dataset.clone())))
}

/// The account that the payload names, or the user that the key belongs to.
fn owner_of(payload: &CreateDataset, accounts: &Accounts) -> Result<OwnerName, ApiError> {
    let account = match (&payload.organization_uid, &payload.owner_name) {
        (Some(uid), _) => accounts.organization(uid).ok_or_else(|| ApiError::no_such("organization_uid", uid))?,
        (None, Some(name)) => accounts.named(name).ok_or_else(|| ApiError::no_such("owner_name", name))?,
        (None, None) => return Ok(OwnerName::from(demo::OWNER)),
    };
    Ok(account.name.clone())
}
