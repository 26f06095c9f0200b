//! The upload of a recording: a session, a URL for each file, and a confirmation that the files are stored.

use std::collections::BTreeMap;
use std::time::Duration;

use avala_types::{
    ConfirmUpload, FinalizeUpload, GetUploadUrls, InitUpload, RecordingStatus, RecordingUid, UploadSessionStatus,
};
use axum::extract::{Path, State};
use http::{Method, StatusCode};

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, created};
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{
    UploadConfirmResponse, UploadFinalizeResponse, UploadSession, UploadStatusResponse, UploadUrlEntry,
    UploadUrlsResponse,
};
use crate::state::clock;
use crate::state::fleet::upload::{self, FETCHES_UNTIL_COMPLETED, File, UploadSessionRow, total_size};
use crate::state::storage::sign::Presign;
use crate::state::tables::Tables;

/// Maximum number of paths that a status lists.
const MAX_PENDING_PATHS: usize = 1000;

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
    if upload::find(&mut tables.fleet.uploads, &recording, None).is_ok() {
        return Err(ApiError::conflict("This recording has an upload session."));
    }
    let mut files = BTreeMap::new();
    for file in payload.files {
        let entry = File { size: file.size_bytes, is_confirmed: false };
        if files.insert(file.path.clone(), entry).is_some() {
            return Err(ApiError::field("files", format!("{:?} occurs twice.", file.path)));
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
) -> ApiResult<UploadUrlsResponse> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: GetUploadUrls = body.read(|fields| {
        fields.required("session_uid", Kind::Text);
        fields.required("file_paths", Kind::Texts);
        fields.optional("ttl_seconds", Kind::Integer);
    })?;
    if payload.file_paths.len() > GetUploadUrls::MAX_PATHS {
        return Err(ApiError::field("file_paths", format!("Request at most {} at a time.", GetUploadUrls::MAX_PATHS)));
    }
    let now = tables.storage.clock.now();
    let row = upload::find_open(&mut tables.fleet.uploads, &recording, &payload.session_uid)?;
    let links = &app.settings().links;
    let asked = payload.ttl_seconds.map(Duration::from_secs);
    let lifetime = match app.settings().uploads.longest_lifetime {
        Some(longest) => asked.unwrap_or(longest).min(longest),
        None => asked.unwrap_or(links.lifetime),
    };
    let mut response = UploadUrlsResponse::new();
    for path in payload.file_paths {
        let unknown = || ApiError::field("file_paths", format!("{path:?} is not a file of this upload."));
        let size = row.files.get(&path).ok_or_else(unknown)?.size;
        let key = row.key(&path);
        let headers = [("content-length", size.to_string()), ("content-type", "application/octet-stream".to_owned())];
        let (method, base) = (Method::PUT, links.base.as_str());
        let url = Presign { method, base, key: &key, parameters: &[], headers: &headers, lifetime }.sign(now);
        let mut entry = UploadUrlEntry::new(path, url, key);
        entry.headers.insert("Content-Type".to_owned(), "application/octet-stream".to_owned());
        response.urls.push(entry);
    }
    Ok(Json(response))
}

async fn confirm(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> ApiResult<UploadConfirmResponse> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: ConfirmUpload = body.read(|fields| {
        fields.required("session_uid", Kind::Text);
        fields.required("files", Kind::Objects);
    })?;
    if payload.files.len() > ConfirmUpload::MAX_FILES {
        return Err(ApiError::field("files", format!("Confirm at most {} at a time.", ConfirmUpload::MAX_FILES)));
    }
    let Tables { fleet, storage, .. } = &mut *tables;
    let row = upload::find_open(&mut fleet.uploads, &recording, &payload.session_uid)?;
    payload.files.iter().try_for_each(|file| row.check_stored(file, storage))?;
    for file in &payload.files {
        if let Some(known) = row.files.get_mut(&file.path) {
            known.is_confirmed = true;
        }
    }
    row.count();
    row.session.status = Some(UploadSessionStatus::Uploading);

    let mut response = UploadConfirmResponse::new();
    // Clients that keep receipts compare these with what they have sent. Older servers send `confirmed` and
    // `total_confirmed` instead.
    response.session_uid = Some(row.session.uid.clone());
    response.total_files = Some(row.session.total_files);
    response.total_bytes = Some(row.session.total_bytes);
    response.confirmed_files = Some(row.session.confirmed_files);
    response.confirmed_bytes = Some(row.session.confirmed_bytes);
    response.confirmed = Some(payload.files.len() as u64);
    response.total_confirmed = Some(row.session.confirmed_files);
    Ok(Json(response))
}

async fn finalize(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> ApiResult<UploadFinalizeResponse> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: FinalizeUpload = body.read(|fields| fields.required("session_uid", Kind::Text))?;
    let row = upload::find_open(&mut tables.fleet.uploads, &recording, &payload.session_uid)?;
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
    let mut response = UploadFinalizeResponse::new();
    response.detail = Some("The upload is being processed.".to_owned());
    response.session_uid = Some(payload.session_uid);
    Ok(Json(response))
}

async fn get_status(State(app): State<App>, Path(recording): Path<RecordingUid>) -> ApiResult<UploadStatusResponse> {
    let mut tables = app.tables();
    let fleet = &mut tables.fleet;
    fleet.recordings.get(&recording)?;
    let row = upload::find(&mut fleet.uploads, &recording, None)?;
    if row.session.status == Some(UploadSessionStatus::Completing) {
        row.fetches += 1;
        if row.fetches >= FETCHES_UNTIL_COMPLETED {
            row.session.status = Some(UploadSessionStatus::Completed);
        }
    }
    let is_completed = row.session.status == Some(UploadSessionStatus::Completed);
    let status = row.session.status.clone().unwrap_or(UploadSessionStatus::Initiated);
    let mut response = UploadStatusResponse::new(&row.session.uid, status);
    response.total_files = row.session.total_files;
    response.total_bytes = row.session.total_bytes;
    response.confirmed_files = row.session.confirmed_files;
    response.confirmed_bytes = row.session.confirmed_bytes;
    response.pending_paths = row.pending_paths().take(MAX_PENDING_PATHS).cloned().collect();

    let recording = fleet.recordings.get_mut(&recording)?;
    if is_completed && recording.status == Some(RecordingStatus::Processing) {
        recording.status = Some(RecordingStatus::Ready);
        recording.updated_at = clock::now();
    }
    Ok(Json(response))
}
