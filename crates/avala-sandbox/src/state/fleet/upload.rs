//! Uploads of recordings.

use std::collections::BTreeMap;

use avala_types::{ConfirmedFile, RecordingUid, UploadSessionStatus, UploadSessionUid};
use http::StatusCode;

use crate::error::ApiError;
use crate::schema::UploadSession;
use crate::state::storage::Storage;
use crate::state::table::Table;

/// Number of the fetch after the finalization that returns `completed`; the status is `completing` before.
pub(crate) const FETCHES_UNTIL_COMPLETED: u32 = 2;

pub(crate) struct UploadSessionRow {
    pub(crate) recording: RecordingUid,
    pub(crate) session: UploadSession,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) fetches: u32,
}

pub(crate) struct File {
    pub(crate) size: u64,
    pub(crate) is_confirmed: bool,
}

/// Adds sizes that clients announce; saturates, because they can announce any size.
pub(crate) fn total_size<'a>(files: impl Iterator<Item = &'a File>) -> u64 {
    files.fold(0, |total, file| total.saturating_add(file.size))
}

/// Returns the upload of a recording, or 404 with the message by which clients recognize that there is none yet.
pub(crate) fn find<'a>(
    uploads: &'a mut Table<UploadSessionRow>,
    recording: &RecordingUid,
    session: Option<&UploadSessionUid>,
) -> Result<&'a mut UploadSessionRow, ApiError> {
    let is_it = |row: &UploadSessionRow| {
        row.recording == *recording && session.is_none_or(|session| row.session.uid == *session)
    };
    uploads
        .find_mut(is_it)
        .map_err(|_| ApiError::detail(StatusCode::NOT_FOUND, "No upload session found for this recording."))
}

/// Returns the upload if it still accepts files.
pub(crate) fn find_open<'a>(
    uploads: &'a mut Table<UploadSessionRow>,
    recording: &RecordingUid,
    session: &UploadSessionUid,
) -> Result<&'a mut UploadSessionRow, ApiError> {
    let row = find(uploads, recording, Some(session))?;
    match row.session.status {
        Some(UploadSessionStatus::Initiated | UploadSessionStatus::Uploading) => Ok(row),
        _ => Err(ApiError::conflict("The upload was finalized.")),
    }
}

impl UploadSessionRow {
    /// Returns the key of a file in the storage.
    pub(crate) fn key(&self, path: &str) -> String {
        format!("{}{path}", self.session.s3_prefix.as_deref().unwrap_or_default())
    }

    /// Fails with 400 if the storage has no such file, or a different one.
    pub(crate) fn check_stored(&self, file: &ConfirmedFile, storage: &Storage) -> Result<(), ApiError> {
        let error = |sentence: &str| Err(ApiError::field("files", format!("{:?} {sentence}", file.path)));
        let Some(File { size, .. }) = self.files.get(&file.path) else { return error("is not a file of this upload.") };
        let Some(object) = storage.objects.get(&self.key(&file.path)) else { return error("was not uploaded.") };
        let is_same = object.etag == file.etag && object.size() == file.size_bytes && object.size() == *size;
        if is_same { Ok(()) } else { error("is not what was uploaded.") }
    }

    pub(crate) fn count(&mut self) {
        let confirmed = self.files.values().filter(|file| file.is_confirmed);
        self.session.confirmed_files = confirmed.clone().count() as u64;
        self.session.confirmed_bytes = total_size(confirmed);
    }

    pub(crate) fn pending_paths(&self) -> impl Iterator<Item = &String> {
        self.files.iter().filter(|(_, file)| !file.is_confirmed).map(|(path, _)| path)
    }
}
