//! Uploads one file of a dataset.

use std::sync::Arc;
use std::time::SystemTime;

use avala_types::{
    CreateManualUploadUrl, FormUpload, ManualUploadSession, ManualUploadTarget, UploadMethod, UploadUid,
};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};

use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::progress::event::Event;
use crate::progress::meter::Meter;
use crate::run::{RunContext, blocking};
use crate::source::open::{OpenFile, changed};
use crate::source::walk::SourceFile;
use crate::state::journal::Journal;
use crate::trace;
use crate::upload::backoff;
use crate::upload::body::{Around, Part, Release};
use crate::upload::dataset::form;
use crate::upload::dataset::multipart;
use crate::upload::dataset::records::{FileState, Print, Record};
use crate::upload::dataset::settings::DatasetUpload;
use crate::upload::put::{self, Presigned, Put};

/// Attempts of a file without progress in between.
pub(crate) const MAX_ATTEMPTS: u32 = 8;
/// Presigned URLs that a storage may refuse in a row.
pub(crate) const MAX_REFUSALS: u32 = 2;

/// Uploads the files of one dataset.
#[derive(Debug)]
pub(crate) struct Uploader {
    pub(crate) context: RunContext,
    pub(crate) settings: Arc<DatasetUpload>,
    /// UUID of the batch; `None` if only version 1 of the protocol is offered.
    pub(crate) batch: Option<String>,
    pub(crate) journal: Journal,
}

/// What became of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    Skipped,
}

/// Outcome of one attempt.
pub(crate) enum Step {
    Finished(Outcome),
    /// A URL expired before it could be used: presign again at once.
    Again,
    /// The storage refused a presigned URL.
    Refused(Error),
    Failed(Error),
}

/// A file on its way.
pub(crate) struct Upload {
    pub(crate) source: Arc<SourceFile>,
    pub(crate) file: Arc<OpenFile>,
    pub(crate) known: FileState,
    /// Whether an earlier run stored other bytes, which only version 1 replaces.
    has_other_content: bool,
    /// Whether bytes of the file were stored in this attempt.
    pub(crate) has_progress: bool,
    /// Bytes of the file that the progress counts as done.
    pub(crate) counted: u64,
}

impl Upload {
    /// Sets how many bytes of the file the progress counts as done.
    pub(crate) fn count(&mut self, meter: &Meter, bytes: u64) {
        meter.undone(self.counted);
        meter.done(bytes);
        self.counted = bytes;
    }
}

impl Uploader {
    pub(crate) async fn upload(&self, source: SourceFile, known: FileState) -> Result<Outcome, Error> {
        let source = Arc::new(source);
        let size = source.stamp.size;
        if known.done.is_some_and(|(stamp, _)| stamp == source.stamp) {
            self.context.meter.done(size);
            return Ok(Outcome::Skipped);
        }
        let opened = Arc::clone(&source);
        let file = Arc::new(blocking(move || OpenFile::open(&opened)).await?);
        let mut upload = Upload { source, file, known, has_other_content: false, has_progress: false, counted: 0 };
        if let Some((_, print)) = upload.known.done {
            if self.matches(&upload, print).await? {
                self.record_done(&upload, print).await?;
                self.context.meter.done(size);
                return Ok(Outcome::Skipped);
            }
            upload.has_other_content = true;
        }
        if upload.known.is_spoiled {
            return Err(spoiled(&upload.source));
        }
        let result = self.attempts(&mut upload).await;
        let done = if result.is_ok() { size } else { 0 };
        upload.count(&self.context.meter, done);
        result
    }

    async fn attempts(&self, upload: &mut Upload) -> Result<Outcome, Error> {
        let (mut failed, mut refused) = (0, 0);
        loop {
            self.context.gate().await?;
            upload.has_progress = false;
            let step = Box::pin(self.attempt(upload)).await?;
            if upload.has_progress {
                (failed, refused) = (0, 0);
            }
            match step {
                Step::Finished(outcome) => return Ok(outcome),
                Step::Again => {}
                Step::Refused(error) => {
                    refused += 1;
                    if refused >= MAX_REFUSALS {
                        return Err(error);
                    }
                    self.retry(&upload.source.path, refused, &error, std::time::Duration::ZERO);
                }
                Step::Failed(error) => {
                    failed += 1;
                    if failed >= MAX_ATTEMPTS || !error.is_transient() {
                        return Err(error);
                    }
                    let wait = backoff::wait(failed, error.retry_after());
                    self.retry(&upload.source.path, failed, &error, wait);
                    tokio::time::sleep(wait).await;
                }
            }
        }
    }

