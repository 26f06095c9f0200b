//! Starts the upload of a recording and selects its protocol.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::Error;
use crate::progress::event::{Event, Phase};
use crate::run::{Run, RunContext, blocking};
use crate::state::journal::Journal;
use crate::trace;
use crate::transfers::Transfers;
use crate::upload::dataset::base_url;
use crate::upload::recording::opened::{Identity, Opened, RecordingReport, inventory};
use crate::upload::recording::plan::{self, RecordingPlan};
use crate::upload::recording::records::{KIND, Record, RecordingState};
use crate::upload::recording::settings::RecordingUpload;
use crate::upload::recording::{account, managed, official, plain};

/// The upload of a recording that has not started. Returned by [`Transfers::upload_recording`].
///
/// Await it, or [`start`](Self::start) it to watch and control the run.
#[derive(Debug)]
#[must_use = "a transfer does nothing until it is awaited or started"]
pub struct RecordingTransfer {
    transfers: Transfers,
    upload: RecordingUpload,
}

impl Transfers {
    /// Uploads the files of a fleet recording.
    ///
    /// # Errors
    /// Every [`ErrorKind`](crate::ErrorKind) of uploads. [`ErrorKind::Stuck`](crate::ErrorKind::Stuck) means that the
    /// upload of the recording cannot be completed, and its remedy says what to do.
    pub fn upload_recording(&self, upload: RecordingUpload) -> RecordingTransfer {
        RecordingTransfer { transfers: self.clone(), upload }
    }
}

impl RecordingTransfer {
    /// Starts the upload as a task of the current Tokio runtime.
    pub fn start(self) -> Run<RecordingReport> {
        let context = RunContext::new(&self.transfers, self.upload.run);
        Run::start(context, |context| trace::transfer("recording upload", run(context, self.upload)))
    }

    /// Plans the upload without sending files or changing the server and the state folder.
    ///
    /// # Errors
    /// An error that would end the upload before its first byte, such as a file that cannot be uploaded.
    pub async fn plan(self) -> Result<RecordingPlan, Error> {
        plan::plan(&self.transfers, self.upload).await
    }
}

impl IntoFuture for RecordingTransfer {
    type Output = Result<RecordingReport, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.start().await })
    }
}

async fn run(context: RunContext, settings: RecordingUpload) -> Result<RecordingReport, Error> {
    context.meter.emit(|| Event::Phase(Phase::Inventory));
    let recording = settings.recording.to_string();
    let opened = open(context, settings).await.map_err(|error| error.about(&recording))?;
    let result = match opened.settings.is_managed {
        true => Box::pin(managed::run(opened)).await,
        false => Box::pin(plain::run(opened)).await,
    };
    result.map_err(|error| error.about(&recording))
}

async fn open(context: RunContext, settings: RecordingUpload) -> Result<Opened, Error> {
    let recording = settings.recording.to_string();
    let files = inventory(&context.transfers, &settings).await?;
    context.meter.add_files(files.len() as u64, files.iter().map(|file| file.stamp.size).sum());
    let user = account::user(context.transfers.avala()).await?;
    let base_url = base_url(context.transfers.avala());
    warn_of_official_client(&context, &base_url, &recording).await?;
    let (folder, control) = (context.transfers.state().clone(), context.control.clone());
    let (destination, journal, records) = blocking(move || {
        let identity = Identity { base_url, recording: recording.clone() };
        let destination = folder.lock(KIND, &identity, &recording, &control)?;
        let (journal, records) = Journal::of::<Record>(&destination, KIND)?;
        Ok((destination, journal, records))
    })
    .await?;
    let mut state = RecordingState::replay(records);
    // Before the first request of a session, the files may still change.
    if !state.is_manifest_complete || (state.session.is_none() && !state.is_initializing) {
        state = RecordingState::default();
    }
    let files = files.into_iter().map(Arc::new).collect();
    let opened = Opened { context, settings, files, user, journal, state, destination };
    opened.check_same()?;
    Ok(opened)
}

async fn warn_of_official_client(context: &RunContext, base_url: &str, recording: &str) -> Result<(), Error> {
    let Some(folder) = context.transfers.official_state().cloned() else { return Ok(()) };
    let (base_url, recording) = (base_url.to_owned(), recording.to_owned());
    if let Some(name) = blocking(move || Ok(official::receipt(&folder, &base_url, &recording))).await? {
        context.warn(format!("the official client has a receipt of this recording: `{name}`"));
    }
    Ok(())
}
