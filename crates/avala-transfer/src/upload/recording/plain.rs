//! The plain protocol: opens a session, requests URLs, sends files, confirms them, and finalizes.

use std::collections::BTreeSet;
use std::sync::Arc;

use avala_client::{ErrorKind as ApiErrorKind, Sent};
use avala_types::{
    ConfirmUpload, ConfirmedFile, FinalizeUpload, InitUpload, UploadFile, UploadSessionStatus, UploadStatusResponse,
};
use serde::Deserialize;
use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind, FileOutcome, Report};
use crate::progress::event::{Event, Phase};
use crate::run::{blocking, to_the_end};
use crate::source::open::{OpenFile, changed};
use crate::source::stamp::Stamp;
use crate::source::walk::SourceFile;
use crate::upload::recording::opened::{Opened, RecordingReport, stuck};
use crate::upload::recording::records::Record;
use crate::upload::recording::send::Sender;
use crate::upload::recording::session::{check_confirmed, check_new, check_status};

/// Number of files that one call confirms.
const CONFIRM_AT_ONCE: usize = 100;
/// Message of the server before the first upload of a recording.
const NO_SESSION: &str = "No upload session found for this recording.";

pub(crate) async fn run(mut upload: Opened) -> Result<RecordingReport, Error> {
    if upload.state.is_initializing && upload.state.session.is_none() {
        return Err(lost_init());
    }
    let mut skipped = BTreeSet::new();
    if upload.state.session.is_none() {
        open_session(&mut upload).await?;
    } else {
        let status = status(&upload).await?;
        skipped = check_status(&status, &upload.state, &upload.session())?;
        upload.state.confirmed.clone_from(&skipped);
        if is_over(&status) {
            return finish(upload, &skipped).await;
        }
    }
    upload.context.meter.emit(|| Event::Phase(Phase::Transfer));
    skip_stored(&mut upload, &mut skipped).await?;
    let failures = transfer(&mut upload).await;
    // Sent files are confirmed even if other files failed; the next run continues with those.
    confirm_all(&mut upload).await?;
    if let Some(error) = failures.into_iter().next() {
        return Err(incomplete(&upload, error, &skipped));
    }
    let status = status(&upload).await?;
    let confirmed = check_status(&status, &upload.state, &upload.session())?;
    if !is_over(&status) {
        if confirmed.len() != upload.state.files.len() {
            let pending = upload.state.files.len() - confirmed.len();
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("the server reports {pending} files as not confirmed that it had confirmed"),
            )
            .help("run the same transfer again"));
        }
        upload.context.meter.emit(|| Event::Phase(Phase::Verify));
        check_contents(&upload).await?;
        finalize(&mut upload).await?;
    }
    finish(upload, &skipped).await
}

fn lost_init() -> Error {
    stuck("an earlier run opened the upload of this recording and lost the response; an upload cannot be opened twice")
}

async fn open_session(upload: &mut Opened) -> Result<(), Error> {
    check_no_session(upload).await?;
    if upload.state.begin.is_none() {
        let hashes = upload.files.iter().map(|_| None).collect();
        upload.begin(hashes).await?;
    }
    let files: Vec<UploadFile> = upload.files.iter().map(|file| UploadFile::new(&file.path, file.stamp.size)).collect();
    let mut request = InitUpload::new(files);
    if let Some(config) = &upload.settings.storage_config {
        request = request.storage_config_uid(config.clone());
    }
    upload.context.gate().await?;
    upload.record(Record::Initializing).await?;
    let (avala, journal) = (upload.context.transfers.avala().clone(), upload.journal.clone());
    let (recording, state) = (upload.settings.recording.clone(), upload.state.clone());
    let work = async move {
        let session = match avala.fleet().uploads().init_upload(&recording, &request).await {
            Ok(session) => session,
            Err(error) => {
                let is_refused =
                    error.status().is_some_and(|status| status.is_client_error() && status.as_u16() != 408);
                if error.sent() == Sent::No || is_refused || error.kind() == ApiErrorKind::RateLimited {
                    journal.append(&Record::NotInitialized).await?;
                    return Err(Error::api(error));
                }
                return Err(lost_init().with_source(error));
            }
        };
        let (session, prefix) = check_new(&session, &state, recording.as_str())?;
        let record = Record::Active { session, prefix };
        journal.append(&record).await?;
        Ok(record)
    };
    let record = to_the_end(&upload.journal, Box::pin(work)).await?;
    upload.state.apply(record);
    Ok(())
}

/// Fails if the recording has an upload that is not in this state folder.
async fn check_no_session(upload: &Opened) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Detail {
        detail: String,
    }
    let uploads = upload.context.transfers.avala().fleet().uploads();
    let error = match uploads.get_upload_status(&upload.settings.recording).await {
        Ok(status) => {
            let message =
                format!("the recording has an upload session that is not in this state folder: {}", status.status);
            return Err(Error::new(ErrorKind::Conflict, message)
                .help("continue on the machine that started it, or use another recording"));
        }
        Err(error) => error,
    };
    let detail = error.body().and_then(|body| serde_json::from_str::<Detail>(body).ok());
    if error.is_not_found() && detail.is_some_and(|detail| detail.detail == NO_SESSION) {
        return Ok(());
    }
    Err(Error::api(error))
}