    pub(crate) fn retry(&self, path: &str, attempt: u32, error: &Error, wait: std::time::Duration) {
        self.context.meter.retried();
        trace::retry(path, attempt, error);
        let path = || path.to_owned();
        self.context.meter.emit(|| Event::Retry { path: path(), attempt, wait, error: error.to_string() });
    }

    async fn attempt(&self, upload: &mut Upload) -> Result<Step, Error> {
        let (target, date) = match self.target(upload).await {
            Ok(target) => target,
            Err(error) => return Ok(Step::Failed(error.about(&upload.source.path))),
        };
        match target {
            ManualUploadTarget::Form(form) => self.form(upload, &form, date).await,
            ManualUploadTarget::Session(session) => self.session(upload, &session, date).await,
            _ => Err(refuse(upload, "the API returned an unknown kind of upload")),
        }
    }

    async fn target(&self, upload: &Upload) -> Result<(ManualUploadTarget, Option<SystemTime>), Error> {
        let size = upload.file.stamp.size;
        let mut request = CreateManualUploadUrl::new(&self.settings.name, &upload.source.path, size);
        if let Some(batch) = &self.batch {
            request = request.upload_protocol_version(2_u64).dataset_upload_uid(batch);
        }
        if let Some(organization) = &self.settings.organization {
            request = request.organization_uid(organization.clone());
        }
        // The same batch and path find the same session, and a form that is not used does nothing.
        let call = self.context.transfers.avala().datasets().create_manual_upload_url(&request).repeatable(true);
        let response = call.with_meta().await.map_err(Error::api)?;
        Ok((response.value, response.meta.date))
    }

    /// Version 1: a form, which replaces what is there.
    async fn form(&self, upload: &mut Upload, form: &FormUpload, date: Option<SystemTime>) -> Result<Step, Error> {
        let mut presigned = Presigned::new(&self.context, &form.url, [], date)?;
        let (around, content_type) = form::around(&form.fields, &upload.source.path)?;
        let content_type = HeaderValue::try_from(content_type).map_err(|_| refuse(upload, "invalid form"))?;
        presigned.headers.insert(CONTENT_TYPE, content_type);
        let put = self.send(upload, Method::POST, &presigned, around).await?;
        match put {
            Put::Stored(digest, _) => {
                upload.counted = upload.file.stamp.size;
                let print = Print { sha256: digest, part_size: 0 };
                self.check_unchanged(upload, print).await?;
                self.record_done(upload, print).await?;
                Ok(Step::Finished(Outcome::Sent))
            }
            Put::Exists => Ok(Step::Failed(refuse(upload, "the storage refused to replace the object (412)"))),
            Put::Expired => Ok(Step::Again),
            Put::Refused(error) => Ok(Step::Refused(error)),
            Put::Failed(error, _) => Ok(Step::Failed(error)),
        }
    }

    async fn session(
        &self,
        upload: &mut Upload,
        session: &ManualUploadSession,
        date: Option<SystemTime>,
    ) -> Result<Step, Error> {
        if uuid::Uuid::try_parse(session.upload_uid.as_str()).is_err() {
            return Err(refuse(upload, "the API returned an upload_uid that is no UUID"));
        }
        if upload.has_other_content {
            return Err(other_content(&upload.source));
        }
        match &session.method {
            Some(UploadMethod::Put) if session.complete => self.present(upload, session).await,
            Some(UploadMethod::Put) => self.put(upload, session, date).await,
            Some(UploadMethod::Multipart) => multipart::upload(self, upload, session).await,
            method => {
                let method = method.as_ref().map_or("none", UploadMethod::as_str);
                Err(refuse(upload, &format!("the API asks for the unknown transfer method `{method}`")))
            }
        }
    }

