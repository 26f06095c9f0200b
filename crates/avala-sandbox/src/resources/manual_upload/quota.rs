//! How much can be stored.

use avala_types::{OrganizationUid, OwnerName, UploadQuota};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::caller::Caller;
use crate::error::{Answer, ApiError};
use crate::list::ListQuery;
use crate::resources::Tables;

/// The bytes that every owner can store.
const LIMIT: u64 = 10 * 1024 * 1024 * 1024;

pub(super) async fn get_quota(State(app): State<App>, Caller(caller): Caller, query: ListQuery) -> Answer<UploadQuota> {
    let tables = app.tables();
    let organization = query.get("organization_uid").map(OrganizationUid::from);
    let owner = tables.new_owner(organization.as_ref(), None, caller)?;
    Ok(Json(UploadQuota::new(tables.used_bytes(&owner), LIMIT)))
}

impl Tables {
    /// The bytes of an owner's datasets and of the files that are on their way.
    fn used_bytes(&self, owner: &OwnerName) -> u64 {
        let datasets = self.datasets.rows().map(|row| &row.dataset);
        let datasets = datasets.filter(|dataset| dataset.owner_name.as_ref() == Some(owner));
        let stored: u64 = datasets.filter_map(|dataset| dataset.size_bytes).sum();
        let uploads = self.manual_uploads.rows().filter(|row| row.owner == *owner);
        stored + uploads.map(|row| row.size).sum::<u64>()
    }

    /// 413 when an owner has no room for so many bytes.
    pub(super) fn check_quota(&self, owner: &OwnerName, bytes: u64) -> Result<(), ApiError> {
        let used = self.used_bytes(owner);
        if used.saturating_add(bytes) <= LIMIT {
            return Ok(());
        }
        let body = json!({ "detail": "This file does not fit into the storage quota.", "limit": LIMIT, "used": used });
        Err(ApiError::json(StatusCode::PAYLOAD_TOO_LARGE, body))
    }
}
