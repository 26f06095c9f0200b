//! The upload of a recording: a session, an address for each file, and the word that the files are there.

use std::collections::BTreeMap;

use avala_types::{
    ConfirmUpload, ConfirmedFile, FinalizeUpload, GetUploadUrls, InitUpload, RecordingStatus, RecordingUid,
    UploadConfirmResponse, UploadSession, UploadSessionStatus, UploadSessionUid, UploadStatusResponse, UploadUrlEntry,
    UploadUrlsResponse,
};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};

use super::Fleet;
use crate::app::App;
use crate::clock;
use crate::error::{Answer, ApiError, Created, created};
use crate::json_body::JsonBody;
use crate::routes::Routes;
use crate::storage::{Object, Place};
use crate::validation::Kind;

/// The status is `completed` at this fetch after the upload was finalized, and `completing` before.
const FETCHES_UNTIL_COMPLETED: u32 = 2;

pub(crate) struct UploadSessionRow {
    pub(crate) recording: RecordingUid,
    session: UploadSession,
    files: BTreeMap<String, File>,
    fetches: u32,
}

struct File {
    size: u64,
    /// What the storage has.
    stored: Option<Object>,
    is_confirmed: bool,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/fleet/recordings/{recording_uid}/upload/init/", init)
        .post("/fleet/recordings/{recording_uid}/upload/urls/", get_urls)
        .post("/fleet/recordings/{recording_uid}/upload/confirm/", confirm)
        .post("/fleet/recordings/{recording_uid}/upload/finalize/", finalize)
        .get("/fleet/recordings/{recording_uid}/upload/status/", get_status)
}

async fn init(State(app): State<App>, Path(recording): Path<RecordingUid>, body: JsonBody) -> Created<UploadSession> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: InitUpload = body.read(|fields| {
        fields.required("files", Kind::Objects);
        fields.optional("storage_config_uid", Kind::Text);
    })?;
    tables.storage_configs.require("storage_config_uid", &payload.storage_config_uid)?;
    if payload.files.is_empty() {
        return Err(ApiError::field("files", "This list may not be empty."));
    }
    if tables.fleet.upload(&recording, None).is_ok() {
        return Err(ApiError::conflict("This recording has an upload session."));
    }
    let mut files = BTreeMap::new();
    for file in payload.files {
        let entry = File { size: file.size_bytes, stored: None, is_confirmed: false };
        if files.insert(file.path.clone(), entry).is_some() {
            return Err(ApiError::field("files", format!("{:?} is there twice.", file.path)));
        }
    }
    let row = tables.fleet.uploads.add(|uid| {
        let mut session = UploadSession::new(uid);
        session.status = Some(UploadSessionStatus::Initiated);
        session.s3_prefix = Some(format!("fleet/sandbox/{recording}/"));
        session.total_files = files.len() as u64;
        session.total_bytes = total_size(files.values());
        UploadSessionRow { recording, session, files, fetches: 0 }
    });
    created(row.session.clone())
}

async fn get_urls(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> Answer<UploadUrlsResponse> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: GetUploadUrls = body.read(|fields| {
        fields.required("session_uid", Kind::Text);
        fields.required("file_paths", Kind::Texts);
        fields.optional("ttl_seconds", Kind::Integer);
    })?;
    if payload.file_paths.len() > GetUploadUrls::MAX_PATHS {
        return Err(ApiError::field("file_paths", format!("Ask for at most {} at a time.", GetUploadUrls::MAX_PATHS)));
    }
    let row = tables.fleet.open_upload(&recording, &payload.session_uid)?;
    let prefix = row.session.s3_prefix.clone().unwrap_or_default();
    let unknown = payload.file_paths.iter().find(|path| !row.files.contains_key(*path));
    if let Some(path) = unknown {
        return Err(ApiError::field("file_paths", format!("{path:?} is no file of this upload.")));
    }
    let mut answer = UploadUrlsResponse::default();
    for path in payload.file_paths {
        let key = format!("{prefix}{path}");
        let place = Place::Recording { session: payload.session_uid.clone(), path: path.clone() };
        let url = tables.storage.grant(app.url(), &key, place);
        let mut entry = UploadUrlEntry::new(path, url, key);
        entry.headers.insert("Content-Type".to_owned(), "application/octet-stream".to_owned());
        answer.urls.push(entry);
    }
    Ok(Json(answer))
}