    async fn put(
        &self,
        upload: &mut Upload,
        session: &ManualUploadSession,
        date: Option<SystemTime>,
    ) -> Result<Step, Error> {
        let url = session.url.as_deref().ok_or_else(|| refuse(upload, "the API returned no URL"))?;
        let presigned = Presigned::new(&self.context, url, &session.headers, date)?;
        let stamp = upload.file.stamp;
        match self.send(upload, Method::PUT, &presigned, Around::default()).await? {
            Put::Stored(digest, _) => {
                let print = Print { sha256: digest, part_size: 0 };
                upload.known.released = Some((stamp, print));
                upload.has_progress = true;
                upload.counted = stamp.size;
                self.check_unchanged(upload, print).await?;
                self.complete(upload, &session.upload_uid, print, Outcome::Sent).await
            }
            Put::Exists => self.present(upload, session).await,
            Put::Expired => Ok(Step::Again),
            Put::Refused(error) => {
                self.forget_release(upload).await?;
                Ok(Step::Refused(error))
            }
            Put::Failed(error, maybe_stored) => {
                match maybe_stored {
                    Some(sha256) => upload.known.released = Some((stamp, Print { sha256, part_size: 0 })),
                    None => self.forget_release(upload).await?,
                }
                Ok(Step::Failed(error))
            }
        }
    }

    /// Undoes the record of a release that certainly did not arrive, unless an earlier one may have.
    async fn forget_release(&self, upload: &Upload) -> Result<(), Error> {
        let path = upload.source.path.clone();
        match upload.known.released {
            None => self.journal.append(&Record::Foreign { path }).await,
            Some((stamp, print)) => self.journal.append(&Record::Released { path, stamp, print }).await,
        }
    }

    /// The storage has an object of this name and size. It counts only if the state says that these bytes were sent.
    pub(crate) async fn present(&self, upload: &mut Upload, session: &ManualUploadSession) -> Result<Step, Error> {
        if let Some((_, print)) = upload.known.released {
            if !self.matches(upload, print).await? {
                return Err(other_content(&upload.source));
            }
            self.check_unchanged(upload, print).await?;
            return self.complete(upload, &session.upload_uid, print, Outcome::Skipped).await;
        }
        let path = upload.source.path.clone();
        self.journal.append(&Record::Foreign { path }).await?;
        if !self.settings.accept_unknown_content {
            return Err(unknown_content(&upload.source));
        }
        self.context.warn(format!("`{}` is present, and its content is unknown", upload.source.path));
        self.confirm(upload, &session.upload_uid).await
    }

    /// Calls `complete`, which compares the size, and records the file as done.
    pub(crate) async fn complete(
        &self,
        upload: &Upload,
        uid: &UploadUid,
        print: Print,
        outcome: Outcome,
    ) -> Result<Step, Error> {
        match self.confirm(upload, uid).await? {
            Step::Finished(_) => {
                self.record_done(upload, print).await?;
                Ok(Step::Finished(outcome))
            }
            other => Ok(other),
        }
    }

    async fn confirm(&self, upload: &Upload, uid: &UploadUid) -> Result<Step, Error> {
        let call = self.context.transfers.avala().uploads().complete(uid).repeatable(true);
        match call.await.map_err(Error::api) {
            Ok(_) => Ok(Step::Finished(Outcome::Skipped)),
            Err(error) if error.is_transient() => Ok(Step::Failed(error.about(&upload.source.path))),
            Err(error) => {
                let message = format!("the server does not confirm the stored object: {}", error.message());
                let mut out = Error::new(ErrorKind::Integrity, message).about(&upload.source.path);
                if let Some(status) = error.status() {
                    out = out.with_status(status);
                }
                Err(out
                    .help("run the same transfer again; if it fails again, use another dataset name")
                    .with_source(error))
            }
        }
    }

