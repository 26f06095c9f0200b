//! The managed protocol `fleet-managed-mcap-v1`: admission, multipart uploads, finalization, publication.

mod check;
mod document;
mod grant;
mod parts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use avala_client::{ErrorKind as ApiErrorKind, Sent};
use avala_types::{AdmitManagedUpload, FinalizeManagedUpload, FinalizedFile, InitManagedMultipart, ManagedFile};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, FileOutcome, Report};
use crate::hash::Digest;
use crate::progress::event::{Event, Phase};
use crate::run::{blocking, to_the_end};
use crate::source::open::OpenFile;
use crate::source::stamp::Stamp;
use crate::source::walk::SourceFile;
use crate::upload::recording::managed::check::{check_finalization, check_identity, check_multipart, check_status};
use crate::upload::recording::managed::document::{Finalization, Finalized, Multipart, PROTOCOL, Status};
use crate::upload::recording::managed::parts::Original;
use crate::upload::recording::opened::{Opened, RecordingReport, stuck};
use crate::upload::recording::records::Record;

/// Polling interval of a finalization.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// Codes after which the same files cannot be finalized again.
const FINAL_CODES: [&str; 2] = ["content_mismatch", "invalid_mcap"];

/// Hash of each file with the stamp at the time of reading.
type Hashes = BTreeMap<String, (Stamp, Digest)>;

pub(crate) async fn run(mut upload: Opened) -> Result<RecordingReport, Error> {
    let hashes = hash_all(&upload).await?;
    check_hashes(&upload, &hashes)?;
    let mut status = admit(&mut upload, &hashes).await?;
    upload.context.meter.emit(|| Event::Phase(Phase::Transfer));
    let mut sent = BTreeSet::new();
    if status.finalization.is_none() {
        for file in upload.files.clone() {
            init(&mut upload, &file).await.map_err(|error| error.about(&file.path))?;
        }
        status = fetch_status(&mut upload).await?;
        match send_all(&upload, &status, &hashes).await {
            Ok(files) => sent = files,
            Err(error) => return Err(error.with_report(report(&upload, &sent))),
        }
        status = fetch_status(&mut upload).await?;
    }
    let finalization = finalize(&mut upload, status).await?;
    finish(upload, finalization, &sent).await
}

/// Reads all files, because their hashes are announced before the first byte is sent.
async fn hash_all(upload: &Opened) -> Result<Hashes, Error> {
    let mut hashes = Hashes::new();
    for file in &upload.files {
        upload.context.gate().await?;
        let source = Arc::clone(file);
        let (stamp, digest) = blocking(move || {
            let file = OpenFile::open(&source)?;
            let failed = |error| Error::io(ErrorKind::Source, "read it", &source.local, error);
            let digest = file.hash(0, file.stamp.size).map_err(failed)?;
            let digest = digest.ok_or_else(|| crate::source::open::changed(&source, "it shrank while it was read"))?;
            Ok((file.stamp, digest))
        })
        .await?;
        hashes.insert(file.path.clone(), (stamp, digest));
    }
    Ok(hashes)
}

/// Checks that the files have the announced hashes.
fn check_hashes(upload: &Opened, hashes: &Hashes) -> Result<(), Error> {
    for (path, state) in &upload.state.files {
        let own = hashes.get(path).map(|(_, digest)| *digest);
        if upload.state.begin.is_some() && own != state.sha256 {
            return Err(Error::new(ErrorKind::Conflict, "its content differs from the announced content")
                .about(path)
                .help("restore the file, or use another recording"));
        }
    }
    Ok(())
}

/// Announces the files, or reads the state of an existing session.
async fn admit(upload: &mut Opened, hashes: &Hashes) -> Result<Status, Error> {
    if upload.state.begin.is_none() {
        let digests = upload.files.iter().map(|file| hashes.get(&file.path).map(|(_, digest)| *digest)).collect();
        upload.begin(digests).await?;
        // Durable before the first request, so that a repeated admission finds the same session.
        upload.record(Record::Session { uid: uuid::Uuid::new_v4().to_string() }).await?;
    }
    if upload.state.files.values().all(|file| file.original.is_some()) {
        return fetch_status(upload).await;
    }
    let file = |file: &Arc<SourceFile>| {
        let digest = hashes.get(&file.path).map(|(_, digest)| digest.to_string()).unwrap_or_default();
        ManagedFile::new(&file.path, file.stamp.size, digest)
    };
    let files: Vec<ManagedFile> = upload.files.iter().map(file).collect();
    let session = upload.session();
    let request = AdmitManagedUpload::new(PROTOCOL, session.as_str(), files);
    let uploads = upload.context.transfers.avala().fleet().managed_uploads();
    let call = uploads.admit(&upload.settings.recording, &request).decode_as::<Status>();
    let status = call.await.map_err(Error::api)?;
    apply(upload, &status).await?;
    Ok(status)
}

async fn fetch_status(upload: &mut Opened) -> Result<Status, Error> {
    let uploads = upload.context.transfers.avala().fleet().managed_uploads();
    let call = uploads.get_status(&upload.settings.recording, upload.session().as_str()).decode_as::<Status>();
    let status = call.await.map_err(Error::api)?;
    apply(upload, &status).await?;
    Ok(status)
}

