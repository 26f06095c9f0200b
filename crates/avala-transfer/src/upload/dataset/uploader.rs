//! State, checks and confirmation that all protocols of dataset uploads share.

use std::sync::Arc;
use std::time::Duration;

use avala_types::{ManualUploadSession, UploadUid};

use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::progress::event::Event;
use crate::progress::meter::Meter;
use crate::run::{RunContext, blocking};
use crate::source::open::{OpenFile, changed};
use crate::source::walk::SourceFile;
use crate::state::journal::Journal;
use crate::trace;
use crate::upload::dataset::records::{FileState, Print, Record};
use crate::upload::dataset::settings::DatasetUpload;

/// Maximum number of attempts of a file without progress.
pub(crate) const MAX_ATTEMPTS: u32 = 8;
/// Maximum number of consecutive presigned URLs that the storage may refuse.
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

/// Outcome of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    Skipped,
}

/// Outcome of one attempt.
pub(crate) enum Step {
    Finished(Outcome),
    /// A URL expired before it was used: request a new one immediately.
    Again,
    /// The storage refused a presigned URL.
    Refused(Error),
    Failed(Error),
}

/// A file that is being uploaded.
pub(crate) struct Upload {
    pub(crate) source: Arc<SourceFile>,
    pub(crate) file: Arc<OpenFile>,
    pub(crate) known: FileState,
    /// Whether an earlier run stored other content, which only version 1 of the protocol replaces.
    pub(crate) has_other_content: bool,
    /// Whether this run sent the file.
    pub(crate) was_sent: bool,
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
    pub(crate) fn retry(&self, path: &str, attempt: u32, error: &Error, wait: Duration) {
        self.context.meter.retried();
        trace::retry(path, attempt, error);
        let path = || path.to_owned();
        self.context.meter.emit(|| Event::Retry { path: path(), attempt, wait, error: error.to_string() });
    }

    /// Accepts an existing object of this name and size only if the state shows that these bytes were sent.
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
        self.context.warn(format!("`{}` already exists, and its content is unknown", upload.source.path));
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
                Ok(Step::Finished(if upload.was_sent { Outcome::Sent } else { outcome }))
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

    pub(crate) async fn record_done(&self, upload: &Upload, print: Print) -> Result<(), Error> {
        let (path, stamp) = (upload.source.path.clone(), upload.source.stamp);
        self.journal.append(&Record::Done { path, stamp, print }).await
    }

    /// Fails if the file differs from the sent bytes. Reads the file again only if its stamp is not sufficient.
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

    /// Records that the sent bytes differ from the file, and fails.
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

/// Hashes a file, whole or in parts. Blocking. `None` if the file became shorter.
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

/// Returns the hash of the hashes of all parts, in order.
pub(crate) fn print_of_parts(digests: impl IntoIterator<Item = Digest>, part_size: u64) -> Print {
    let bytes: Vec<u8> = digests.into_iter().flat_map(|digest| *digest.as_bytes()).collect();
    Print { sha256: Digest::of(&bytes), part_size }
}

pub(crate) fn refuse(upload: &Upload, message: &str) -> Error {
    Error::new(ErrorKind::Protocol, message).about(&upload.source.path).help("report it to Avala")
}

pub(crate) fn spoiled(source: &SourceFile) -> Error {
    changed(source, "its content changed during the upload, which has to be restarted")
        .help("when the file no longer changes, start a new batch with `new_batch`, or use another dataset name")
}

pub(crate) fn other_content(source: &SourceFile) -> Error {
    Error::new(ErrorKind::ContentUnknown, "an earlier run sent other bytes under this name, and the storage keeps them")
        .about(&source.path)
        .help("rename the file, or use another dataset name")
}

fn unknown_content(source: &SourceFile) -> Error {
    Error::new(ErrorKind::ContentUnknown, "the storage has an object of this name that this state folder did not send")
        .about(&source.path)
        .help("use another dataset name, or accept the object with `accept_unknown_content`")
}
