//! Lookups and changes of manual upload across tables.

use avala_types::{CreateDatasetFromManualUpload, OwnerName};
use http::StatusCode;
use serde_json::json;

use crate::error::ApiError;
use crate::state::manual_upload::{LIMIT, ManualUploadRow};
use crate::state::tables::Tables;

impl Tables {
    /// The bytes of an owner's datasets and of the files that are on their way.
    pub(crate) fn used_bytes(&self, owner: &OwnerName) -> u64 {
        let datasets = self.datasets.rows().map(|row| &row.dataset);
        let datasets = datasets.filter(|dataset| dataset.owner_name.as_ref() == Some(owner));
        let stored: u64 = datasets.filter_map(|dataset| dataset.size_bytes).sum();
        let uploads = self.manual_uploads.rows().filter(|row| row.owner == *owner);
        stored + uploads.map(|row| row.size).sum::<u64>()
    }

    /// 413 when an owner has no room for so many bytes.
    pub(crate) fn check_quota(&self, owner: &OwnerName, bytes: u64) -> Result<(), ApiError> {
        let used = self.used_bytes(owner);
        if used.saturating_add(bytes) <= LIMIT {
            return Ok(());
        }
        let body = json!({ "detail": "This file does not fit into the storage quota.", "limit": LIMIT, "used": used });
        Err(ApiError::json(StatusCode::PAYLOAD_TOO_LARGE, body))
    }
}

impl Tables {
    /// Takes the files that a dataset is made of: those of its batch, or those that were sent by forms under its name.
    pub(crate) fn take_files(
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
