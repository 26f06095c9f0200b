//! Managed uploads of recordings: MCAP files that the server verifies and publishes.

use std::time::Duration;

use avala_types::{
    DataType, FinalizationCode, FinalizationStage, FinalizationState, GenerationState, GenerationUid,
    ManagedUploadProtocol, OriginalUid, OwnerName, RecordingUid, UploadSessionUid,
};
use axum::extract::{Path, State};
use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::{Fields, Kind};
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{
    Dataset, ManagedFinalizeResponse, ManagedFleetUploadStatus, ManagedGeneration, ManagedMultipart, ManagedOriginal,
    ManagedPartGrants, ManagedProgress,
};
use crate::state::clock;
use crate::state::fleet::managed_upload::{self, MCAP_MAGIC, ManagedUploadRow, OriginalRow, PART_SIZE, Step};
use crate::state::fleet::{Fleet, upload};
use crate::state::storage::Object;
use crate::state::storage::sign::Presign;
use crate::state::table::uid_in;
use crate::state::tables::Tables;

const PROTOCOL: &[&str] = &["fleet-managed-mcap-v1"];
const MAX_FILES: usize = 64;
const MAX_FILE_BYTES: u64 = 8 * 1024 * 1024 * 1024;
const MAX_TOTAL_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// Maximum length of the key of an object.
const MAX_KEY_BYTES: usize = 1024;
/// Maximum size of a page of parts.
const MAX_PARTS: usize = 100;
/// Maximum lifetime of a grant.
const MAX_LIFETIME: Duration = Duration::from_secs(300);

pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/fleet/recordings/{recording_uid}/managed-upload/admit/", admit)
        .get("/fleet/recordings/{recording_uid}/managed-upload/status/", get_status)
        .post("/fleet/recordings/{recording_uid}/managed-upload/multipart/init/", init_multipart)
        .get("/fleet/recordings/{recording_uid}/managed-upload/multipart/progress/", get_progress)
        .post("/fleet/recordings/{recording_uid}/managed-upload/multipart/parts/", grant_parts)
        .post("/fleet/recordings/{recording_uid}/managed-upload/finalize/", finalize)
}

#[derive(Deserialize)]
struct Admit {
    session_uid: UploadSessionUid,
    files: Vec<AdmittedFile>,
}

#[derive(Deserialize)]
struct AdmittedFile {
    path: String,
    size_bytes: u64,
    content_sha256: String,
}

#[derive(Deserialize)]
struct InitMultipart {
    session_uid: UploadSessionUid,
    file_uid: OriginalUid,
}

#[derive(Deserialize)]
struct GrantParts {
    session_uid: UploadSessionUid,
    file_uid: OriginalUid,
    generation_uid: GenerationUid,
    numbers: Vec<u64>,
}

#[derive(Deserialize)]
struct Finalize {
    session_uid: UploadSessionUid,
    files: Vec<FinalizedFile>,
}

#[derive(Deserialize, PartialEq)]
struct FinalizedFile {
    file_uid: OriginalUid,
    generation_uid: GenerationUid,
}

fn check_identity(fields: &mut Fields) {
    fields.required("protocol", Kind::Choice(PROTOCOL));
    fields.required("session_uid", Kind::Text);
}