    async fn send(&self, upload: &Upload, method: Method, presigned: &Presigned, around: Around) -> Result<Put, Error> {
        let stamp = upload.file.stamp;
        let (journal, path) = (self.journal.clone(), upload.source.path.clone());
        let release: Release = Box::new(move |sha256| {
            Box::pin(async move {
                let print = Print { sha256, part_size: 0 };
                journal.append(&Record::Released { path, stamp, print }).await
            })
        });
        let part =
            Part { source: Arc::clone(&upload.source), file: Arc::clone(&upload.file), offset: 0, length: stamp.size };
        put::send(&self.context, method, presigned, part, around, release).await
    }

    async fn record_done(&self, upload: &Upload, print: Print) -> Result<(), Error> {
        let (path, stamp) = (upload.source.path.clone(), upload.source.stamp);
        self.journal.append(&Record::Done { path, stamp, print }).await
    }

    /// Fails if the file is not what was sent. Reads it again only if its stamp cannot prove it.
    pub(crate) async fn check_unchanged(&self, upload: &Upload, sent: Print) -> Result<(), Error> {
        let (file, source) = (Arc::clone(&upload.file), Arc::clone(&upload.source));
        let is_same = blocking(move || {
            let failed = |error| Error::io(ErrorKind::Source, "read it", &source.local, error);
            let is_same = file.is_unchanged().map_err(failed)?
                || (file.current_size().map_err(failed)? == file.stamp.size
                    && print_of(&file, sent.part_size).map_err(failed)? == Some(sent));
            Ok(is_same)
        });
        if is_same.await? {
            return Ok(());
        }
        self.spoil(upload).await
    }

    /// Records that what was sent is not what the file is, and fails.
    pub(crate) async fn spoil<T>(&self, upload: &Upload) -> Result<T, Error> {
        self.journal.append(&Record::Spoiled { path: upload.source.path.clone() }).await?;
        Err(spoiled(&upload.source))
    }

    /// Reads the file and compares it with a hash.
    pub(crate) async fn matches(&self, upload: &Upload, print: Print) -> Result<bool, Error> {
        let (file, source) = (Arc::clone(&upload.file), Arc::clone(&upload.source));
        blocking(move || {
            let own = print_of(&file, print.part_size);
            Ok(own.map_err(|error| Error::io(ErrorKind::Source, "read it", &source.local, error))? == Some(print))
        })
        .await
    }
}

/// Hashes a file, whole or in parts. Blocking. `None` if it became shorter.
pub(crate) fn print_of(file: &OpenFile, part_size: u64) -> std::io::Result<Option<Print>> {
    let size = file.stamp.size;
    if part_size == 0 {
        return Ok(file.hash(0, size)?.map(|sha256| Print { sha256, part_size }));
    }
    let mut digests = Vec::new();
    for offset in (0..size).step_by(usize::try_from(part_size).unwrap_or(usize::MAX)) {
        match file.hash(offset, part_size.min(size - offset))? {
            Some(digest) => digests.push(digest),
            None => return Ok(None),
        }
    }
    Ok(Some(print_of_parts(digests, part_size)))
}

/// The hash of the hashes of all parts, in order.
pub(crate) fn print_of_parts(digests: impl IntoIterator<Item = Digest>, part_size: u64) -> Print {
    let bytes: Vec<u8> = digests.into_iter().flat_map(|digest| *digest.as_bytes()).collect();
    Print { sha256: Digest::of(&bytes), part_size }
}

pub(crate) fn refuse(upload: &Upload, message: &str) -> Error {
    Error::new(ErrorKind::Protocol, message).about(&upload.source.path).help("report it to Avala")
}

fn spoiled(source: &SourceFile) -> Error {
    changed(source, "its content changed while it was sent, and its upload belongs to the first bytes")
        .help("let the file come to rest, then begin a new batch with `new_batch`, or use another dataset name")
}

fn other_content(source: &SourceFile) -> Error {
    Error::new(ErrorKind::ContentUnknown, "an earlier run sent other bytes under this name, and the storage keeps them")
        .about(&source.path)
        .help("rename the file, or use another dataset name")
}

fn unknown_content(source: &SourceFile) -> Error {
    Error::new(ErrorKind::ContentUnknown, "the storage has an object of this name that this state folder did not send")
        .about(&source.path)
        .help("use another dataset name, or accept the object with `accept_unknown_content`")
}