async fn status(upload: &Opened) -> Result<UploadStatusResponse, Error> {
    let uploads = upload.context.transfers.avala().fleet().uploads();
    uploads.get_upload_status(&upload.settings.recording).await.map_err(Error::api)
}

fn is_over(status: &UploadStatusResponse) -> bool {
    matches!(status.status, UploadSessionStatus::Completing | UploadSessionStatus::Completed)
}

/// Counts the files that an earlier run stored, and drops files that changed since.
async fn skip_stored(upload: &mut Opened, skipped: &mut BTreeSet<String>) -> Result<(), Error> {
    for file in upload.files.clone() {
        let is_confirmed = upload.state.confirmed.contains(&file.path);
        let stored = upload.state.files.get(&file.path).and_then(|state| state.stored.clone());
        let Some(stored) = stored else {
            if is_confirmed {
                let message = "the server has confirmed the file, but this state folder did not send it";
                return Err(Error::new(ErrorKind::ContentUnknown, message)
                    .about(&file.path)
                    .help("continue on the machine that sent it, or use another recording"));
            }
            continue;
        };
        let is_same = stored.stamp == file.stamp || hash(&file).await? == Some(stored.sha256);
        if is_same {
            skipped.insert(file.path.clone());
            upload.context.meter.done(file.stamp.size);
            upload.context.meter.file_skipped();
            upload.context.meter.emit(|| Event::FileSkipped { path: file.path.clone() });
        } else if is_confirmed {
            return Err(changed(&file, "it changed after it was sent and confirmed")
                .help("restore the file, or use another recording"));
        } else if let Some(state) = upload.state.files.get_mut(&file.path) {
            // A new PUT replaces the object.
            state.stored = None;
        }
    }
    Ok(())
}

/// Sends every file that is not stored. Returns the errors, the most important one first.
async fn transfer(upload: &mut Opened) -> Vec<Error> {
    let is_missing =
        |file: &&Arc<SourceFile>| upload.state.files.get(&file.path).is_none_or(|state| state.stored.is_none());
    let missing: Vec<Arc<SourceFile>> = upload.files.iter().filter(is_missing).cloned().collect();
    let Some((session, prefix)) = upload.state.session.clone() else { return Vec::new() };
    let recording = upload.settings.recording.to_string();
    let sender = Sender::new(&upload.context, &upload.journal, &recording, (&session, &prefix), &missing);
    let sender = Arc::new(sender);
    let mut waiting = missing.into_iter().zip(0_u64..);
    let mut tasks = JoinSet::new();
    let at_once = upload.context.transfers.max_uploads();
    let mut failures = Vec::new();
    let mut is_ending = false;
    loop {
        while tasks.len() < at_once && !is_ending {
            let Some((file, number)) = waiting.next() else { break };
            let sender = Arc::clone(&sender);
            tasks.spawn(async move { (file.path.clone(), Box::pin(sender.send(number, file)).await) });
        }
        let Some(joined) = tasks.join_next().await else { return failures };
        match joined {
            Ok((path, Ok(stored))) => {
                if let Some(state) = upload.state.files.get_mut(&path) {
                    state.stored = Some(stored);
                }
            }
            Ok((_, Err(error))) => {
                if ends_run(&error) && !is_ending {
                    is_ending = true;
                    failures.insert(0, error);
                } else {
                    failures.push(error);
                }
            }
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => failures.push(Error::aborted()),
        }
    }
}

/// Returns whether every other file would fail with the same error.
fn ends_run(error: &Error) -> bool {
    let is_denied =
        matches!(error.status().map(|status| status.as_u16()), Some(401 | 403)) && error.api_error().is_some();
    is_denied
        || matches!(
            error.kind(),
            ErrorKind::LimitReached
                | ErrorKind::Cancelled
                | ErrorKind::Io
                | ErrorKind::StorageHost
                | ErrorKind::Protocol
                | ErrorKind::Stuck
        )
}

/// Confirms every stored file in batches.
async fn confirm_all(upload: &mut Opened) -> Result<(), Error> {
    let is_left = |file: &&Arc<SourceFile>| {
        let is_stored = upload.state.files.get(&file.path).is_some_and(|state| state.stored.is_some());
        is_stored && !upload.state.confirmed.contains(&file.path)
    };
    let left: Vec<Arc<SourceFile>> = upload.files.iter().filter(is_left).cloned().collect();
    for batch in left.chunks(CONFIRM_AT_ONCE) {
        upload.context.control.gate().await?;
        confirm(upload, batch).await?;
    }
    Ok(())
}

