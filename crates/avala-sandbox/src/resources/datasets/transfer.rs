//! Datasets that get another owner.

use avala_types::{Dataset, TransferDataset};
use axum::Json;
use axum::extract::{Path, State};

use crate::app::App;
use crate::clock;
use crate::error::{Answer, ApiError};
use crate::json_body::JsonBody;
use crate::resources::accounts::{Account, Accounts};
use crate::resources::datasets::ByName;
use crate::validation::Kind;

pub(super) async fn transfer(State(app): State<App>, Path((owner, slug)): ByName, body: JsonBody) -> Answer<Dataset> {
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
    let receiver = receiver(&payload, &tables.accounts)?.name.clone();
    if receiver != owner {
        tables.check_slug_is_free(&receiver, &slug)?;
    }

    let row = tables.dataset_mut(&owner, &slug)?;
    row.dataset.owner_name = Some(receiver);
    row.dataset.updated_at = clock::now();
    Ok(Json(row.dataset.clone()))
}

fn receiver<'a>(payload: &TransferDataset, accounts: &'a Accounts) -> Result<&'a Account, ApiError> {
    match payload {
        TransferDataset::ToOrganization(uid) => {
            accounts.organization(uid).ok_or_else(|| ApiError::no_such("organization_uid", uid))
        }
        TransferDataset::ToUser(name) => accounts.user(name).ok_or_else(|| ApiError::no_such("owner_username", name)),
        _ => Err(ApiError::body("This receiver is not known to the sandbox.")),
    }
}