/// Admits the files of a session. A repeat with the same session and files is harmless.
async fn admit(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> ApiResult<ManagedFleetUploadStatus> {
    let mut tables = app.tables();
    tables.fleet.recordings.get(&recording)?;
    let payload: Admit = body.read(|fields| {
        check_identity(fields);
        fields.required("files", Kind::Objects);
    })?;
    check_files(&payload.files)?;
    if let Ok(row) = managed_upload::find(&mut tables.fleet.managed_uploads, &recording, &payload.session_uid) {
        let is_same = row.originals.len() == payload.files.len()
            && row.originals.iter().zip(&payload.files).all(|(row, file)| is_same(&row.original, file));
        return if is_same { Ok(Json(row.status())) } else { Err(ApiError::conflict("The session has other files.")) };
    }
    let is_taken = tables.fleet.managed_uploads.rows().any(|row| row.recording == recording);
    if is_taken || upload::find(&mut tables.fleet.uploads, &recording, None).is_ok() {
        return Err(ApiError::conflict("This recording has an upload session."));
    }
    let owner = tables.accounts.named(&caller)?.uid.clone();
    let bucket = app.settings().managed_storage_url.rsplit('/').next().unwrap_or_default();
    let scope = format!("originals of {recording} {}", payload.session_uid);
    let originals = payload.files.into_iter().zip(1..).map(|(file, number)| {
        let parts = file.size_bytes.div_ceil(PART_SIZE);
        let uid = uid_in(&scope, number);
        let key = format!("{bucket}/__o__=/{owner}/__cloud__/{}/{}", payload.session_uid, file.path);
        let mut original = ManagedOriginal::new(uid, file.path, file.size_bytes, file.content_sha256, PART_SIZE, parts);
        original.content_type = Some("application/octet-stream".to_owned());
        original.content_encoding = Some(String::new());
        OriginalRow { original, key }
    });
    let originals: Vec<OriginalRow> = originals.collect();
    if let Some(row) = originals.iter().find(|row| row.key.len() > MAX_KEY_BYTES) {
        return Err(ApiError::field("files", format!("The path {:?} is too long.", row.original.path)));
    }
    let row = ManagedUploadRow { recording, session: payload.session_uid, originals, finalization: None };
    Ok(Json(tables.fleet.managed_uploads.add(|_| row).status()))
}

fn check_files(files: &[AdmittedFile]) -> Result<(), ApiError> {
    let error = |sentence: String| Err(ApiError::field("files", sentence));
    if files.is_empty() || files.len() > MAX_FILES {
        return error(format!("Send 1 to {MAX_FILES} files."));
    }
    for (index, file) in files.iter().enumerate() {
        let is_hash =
            file.content_sha256.len() == 64 && file.content_sha256.bytes().all(|b| b"0123456789abcdef".contains(&b));
        let is_repeated = files.iter().take(index).any(|other| other.path == file.path);
        let has_bad_segment = file.path.split('/').any(|segment| ["", ".", ".."].contains(&segment));
        let path = &file.path;
        let has_bad_segment = has_bad_segment || path.chars().any(char::is_control) || path.starts_with("__derived__/");
        if !path.to_lowercase().ends_with(".mcap") || has_bad_segment || path.contains('\\') || is_repeated {
            return error(format!("{path:?} is not a unique relative path of an MCAP file."));
        }
        if file.size_bytes == 0 || file.size_bytes > MAX_FILE_BYTES || !is_hash {
            return error(format!("{path:?} needs a size of 1 byte to 8 GiB, and a SHA-256 in lower-case hex."));
        }
    }
    if files.iter().map(|file| file.size_bytes).sum::<u64>() > MAX_TOTAL_BYTES {
        return error("The files may have 64 GiB together.".to_owned());
    }
    Ok(())
}

fn is_same(original: &ManagedOriginal, file: &AdmittedFile) -> bool {
    let known = (&original.path, original.size_bytes, &original.content_sha256);
    known == (&file.path, file.size_bytes, &file.content_sha256)
}

/// Returns the status document. A finalization takes one step with each response.
async fn get_status(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(recording): Path<RecordingUid>,
    query: ListQuery,
) -> ApiResult<ManagedFleetUploadStatus> {
    let session = identity(&query)?;
    let step = {
        let mut tables = app.tables();
        let Fleet { managed_uploads, finalization_script, .. } = &mut tables.fleet;
        managed_upload::find(managed_uploads, &recording, &session)?.advance(finalization_script)
    };
    match step {
        Step::Done => {}
        Step::Publish => publish(&mut app.tables(), &recording, &session, caller)?,
        Step::Verify => {
            let contents = contents(&mut app.tables(), &recording, &session)?;
            // The files may be large: they are read outside the lock and of the threads of the runtime.
            let code = tokio::task::spawn_blocking(move || contents.iter().find_map(verify)).await;
            let code = code.unwrap_or(Some(FinalizationCode::SourceUnavailable));
            let mut tables = app.tables();
            let row = managed_upload::find(&mut tables.fleet.managed_uploads, &recording, &session)?;
            match code {
                None => row.pass(),
                Some(code) => row.fail(code),
            }
        }
    }
    Ok(Json(managed_upload::find(&mut app.tables().fleet.managed_uploads, &recording, &session)?.status()))
}

/// An original as it was announced, and its object in the storage.
struct Stored {
    sha256: String,
    object: Option<Object>,
}

fn contents(
    tables: &mut Tables,
    recording: &RecordingUid,
    session: &UploadSessionUid,
) -> Result<Vec<Stored>, ApiError> {
    let Tables { fleet, storage, .. } = tables;
    let row = managed_upload::find(&mut fleet.managed_uploads, recording, session)?;
    let stored = |row: &OriginalRow| Stored {
        sha256: row.original.content_sha256.clone(),
        object: storage.objects.get(&row.key).cloned(),
    };
    Ok(row.originals.iter().map(stored).collect())
}

/// Returns why an original is rejected, if it is. An unknown hash is accepted: the sandbox was configured to drop
/// contents.
fn verify(stored: &Stored) -> Option<FinalizationCode> {
    let Some(object) = &stored.object else { return Some(FinalizationCode::SourceUnavailable) };
    let sha256 = object.sha256.clone().or_else(|| object.content.sha256().ok());
    if sha256.is_some_and(|sha256| sha256 != stored.sha256) {
        return Some(FinalizationCode::ContentMismatch);
    }
    let is_mcap = object.content.first_bytes() == MCAP_MAGIC && object.content.last_bytes() == MCAP_MAGIC;
    (!is_mcap).then_some(FinalizationCode::InvalidMcap)
}

/// Creates the dataset that a finalized upload is published as.
fn publish(
    tables: &mut Tables,
    recording: &RecordingUid,
    session: &UploadSessionUid,
    owner: OwnerName,
) -> Result<(), ApiError> {
    let mut dataset = Dataset::new("", format!("Recording {recording}"), format!("recording-{recording}"));
    dataset.owner_name = Some(owner);
    let dataset = tables.add_dataset(dataset, DataType::Mcap).dataset.uid.clone();
    let row = managed_upload::find(&mut tables.fleet.managed_uploads, recording, session)?;
    if let Some(finalization) = &mut row.finalization {
        finalization.state = FinalizationState::Succeeded;
        finalization.stage = FinalizationStage::Publish;
        finalization.code = FinalizationCode::Published;
        finalization.publication_uid = Some(uid_in(&format!("publication of {session}"), 1).into());
        finalization.dataset_uid = Some(dataset);
    }
    Ok(())
}

/// Opens the multipart upload of a file. A repeated call returns the same upload.
async fn init_multipart(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> ApiResult<ManagedMultipart> {
    let mut tables = app.tables();
    let payload: InitMultipart = body.read(|fields| {
        check_identity(fields);
        fields.required("file_uid", Kind::Text);
    })?;
    let Tables { fleet, storage, .. } = &mut *tables;
    let row = managed_upload::find(&mut fleet.managed_uploads, &recording, &payload.session_uid)?;
    let OriginalRow { original, key } = row.original_mut(&payload.file_uid)?;
    let uid = uid_in(&format!("generation of {}", payload.file_uid), 1);
    if original.generation.is_none() {
        storage.open_upload(&uid, key);
    }
    let new = || ManagedGeneration::new(uid, 1_u64, GenerationState::Active);
    let generation = original.generation.get_or_insert_with(new).clone();
    let mut response = ManagedMultipart::new(
        ManagedUploadProtocol::McapV1,
        payload.session_uid,
        payload.file_uid,
        generation.generation_uid,
        generation.number,
        generation.state,
        original.part_size,
        original.part_count,
    );
    response.initialization_deadline = clock::after(Duration::from_secs(24 * 60 * 60));
    Ok(Json(response))
}

async fn get_progress(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    query: ListQuery,
) -> ApiResult<ManagedProgress> {
    let session = identity(&query)?;
    let file = OriginalUid::from(query.get("file_uid").unwrap_or_default());
    let generation = GenerationUid::from(query.get("generation_uid").unwrap_or_default());
    let after: u64 = query
        .get("after")
        .map_or(Ok(0), str::parse)
        .map_err(|_| ApiError::field("after", "A valid integer is required."))?;
    let mut tables = app.tables();
    let Tables { fleet, storage, .. } = &mut *tables;
    let row = managed_upload::find(&mut fleet.managed_uploads, &recording, &session)?.original(&file)?;
    if !row.is_generation(&generation) {
        return Err(ApiError::no_such("generation_uid", &generation));
    }
    // Joined parts are listed from the object.
    let mut sizes = storage.part_sizes(generation.as_ref());
    if let Some(object) = storage.objects.get(&row.key).filter(|_| sizes.is_empty()) {
        sizes = object.parts.iter().map(|(number, part)| (*number, part.size)).collect();
    }
    let rest: Vec<(u64, u64)> = sizes.into_iter().filter(|(number, _)| *number > after).collect();
    let shown: Vec<_> = rest.iter().take(MAX_PARTS).collect();
    let mut response = ManagedProgress::new(ManagedUploadProtocol::McapV1, session, generation);
    response.file_uid = Some(file);
    response.next_cursor = shown.last().map(|(number, _)| *number).filter(|_| rest.len() > MAX_PARTS);
    let part = |(number, size): &(u64, u64)| json!({ "part_number": number, "size": size }).into();
    response.parts = Some(shown.into_iter().map(part).collect());
    Ok(Json(response))
}

async fn grant_parts(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> ApiResult<ManagedPartGrants> {
    let mut tables = app.tables();
    let payload: GrantParts = body.read(|fields| {
        check_identity(fields);
        fields.required("file_uid", Kind::Text);
        fields.required("generation_uid", Kind::Text);
        fields.required("numbers", Kind::Integers);
    })?;
    let now = tables.storage.clock.now();
    let row = managed_upload::find(&mut tables.fleet.managed_uploads, &recording, &payload.session_uid)?;
    let row = row.original(&payload.file_uid)?;
    if !row.is_generation(&payload.generation_uid) {
        return Err(ApiError::no_such("generation_uid", &payload.generation_uid));
    }
    let state = row.original.generation.as_ref().map(|generation| generation.state.clone());
    if state != Some(GenerationState::Active) {
        return Err(ApiError::conflict("The generation takes no parts."));
    }
    if payload.numbers.len() > MAX_PARTS {
        return Err(ApiError::field("numbers", format!("Ensure this field has no more than {MAX_PARTS} elements.")));
    }
    // The base URL already has the bucket.
    let key = row.key.split_once('/').map(|(_, key)| key).unwrap_or_default();
    let lifetime = app.settings().links.lifetime.min(MAX_LIFETIME);
    let mut parts = Vec::new();
    for number in payload.numbers {
        let size = row.part_size(number).ok_or_else(|| ApiError::field("numbers", "There is no such part."))?;
        let presign = Presign {
            method: Method::PUT,
            base: &app.settings().managed_storage_url,
            key,
            parameters: &[("uploadId", payload.generation_uid.to_string()), ("partNumber", number.to_string())],
            headers: &[("content-length", size.to_string())],
            lifetime,
        };
        let url = presign.sign(now);
        let grant = json!({
            "grant_uid": uid_in(&url, number), "part_number": number, "offset": (number - 1) * PART_SIZE,
            "size_bytes": size, "url": url, "headers": { "content-length": size.to_string() },
            "expires_at": clock::rfc3339(clock::expiry(now, lifetime).into()),
        });
        parts.push(grant.into());
    }
    let mut response =
        ManagedPartGrants::new(ManagedUploadProtocol::McapV1, payload.session_uid, payload.generation_uid);
    response.file_uid = Some(payload.file_uid);
    response.parts = Some(parts);
    Ok(Json(response))
}

/// Starts the finalization, if all parts are stored. A repeat returns the same one.
async fn finalize(
    State(app): State<App>,
    Path(recording): Path<RecordingUid>,
    body: JsonBody,
) -> ApiResult<ManagedFinalizeResponse> {
    let mut tables = app.tables();
    let payload: Finalize = body.read(|fields| {
        check_identity(fields);
        fields.required("files", Kind::Objects);
    })?;
    let Tables { fleet, storage, .. } = &mut *tables;
    let row = managed_upload::find(&mut fleet.managed_uploads, &recording, &payload.session_uid)?;
    let mut expected: Vec<_> = row.originals.iter().collect();
    expected.sort_by(|left, right| left.original.file_uid.cmp(&right.original.file_uid));
    let is_named = |(row, file): (&&OriginalRow, &FinalizedFile)| {
        row.original.file_uid == file.file_uid && row.is_generation(&file.generation_uid)
    };
    let is_complete = expected.len() == payload.files.len() && expected.iter().zip(&payload.files).all(is_named);
    if !is_complete {
        return Err(ApiError::field("files", "Name every file with its generation, in the order of file_uid."));
    }
    if let Some(row) = expected.iter().find(|row| !row.is_whole(storage)) {
        return Err(ApiError::conflict(format!("Parts of {:?} are missing.", row.original.path)));
    }
    row.finalize(&uid_in(&format!("finalization of {}", payload.session_uid), 1), storage)?;
    let mut response = ManagedFinalizeResponse::new(ManagedUploadProtocol::McapV1, payload.session_uid);
    response.finalization = row.finalization.clone();
    Ok(Json(response))
}

/// Reads the session from the query, which also has the protocol.
fn identity(query: &ListQuery) -> Result<UploadSessionUid, ApiError> {
    if !query.get("protocol").is_some_and(|protocol| PROTOCOL.contains(&protocol)) {
        return Err(ApiError::field("protocol", "This protocol is not supported."));
    }
    let session = query.get("session_uid").ok_or_else(|| ApiError::field("session_uid", "This field is required."))?;
    Ok(UploadSessionUid::from(session))
}
