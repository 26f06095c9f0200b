//! Opens an upload: finds its files, locks the recording, and reads the state.

use std::sync::Arc;

use avala_types::{DatasetUid, FleetRecording, RecordingUid, StorageConfigUid};
use serde::Serialize;

use crate::error::{Error, ErrorKind, FileOutcome, FileReport, Report};
use crate::hash::Digest;
use crate::run::{RunContext, blocking};
use crate::source::walk::{self, SourceFile, WalkOptions};
use crate::state::folder::Destination;
use crate::state::journal::Journal;
use crate::transfers::Transfers;
use crate::upload::recording::names;
use crate::upload::recording::records::{Protocol, Record, RecordingState};
use crate::upload::recording::settings::RecordingUpload;

/// Report of a recording's upload.
#[derive(Debug)]
#[non_exhaustive]
pub struct RecordingReport {
    /// UID of the recording.
    pub recording_uid: RecordingUid,
    /// The recording, if the run waited until it was ready.
    pub recording: Option<FleetRecording>,
    /// UID of the upload session.
    pub session_uid: String,
    /// Dataset that a managed upload was published as, if the run waited for the publication.
    pub dataset_uid: Option<DatasetUid>,
    /// Files, totals and warnings.
    pub files: Report,
}

/// Identity of the state of a recording.
#[derive(Serialize)]
pub(crate) struct Identity {
    pub(crate) base_url: String,
    pub(crate) recording: String,
}

/// An upload whose recording is locked and whose state is read.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) context: RunContext,
    pub(crate) settings: RecordingUpload,
    pub(crate) files: Vec<Arc<SourceFile>>,
    pub(crate) user: String,
    pub(crate) journal: Journal,
    pub(crate) state: RecordingState,
    #[expect(dead_code, reason = "held for its lock")]
    pub(crate) destination: Destination,
}

/// Checks the settings and finds the files.
pub(crate) async fn inventory(transfers: &Transfers, settings: &RecordingUpload) -> Result<Vec<SourceFile>, Error> {
    let recording = settings.recording.as_str();
    if settings.is_managed {
        let is_canonical = uuid::Uuid::try_parse(recording).is_ok_and(|uuid| uuid.to_string() == recording);
        if !is_canonical || settings.storage_config.is_some() {
            let message = "a managed upload needs the recording's UUID in lower case, and takes no storage config";
            return Err(Error::new(ErrorKind::Configuration, message).help("correct the settings"));
        }
    }
    let options = WalkOptions {
        skip_hidden: settings.skip_hidden,
        forbidden: Some(transfers.state().path().to_owned()),
        ..WalkOptions::default()
    };
    let source = settings.source.clone();
    let files = blocking(move || walk::files(&[source], &options)).await?;
    if settings.is_managed {
        names::check_managed(&files)?;
    } else {
        names::check_plain(&files)?;
    }
    Ok(files)
}

impl Opened {
    pub(crate) fn protocol(&self) -> Protocol {
        if self.settings.is_managed { Protocol::Managed } else { Protocol::Plain }
    }

    /// Appends a record and applies it.
    pub(crate) async fn record(&mut self, record: Record) -> Result<(), Error> {
        self.journal.append(&record).await?;
        self.state.apply(record);
        Ok(())
    }

    /// Records the manifest. The hashes are in the order of the files.
    pub(crate) async fn begin(&mut self, hashes: Vec<Option<Digest>>) -> Result<(), Error> {
        self.record(Record::Begin {
            protocol: self.protocol(),
            user: self.user.clone(),
            storage_config: self.settings.storage_config.as_ref().map(ToString::to_string),
            source: self.settings.source.display().to_string(),
        })
        .await?;
        let count = self.files.len() as u64;
        let mut hashes = hashes.into_iter();
        let mut appends = Vec::new();
        for file in self.files.clone() {
            let record =
                Record::File { path: file.path.clone(), size: file.stamp.size, sha256: hashes.next().flatten() };
            appends.push(record);
        }
        self.journal.append_all(&appends).await?;
        for record in appends {
            self.state.apply(record);
        }
        self.record(Record::Manifest { files: count }).await
    }

    /// Fails if the state is of other files, another user or another protocol.
    pub(crate) fn check_same(&self) -> Result<(), Error> {
        let Some(begin) = &self.state.begin else { return Ok(()) };
        let refused = |message: String, help: &str| Err(Error::new(ErrorKind::Conflict, message).help(help));
        if begin.protocol != self.protocol() {
            let help = "a recording cannot change its protocol: continue with the other one, or use another recording";
            return refused(
                format!("its upload was started with the {:?} protocol", begin.protocol).to_lowercase(),
                help,
            );
        }
        if begin.user != self.user {
            let help = "use a key of the user who started it, or another recording";
            return refused("its upload was started by another user".to_owned(), help);
        }
        if begin.storage_config.as_deref() != self.settings.storage_config.as_ref().map(StorageConfigUid::as_str) {
            return refused("its upload was started with another storage config".to_owned(), "use that storage config");
        }
        let is_same = |file: &Arc<SourceFile>| {
            self.state.files.get(&file.path).is_some_and(|known| known.size == file.stamp.size)
        };
        let other = self.files.iter().find(|file| !is_same(file));
        if other.is_some() || self.files.len() != self.state.files.len() {
            let from = format!("the files differ from those at the start of the upload, from {}", begin.source);
            let error = Error::new(ErrorKind::Conflict, from).help("restore the files, or use another recording");
            return Err(match other {
                Some(file) => error.about(&file.path),
                None => error,
            });
        }
        Ok(())
    }

    /// Returns the UID of the session; empty before it is known.
    pub(crate) fn session(&self) -> String {
        self.state.session.as_ref().map(|(uid, _)| uid.clone()).unwrap_or_default()
    }

    pub(crate) fn report(&self, mut outcome: impl FnMut(&SourceFile) -> FileOutcome) -> Report {
        let totals = self.context.meter.totals();
        let file = |file: &Arc<SourceFile>| FileReport {
            path: file.path.clone(),
            size: file.stamp.size,
            outcome: outcome(file),
        };
        let files = self.files.iter().map(file).collect();
        Report { files, totals, elapsed: totals.elapsed, warnings: self.context.take_warnings() }
    }
}

/// Creates the error of an upload that cannot be continued.
pub(crate) fn stuck(message: &str) -> Error {
    Error::new(ErrorKind::Stuck, message).help("create another recording and upload the files to it")
}
