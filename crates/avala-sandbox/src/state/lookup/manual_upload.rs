//! Lookups and changes of manual uploads across tables.

use avala_types::{CreateDatasetFromManualUpload, OwnerName, UploadUid};
use http::StatusCode;
use serde_json::json;

use crate::error::ApiError;
use crate::state::tables::Tables;

impl Tables {
    /// Returns the prefix of the keys of an owner's datasets in the storage.
    pub(crate) fn storage_root(&self, owner: &OwnerName) -> String {
        if let Ok(row) = self.organizations.find(|row| row.is_called(owner)) {
            return format!("__o__=/{}", row.organization.uid);
        }
        let user = self.accounts.named(owner).map(|user| user.uid.to_string()).unwrap_or_default();
        format!("__u__=/{user}")
    }

    /// Returns the bytes that an owner has stored, and those that are reserved for running uploads.
    pub(crate) fn used_bytes(&mut self, owner: &OwnerName) -> u64 {
        let datasets = self.datasets.rows().filter(|row| !row.is_uploaded).map(|row| &row.dataset);
        let datasets = datasets.filter(|dataset| dataset.owner_name.as_ref() == Some(owner));
        let others: u64 = datasets.filter_map(|dataset| dataset.size_bytes).sum();
        let stored = self.storage.stored_below(&self.storage_root(owner));
        others + stored + self.manual_uploads.reserved(owner, self.storage.clock.now())
    }

    /// Fails with 413 if this many bytes exceed the quota of an owner.
    pub(crate) fn check_quota(&mut self, owner: &OwnerName, bytes: u64, limit: u64) -> Result<(), ApiError> {
        let used = self.used_bytes(owner);
        if used.saturating_add(bytes) <= limit {
            return Ok(());
        }
        let body = json!({ "detail": "This file does not fit into the storage quota.", "limit": limit, "used": used });
        Err(ApiError::json(StatusCode::PAYLOAD_TOO_LARGE, body))
    }

    /// Marks a file as complete if the storage has it, with the announced size.
    pub(crate) fn complete_upload(&mut self, uid: &UploadUid) -> Result<(), ApiError> {
        let row = self.manual_uploads.get(uid)?;
        if row.is_complete {
            return Ok(());
        }
        if row.part_size.is_some() {
            let sizes = self.storage.part_sizes(uid.as_ref());
            let is_whole = (1..=row.part_count()).all(|number| sizes.get(&number).copied() == row.size_of_part(number));
            if !is_whole || sizes.len() as u64 != row.part_count() {
                let sentence = format!("The storage has {} of {} parts.", sizes.len(), row.part_count());
                return Err(ApiError::detail(StatusCode::BAD_REQUEST, sentence));
            }
            self.storage.complete_upload(uid.as_ref());
        }
        let (size, key) = (row.size, row.key.clone());
        let stored = self.storage.objects.get(&key).map(super::super::storage::Object::size);
        if stored != Some(size) {
            let sentence = match stored {
                None => "The storage does not have the file.".to_owned(),
                Some(stored) => format!("The stored file has {stored} bytes, and {size} were announced."),
            };
            return Err(ApiError::detail(StatusCode::BAD_REQUEST, sentence));
        }
        self.manual_uploads.complete(uid).map(drop)
    }

    /// Checks that the files of a new dataset are complete, and removes their uploads. Returns paths, keys and sizes of
    /// the objects that the dataset consists of: all below its prefix, from any sender.
    pub(crate) fn index_files(
        &mut self,
        owner: &OwnerName,
        payload: &CreateDatasetFromManualUpload,
    ) -> Result<Vec<(String, String, u64)>, ApiError> {
        let batch = payload.dataset_upload_uid.as_ref();
        let files: Vec<_> = self.manual_uploads.of(owner, &payload.name, batch).collect();
        if batch.is_some() {
            let missing = files.iter().filter(|row| !row.is_complete).count();
            if missing > 0 {
                return Err(ApiError::field("dataset_upload_uid", format!("{missing} files are not complete.")));
            }
            if files.is_empty() {
                return Err(ApiError::field("dataset_upload_uid", "No file was sent for this upload."));
            }
        }
        let uids: Vec<UploadUid> = files.into_iter().filter(|row| row.is_complete).map(|row| row.uid.clone()).collect();
        self.manual_uploads.remove(&uids);
        let prefix = format!("{}/{}/", self.storage_root(owner), payload.name);
        let objects = self.storage.below(&prefix);
        Ok(objects
            .map(|(key, object)| (key.strip_prefix(&prefix).unwrap_or(key).to_owned(), key.to_owned(), object.size()))
            .collect())
    }
}
