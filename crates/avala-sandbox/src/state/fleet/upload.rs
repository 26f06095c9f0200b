//! Uploads of recordings.

use std::collections::BTreeMap;

use avala_types::{ConfirmedFile, RecordingUid, UploadSessionStatus, UploadSessionUid};
use http::StatusCode;

use crate::error::ApiError;
use crate::schema::UploadSession;
use crate::state::fleet::Fleet;
use crate::state::storage::Object;

/// The status is `completed` at this fetch after the upload was finalized, and `completing` before.
pub(crate) const FETCHES_UNTIL_COMPLETED: u32 = 2;

pub(crate) struct UploadSessionRow {
    pub(crate) recording: RecordingUid,
    pub(crate) session: UploadSession,
    pub(crate) files: BTreeMap<String, File>,
    pub(crate) fetches: u32,
}

pub(crate) struct File {
    pub(crate) size: u64,
    /// What the storage has.
    pub(crate) stored: Option<Object>,
    pub(crate) is_confirmed: bool,
}

/// Clients announce sizes as they like, so the sum may be more than fits.
pub(crate) fn total_size<'a>(files: impl Iterator<Item = &'a File>) -> u64 {
    files.fold(0, |total, file| total.saturating_add(file.size))
}

impl Fleet {
    /// The upload of a recording, or 404 in the words that clients tell "none yet" by.
    pub(crate) fn upload(
        &mut self,
        recording: &RecordingUid,
        session: Option<&UploadSessionUid>,
    ) -> Result<&mut UploadSessionRow, ApiError> {
        let is_it = |row: &UploadSessionRow| {
            row.recording == *recording && session.is_none_or(|session| row.session.uid == *session)
        };
        self.uploads
            .find_mut(is_it)
            .map_err(|_| ApiError::detail(StatusCode::NOT_FOUND, "No upload session found for this recording."))
    }

    /// The upload, as long as it takes files.
    pub(crate) fn open_upload(
        &mut self,
        recording: &RecordingUid,
        session: &UploadSessionUid,
    ) -> Result<&mut UploadSessionRow, ApiError> {
        let row = self.upload(recording, Some(session))?;
        match row.session.status {
            Some(UploadSessionStatus::Initiated | UploadSessionStatus::Uploading) => Ok(row),
            _ => Err(ApiError::conflict("The upload was finalized.")),
        }
    }

    /// Notes that the storage has a file.
    pub(crate) fn store(&mut self, session: &UploadSessionUid, path: &str, object: Object) -> Result<(), ApiError> {
        let file = self.uploads.get_mut(session)?.files.get_mut(path).ok_or_else(ApiError::not_found)?;
        file.stored = Some(object);
        Ok(())
    }

    pub(crate) fn stored(&self, session: &UploadSessionUid, path: &str) -> Option<&Object> {
        self.uploads.get(session).ok()?.files.get(path)?.stored.as_ref()
    }
}

impl UploadSessionRow {
    /// 400 when the storage has no such file, or another one.
    pub(crate) fn check_stored(&self, file: &ConfirmedFile) -> Result<(), ApiError> {
        let error = |sentence: &str| Err(ApiError::field("files", format!("{:?} {sentence}", file.path)));
        match self.files.get(&file.path) {
            None => error("is no file of this upload."),
            Some(File { stored: None, .. }) => error("was not uploaded."),
            Some(File { stored: Some(object), size, .. }) => {
                let is_same = object.etag == file.etag && object.size == file.size_bytes && object.size == *size;
                if is_same { Ok(()) } else { error("is not what was uploaded.") }
            }
        }
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