async fn confirm(upload: &mut Opened, batch: &[Arc<SourceFile>]) -> Result<(), Error> {
    let mut files = Vec::new();
    for file in batch {
        let Some(stored) = upload.state.files.get(&file.path).and_then(|state| state.stored.clone()) else { continue };
        check_stamp(file, stored.stamp).await?;
        files.push(ConfirmedFile::new(&file.path, stored.etag.as_str(), file.stamp.size));
    }
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let session = upload.session();
    upload.record(Record::Confirming { paths: paths.clone() }).await?;
    let mut confirmed = upload.state.confirmed.clone();
    confirmed.extend(paths.iter().cloned());
    let uploads = upload.context.transfers.avala().fleet().uploads();
    let request = ConfirmUpload::new(session.as_str(), files);
    // Confirming the same files with the same tags again has no effect, so the call is repeated after a lost response.
    match uploads.confirm_upload(&upload.settings.recording, &request).repeatable(true).await {
        Ok(response) => check_confirmed(&response, &upload.state, &session, &confirmed)?,
        Err(error) if error.sent() != Sent::No && error.status().is_none_or(|status| status.is_server_error()) => {
            let now = check_status(&status(upload).await?, &upload.state, &session)?;
            if !paths.iter().all(|path| now.contains(path)) {
                return Err(Error::api(error));
            }
        }
        Err(error) => return Err(Error::api(error)),
    }
    upload.record(Record::Confirmed { paths }).await
}

/// Fails if the file was modified since it was sent.
async fn check_stamp(file: &Arc<SourceFile>, stamp: Stamp) -> Result<(), Error> {
    let (file, opened) = (Arc::clone(file), Arc::clone(file));
    let now = blocking(move || Ok(OpenFile::open(&opened)?.stamp)).await?;
    if now == stamp { Ok(()) } else { Err(changed(&file, "it changed after it was sent")) }
}

async fn hash(file: &Arc<SourceFile>) -> Result<Option<crate::hash::Digest>, Error> {
    let source = Arc::clone(file);
    blocking(move || {
        let file = OpenFile::open(&source)?;
        let failed = |error| Error::io(ErrorKind::Source, "read it", &source.local, error);
        file.hash(0, file.stamp.size).map_err(failed)
    })
    .await
}

/// Reads every file once more, and fails if its content differs from the sent bytes.
async fn check_contents(upload: &Opened) -> Result<(), Error> {
    for file in &upload.files {
        upload.context.gate().await?;
        let stored = upload.state.files.get(&file.path).and_then(|state| state.stored.as_ref());
        let Some(stored) = stored else { continue };
        if hash(file).await? != Some(stored.sha256) {
            return Err(changed(file, "its content differs from the sent and confirmed bytes")
                .help("restore the file, or use another recording"));
        }
    }
    Ok(())
}

async fn finalize(upload: &mut Opened) -> Result<(), Error> {
    upload.context.meter.emit(|| Event::Phase(Phase::Finish));
    upload.context.gate().await?;
    upload.record(Record::Finalizing).await?;
    let session = upload.session();
    let uploads = upload.context.transfers.avala().fleet().uploads();
    let request = FinalizeUpload::new(session.as_str());
    let result = uploads.finalize_upload(&upload.settings.recording, &request).await;
    // The status decides, even if the response was lost.
    let status = status(upload).await?;
    check_status(&status, &upload.state, &session)?;
    match result {
        _ if is_over(&status) => Ok(()),
        Err(error) => Err(Error::api(error)),
        Ok(_) => Err(Error::new(
            ErrorKind::Protocol,
            format!("the upload was finalized, but its status is `{}`", status.status),
        )
        .help("run the same transfer again")),
    }
}

async fn finish(mut upload: Opened, skipped: &BTreeSet<String>) -> Result<RecordingReport, Error> {
    if !upload.state.is_completed {
        upload.record(Record::Completed).await?;
    }
    let report = report(&upload, skipped);
    let recording = match upload.settings.wait {
        None => None,
        Some(timeout) => {
            upload.context.meter.emit(|| Event::Phase(Phase::Wait));
            let recordings = upload.context.transfers.avala().fleet().recordings();
            let waiting = async {
                let ready = recordings.wait(&upload.settings.recording).timeout(timeout).await;
                ready.map_err(|error| {
                    Error::api(error).help("all files are uploaded; the server is still processing them")
                })
            };
            match upload.context.limit.within(waiting).await {
                Ok(recording) => Some(recording),
                Err(error) => return Err(error.with_report(report)),
            }
        }
    };
    let (recording_uid, session_uid) = (upload.settings.recording.clone(), upload.session());
    Ok(RecordingReport { recording_uid, recording, session_uid, dataset_uid: None, files: report })
}

fn report(upload: &Opened, skipped: &BTreeSet<String>) -> Report {
    upload.report(|file| match upload.state.files.get(&file.path) {
        _ if skipped.contains(&file.path) => FileOutcome::Skipped,
        Some(state) if state.stored.is_some() => FileOutcome::Transferred,
        _ => FileOutcome::NotStarted,
    })
}

fn incomplete(upload: &Opened, error: Error, skipped: &BTreeSet<String>) -> Error {
    error.with_report(report(upload, skipped))
}