/// Checks a status document, and records its new facts.
async fn apply(upload: &mut Opened, status: &Status) -> Result<(), Error> {
    check_status(status, &upload.state, &upload.session(), upload.settings.recording.as_str())?;
    let mut records = Vec::new();
    for file in &status.files {
        let Some(known) = upload.state.files.get(&file.path) else { continue };
        let path = || file.path.clone();
        if known.original.is_none() {
            records.push(Record::Original { path: path(), uid: file.file_uid.clone() });
        }
        // The response to the only request for it was lost: this is its multipart upload.
        if let (None, Some(generation)) = (&known.generation, &file.generation) {
            records.push(Record::Generation { path: path(), uid: generation.generation_uid.clone() });
        }
        if file.verified && !known.is_verified {
            records.push(Record::Verified { path: path() });
        }
    }
    if let Some(finalization) = &status.finalization {
        records.extend(news_of(upload, finalization));
    }
    for record in records {
        upload.record(record).await?;
    }
    Ok(())
}

fn news_of(upload: &Opened, finalization: &Finalization) -> Vec<Record> {
    let mut records = Vec::new();
    if upload.state.finalization.is_none() {
        records.push(Record::Finalization { uid: finalization.uid.clone() });
    }
    if let (None, Some(publication), Some(dataset)) =
        (&upload.state.published, &finalization.publication_uid, &finalization.dataset_uid)
    {
        records.push(Record::Published { publication: publication.clone(), dataset: dataset.clone() });
    }
    records
}

/// Opens the multipart upload of a file, once.
async fn init(upload: &mut Opened, file: &Arc<SourceFile>) -> Result<(), Error> {
    let Some(state) = upload.state.files.get(&file.path).cloned() else { return Ok(()) };
    if state.generation.is_some() {
        return Ok(());
    }
    let Some(original) = state.original else { return Ok(()) };
    let path = || file.path.clone();
    if state.is_initializing {
        return Err(stuck(
            "the response to the request of its multipart upload was lost, and the server does not have the upload",
        ));
    }
    upload.context.gate().await?;
    upload.record(Record::InitializingFile { path: path() }).await?;
    let session = upload.session();
    let request = InitManagedMultipart::new(PROTOCOL, session.as_str(), original.as_str());
    let (avala, journal) = (upload.context.transfers.avala().clone(), upload.journal.clone());
    let (recording, source) = (upload.settings.recording.clone(), Arc::clone(file));
    let work = async move {
        let uploads = avala.fleet().managed_uploads();
        let call = uploads.init_multipart(&recording, &request).max_attempts(1).decode_as::<Multipart>();
        let path = source.path.clone();
        match call.await {
            Ok(multipart) => {
                check_multipart(&multipart, &session, &original, source.stamp.size)?;
                let record = Record::Generation { path, uid: multipart.generation_uid };
                journal.append(&record).await?;
                Ok(Ok(record))
            }
            Err(error) => {
                let is_refused =
                    error.status().is_some_and(|status| status.is_client_error() && status.as_u16() != 408);
                if error.sent() == Sent::No || is_refused || error.kind() == ApiErrorKind::RateLimited {
                    journal.append(&Record::NotInitializedFile { path }).await?;
                    return Err(Error::api(error));
                }
                Ok(Err(error))
            }
        }
    };
    match to_the_end(&upload.journal, Box::pin(work)).await? {
        Ok(record) => {
            upload.state.apply(record);
            Ok(())
        }
        Err(error) => {
            // If the server has it, the status says so.
            fetch_status(upload).await?;
            if upload.state.files.get(&file.path).is_some_and(|state| state.generation.is_some()) {
                return Ok(());
            }
            Err(stuck(
                "the response to the request of its multipart upload was lost, and the server does not have the upload",
            )
            .with_source(error))
        }
    }
}

/// Sends the incomplete files. Returns the paths of files of which bytes were sent.
async fn send_all(upload: &Opened, status: &Status, hashes: &Hashes) -> Result<BTreeSet<String>, Error> {
    let mut sent = BTreeSet::new();
    let states: BTreeMap<&str, &str> = status
        .files
        .iter()
        .filter_map(|file| Some((file.path.as_str(), file.generation.as_ref()?.state.as_str())))
        .collect();
    for file in &upload.files {
        let Some(state) = upload.state.files.get(&file.path) else { continue };
        let meter = &upload.context.meter;
        let (path, size) = (file.path.clone(), file.stamp.size);
        match states.get(file.path.as_str()).copied() {
            Some("completed") => {
                meter.done(size);
                meter.file_skipped();
                meter.emit(|| Event::FileSkipped { path });
                continue;
            }
            Some("active" | "completing") => {}
            other => {
                let message = format!("its multipart upload is {}", other.unwrap_or("missing"));
                return Err(stuck(&message).about(&file.path));
            }
        }
        let (Some(file_uid), Some(generation)) = (state.original.clone(), state.generation.clone()) else { continue };
        let Some((stamp, sha256)) = hashes.get(&file.path).copied() else { continue };
        meter.emit(|| Event::FileStarted { path: path.clone(), size });
        let original = Original {
            context: upload.context.clone(),
            journal: upload.journal.clone(),
            recording: upload.settings.recording.to_string(),
            session: upload.session(),
            file_uid,
            generation,
            source: Arc::clone(file),
            stamp,
            sha256,
            pin: Arc::new(Mutex::new(state.pin)),
        };
        let limit = &upload.context.limit;
        if limit.within(original.send()).await.map_err(|error| error.about(&file.path))? {
            sent.insert(file.path.clone());
            meter.file_done();
            meter.emit(|| Event::FileDone { path, bytes: size });
        } else {
            meter.file_skipped();
            meter.emit(|| Event::FileSkipped { path });
        }
    }
    Ok(sent)
}