async fn confirm(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> Answer<UploadConfirmResponse> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: ConfirmUpload = body.read(|fields| {
        fields.required("session_uid", Kind::Text);
        fields.required("files", Kind::Objects);
    })?;
    if payload.files.len() > ConfirmUpload::MAX_FILES {
        return Err(ApiError::field("files", format!("Confirm at most {} at a time.", ConfirmUpload::MAX_FILES)));
    }
    let row = tables.fleet.open_upload(&recording, &payload.session_uid)?;
    payload.files.iter().try_for_each(|file| row.check_stored(file))?;
    for file in &payload.files {
        if let Some(known) = row.files.get_mut(&file.path) {
            known.is_confirmed = true;
        }
    }
    row.count();
    row.session.status = Some(UploadSessionStatus::Uploading);

    let mut answer = UploadConfirmResponse::default();
    answer.confirmed = payload.files.len() as u64;
    answer.total_confirmed = row.session.confirmed_files;
    answer.total_files = row.session.total_files;
    // Clients that keep receipts compare these with what they have sent.
    answer.extra.insert("session_uid", json!(row.session.uid));
    answer.extra.insert("total_bytes", json!(row.session.total_bytes));
    answer.extra.insert("confirmed_files", json!(row.session.confirmed_files));
    answer.extra.insert("confirmed_bytes", json!(row.session.confirmed_bytes));
    Ok(Json(answer))
}

async fn finalize(State(app): State<App>, Path(recording): Path<RecordingUid>, body: JsonBody) -> Answer<Value> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: FinalizeUpload = body.read(|fields| fields.required("session_uid", Kind::Text))?;
    let row = tables.fleet.open_upload(&recording, &payload.session_uid)?;
    let missing = row.pending_paths().count();
    if missing > 0 {
        let sentence = format!("{missing} files are not confirmed.");
        return Err(ApiError::detail(StatusCode::BAD_REQUEST, sentence));
    }
    row.session.status = Some(UploadSessionStatus::Completing);
    let size = row.session.total_bytes;
    let recording = tables.fleet.recordings.get_mut(&recording)?;
    recording.status = Some(RecordingStatus::Processing);
    recording.size_bytes = Some(size);
    recording.updated_at = clock::now();
    Ok(Json(json!({ "detail": "The upload is being processed.", "session_uid": payload.session_uid })))
}

async fn get_status(State(app): State<App>, Path(recording): Path<RecordingUid>) -> Answer<UploadStatusResponse> {
    let mut tables = app.tables();
    let fleet = &mut tables.fleet;
    fleet.recordings.get(&recording)?;
    let row = fleet.upload(&recording, None)?;
    if row.session.status == Some(UploadSessionStatus::Completing) {
        row.fetches += 1;
        if row.fetches >= FETCHES_UNTIL_COMPLETED {
            row.session.status = Some(UploadSessionStatus::Completed);
        }
    }
    let is_completed = row.session.status == Some(UploadSessionStatus::Completed);
    let status = row.session.status.clone().unwrap_or(UploadSessionStatus::Initiated);
    let mut answer = UploadStatusResponse::new(&row.session.uid, status);
    answer.total_files = row.session.total_files;
    answer.total_bytes = row.session.total_bytes;
    answer.confirmed_files = row.session.confirmed_files;
    answer.confirmed_bytes = row.session.confirmed_bytes;
    answer.pending_paths = row.pending_paths().cloned().collect();

    let recording = fleet.recordings.get_mut(&recording)?;
    if is_completed && recording.status == Some(RecordingStatus::Processing) {
        recording.status = Some(RecordingStatus::Ready);
        recording.updated_at = clock::now();
    }
    Ok(Json(answer))
}

/// Clients announce sizes as they like, so the sum may be more than fits.
fn total_size<'a>(files: impl Iterator<Item = &'a File>) -> u64 {
    files.fold(0, |total, file| total.saturating_add(file.size))
}

impl Fleet {
    /// The upload of a recording, or 404 in the words that clients tell "none yet" by.
    fn upload(
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
    fn open_upload(
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
    fn check_stored(&self, file: &ConfirmedFile) -> Result<(), ApiError> {
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

    fn count(&mut self) {
        let confirmed = self.files.values().filter(|file| file.is_confirmed);
        self.session.confirmed_files = confirmed.clone().count() as u64;
        self.session.confirmed_bytes = total_size(confirmed);
    }

    fn pending_paths(&self) -> impl Iterator<Item = &String> {
        self.files.iter().filter(|(_, file)| !file.is_confirmed).map(|(path, _)| path)
    }
}
