//! Transfers of datasets to another owner.

use avala_types::{EventType, OwnerName, TransferDataset};
use axum::extract::{Path, State};

use super::path::ByName;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::schema::Dataset;
use crate::state::clock;
use crate::state::tables::Tables;

pub(super) async fn transfer(
    State(app): State<App>,
    Path((owner, slug)): ByName,
    body: JsonBody,
) -> ApiResult<Dataset> {
    let mut tables = app.tables();
    tables.dataset(&owner, &slug)?;
    let payload: TransferDataset = body.read(|fields| {
        const RECEIVERS: [&str; 2] = ["organization_uid", "owner_username"];
        for name in RECEIVERS {
            fields.optional(name, Kind::Text);
        }
        if fields.present(&RECEIVERS).len() != 1 {
            fields.error("non_field_errors", "Provide exactly one of organization_uid and owner_username.");
        }
    })?;
    let receiver = receiver(&tables, &payload)?;
    if receiver != owner {
        tables.check_slug_is_free(&receiver, &slug)?;
    }

    let row = tables.dataset_mut(&owner, &slug)?;
    row.dataset.owner_name = Some(receiver);
    row.dataset.updated_at = clock::now();
    let dataset = row.dataset.clone();
    app.announce(&mut tables, &EventType::DatasetUpdated, &dataset);
    Ok(Json(dataset))
}

fn receiver(tables: &Tables, payload: &TransferDataset) -> Result<OwnerName, ApiError> {
    match payload {
        TransferDataset::ToOrganization(uid) => tables.organization_in_field("organization_uid", uid),
        TransferDataset::ToUser(name) => {
            let user = tables.accounts.named(name).map_err(|_| ApiError::no_such("owner_username", name))?;
            Ok(user.name.clone())
        }
        _ => Err(ApiError::body("This receiver is not known to the sandbox.")),
    }
}