/// Finalizes the upload, unless its finalization was already requested.
async fn finalize(upload: &mut Opened, status: Status) -> Result<Finalization, Error> {
    upload.context.meter.emit(|| Event::Phase(Phase::Finish));
    match status.finalization {
        Some(finalization) if finalization.state != "failed" => return Ok(finalization),
        Some(finalization) if FINAL_CODES.contains(&finalization.code.as_str()) => return Err(failed(&finalization)),
        _ => {}
    }
    upload.context.gate().await?;
    upload.record(Record::Finalizing).await?;
    let mut files: Vec<FinalizedFile> = Vec::new();
    let mut uids: Vec<_> = upload.state.files.values().collect();
    uids.sort_by(|left, right| left.original.cmp(&right.original));
    for file in uids {
        if let (Some(original), Some(generation)) = (&file.original, &file.generation) {
            files.push(FinalizedFile::new(original.as_str(), generation.as_str()));
        }
    }
    let session = upload.session();
    let request = FinalizeManagedUpload::new(PROTOCOL, session.as_str(), files);
    let uploads = upload.context.transfers.avala().fleet().managed_uploads();
    let call = uploads.finalize(&upload.settings.recording, &request).decode_as::<Finalized>();
    let response = call.await.map_err(Error::api)?;
    check_identity(&response.protocol, &response.session_uid, &session)?;
    let is_completed = response.finalization.state == "succeeded";
    check_finalization(&response.finalization, &upload.state, is_completed)?;
    for record in news_of(upload, &response.finalization) {
        upload.record(record).await?;
    }
    Ok(response.finalization)
}

fn failed(finalization: &Finalization) -> Error {
    let Finalization { stage, code, failures, .. } = finalization;
    let message = format!("the server failed at the stage `{stage}` with the code `{code}` after {failures} failures");
    let error = Error::new(ErrorKind::Processing, message);
    match code.as_str() {
        "content_mismatch" => error.help("the stored bytes differ from the announced bytes: use another recording"),
        "invalid_mcap" => error.help("check the MCAP files, then use another recording"),
        _ => error.help("run the same transfer again: the server then tries again"),
    }
}

/// Waits for the publication.
async fn finish(
    mut upload: Opened,
    mut finalization: Finalization,
    sent: &BTreeSet<String>,
) -> Result<RecordingReport, Error> {
    let started = Instant::now();
    if let Some(timeout) = upload.settings.wait {
        upload.context.meter.emit(|| Event::Phase(Phase::Wait));
        while !matches!(finalization.state.as_str(), "succeeded" | "failed") {
            if started.elapsed() >= timeout {
                let message = format!(
                    "after {} s the finalization is still `{}` at the stage `{}` with the code `{}`",
                    timeout.as_secs(),
                    finalization.state,
                    finalization.stage,
                    finalization.code
                );
                let error =
                    Error::new(ErrorKind::Processing, message).help("all files are uploaded; run again to wait");
                return Err(error.with_report(report(&upload, sent)));
            }
            if let Err(error) = upload.context.limit.check_time() {
                return Err(error.with_report(report(&upload, sent)));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
            let status = fetch_status(&mut upload).await?;
            finalization = match status.finalization {
                Some(finalization) => finalization,
                None => {
                    return Err(Error::new(ErrorKind::Protocol, "the finalization vanished").help("report it to Avala"));
                }
            };
        }
    }
    let report = report(&upload, sent);
    if finalization.state == "failed" {
        return Err(failed(&finalization).with_report(report));
    }
    if finalization.state == "succeeded" && !upload.state.is_completed {
        upload.record(Record::Completed).await?;
    }
    let dataset_uid = finalization.dataset_uid.map(Into::into);
    let (recording_uid, session_uid) = (upload.settings.recording.clone(), upload.session());
    Ok(RecordingReport { recording_uid, recording: None, session_uid, dataset_uid, files: report })
}

fn report(upload: &Opened, sent: &BTreeSet<String>) -> Report {
    upload.report(|file| match upload.state.files.get(&file.path) {
        _ if sent.contains(&file.path) => FileOutcome::Transferred,
        Some(state) if state.is_verified || upload.state.is_finalizing => FileOutcome::Skipped,
        _ => FileOutcome::NotStarted,
    })
}
