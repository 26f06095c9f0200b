//! The run of a dataset upload, from the inventory to the created dataset.

use std::collections::HashSet;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use avala_client::Avala;
use avala_types::{DataType, Dataset};
use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind};
use crate::progress::event::{Event, Phase};
use crate::progress::report::{FileOutcome, FileReport, Report};
use crate::run::{Run, RunContext, blocking};
use crate::source::stamp::Stamp;
use crate::source::walk::{self, SourceFile};
use crate::state::folder::Destination;
use crate::state::journal::Journal;
use crate::trace;
use crate::transfers::Transfers;
use crate::upload::dataset::account::{self, Account};
use crate::upload::dataset::create::Creator;
use crate::upload::dataset::data_type;
use crate::upload::dataset::file::{Outcome, Uploader};
use crate::upload::dataset::official;
use crate::upload::dataset::plan::{self, UploadPlan};
use crate::upload::dataset::records::{Creation, DatasetState, KIND, Record};
use crate::upload::dataset::settings::{DatasetUpload, OnFailure};

/// Files that are prepared while the upload slots are taken, so that no slot waits for a call of the API.
const PREPARED: usize = 4;

/// Report of a dataset upload.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatasetReport {
    /// The dataset; `None` if none was to be created.
    pub dataset: Option<Dataset>,
    /// Whether an earlier run created it: nothing was sent.
    pub was_created_before: bool,
    /// UUID of the batch; `None` with version 1 of the protocol.
    pub batch: Option<String>,
    /// Files, totals and warnings.
    pub files: Report,
}

/// A dataset upload that was not started. Returned by [`Transfers::upload_dataset`].
///
/// Await it, or [`start`](Self::start) it to watch and control the run. [`plan`](Self::plan) is a dry run.
#[derive(Debug)]
#[must_use = "a transfer does nothing until it is awaited or started"]
pub struct DatasetTransfer {
    transfers: Transfers,
    upload: DatasetUpload,
}

impl Transfers {
    /// Uploads files and folders that become a dataset.
    ///
    /// # Errors
    /// Every [`ErrorKind`] of uploads. [`Error::report`] has what the run did before; the next run of the same upload
    /// continues there. A dataset is created at most once: if that is uncertain, the error is
    /// [`ErrorKind::Undecided`].
    pub fn upload_dataset(&self, upload: DatasetUpload) -> DatasetTransfer {
        DatasetTransfer { transfers: self.clone(), upload }
    }
}

impl DatasetTransfer {
    /// Starts the upload as a task of the current Tokio runtime.
    pub fn start(self) -> Run<DatasetReport> {
        let context = RunContext::new(&self.transfers, self.upload.run);
        Run::start(context, |context| trace::transfer("dataset upload", run(context, Arc::new(self.upload))))
    }

    /// Returns what the upload would do, and sends no file. It changes neither the server nor the state folder.
    ///
    /// # Errors
    /// What would end the upload before its first byte, such as a file that cannot be uploaded, a taken slug, or a
    /// quota that does not suffice.
    pub async fn plan(self) -> Result<UploadPlan, Error> {
        plan::plan(&self.transfers, self.upload).await
    }
}

impl IntoFuture for DatasetTransfer {
    type Output = Result<DatasetReport, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.start().await })
    }
}

/// The files of an upload and what they are.
#[derive(Debug)]
pub(crate) struct Inventory {
    pub(crate) files: Vec<SourceFile>,
    pub(crate) data_type: DataType,
}

pub(crate) async fn inventory(transfers: &Transfers, settings: &DatasetUpload) -> Result<Inventory, Error> {
    if settings.name.trim().is_empty() {
        return Err(Error::new(ErrorKind::Configuration, "the dataset has no name").help("set a display name"));
    }
    let mut options = settings.walk.clone();
    options.forbidden = Some(transfers.state().path().to_owned());
    let sources = settings.sources.clone();
    let files = blocking(move || walk::files(&sources, &options)).await?;
    if files.is_empty() {
        let mut error = Error::new(ErrorKind::Source, "there are no files to upload");
        if let Some(source) = settings.sources.first() {
            error = error.about_path(source);
        }
        return Err(error.help("add a source that has files"));
    }
    let paths = files.iter().map(|file| file.path.as_str());
    let data_type =
        data_type::of_files(paths, settings.data_type.as_ref()).map_err(|error| error.about(&settings.name))?;
    Ok(Inventory { files, data_type })
}

async fn run(context: RunContext, settings: Arc<DatasetUpload>) -> Result<DatasetReport, Error> {
    let avala = context.transfers.avala().clone();
    context.meter.emit(|| Event::Phase(Phase::Inventory));
    let Inventory { files, data_type } = inventory(&context.transfers, &settings).await?;
    context.meter.add_files(files.len() as u64, files.iter().map(|file| file.stamp.size).sum());
    let account = account::find(&avala, settings.organization.as_ref()).await?;
    let (_destination, journal, mut state) = open(&context, &settings, &account).await?;
    warn_of_official_client(&context, &settings).await?;

    if let Creation::Created { uid } = &state.creation
        && !settings.new_batch
    {
        return finished_before(&context, &settings, uid, &state, &files).await;
    }
    // A creation whose outcome is unknown comes first: a new batch must not forget it.
    let is_pending = matches!(state.creation, Creation::Creating { .. });
    if settings.protocol_version > 1 && (state.batch.is_none() || (settings.new_batch && !is_pending)) {
        let uid = uuid::Uuid::new_v4().to_string();
        journal.append(&Record::Batch { uid: uid.clone() }).await?;
        let mut records = state.to_records();
        records.push(Record::Batch { uid });
        state = DatasetState::replay(records);
    }
    let batch = state.batch.clone().filter(|_| settings.protocol_version > 1);
    let creator = Creator {
        context: &context,
        settings: &settings,
        account: &account,
        data_type: &data_type,
        batch: batch.as_deref(),
        journal: &journal,
    };
    if settings.create {
        if let Some(dataset) = creator.resume(&state.creation).await? {
            let report = report(&context, &files, |_| FileOutcome::Skipped);
            return finish(&context, &settings, dataset, false, batch.clone(), report).await;
        }
        if !is_pending {
            creator.check_free().await?;
        }
    }
    check_leftovers(&settings, &state, &files)?;
    check_quota(&avala, &settings, &state, &files).await?;

    context.meter.emit(|| Event::Phase(Phase::Transfer));
    let uploader = Uploader {
        context: context.clone(),
        settings: Arc::clone(&settings),
        batch: batch.clone(),
        journal: journal.clone(),
    };
    let outcomes = transfer(Arc::new(uploader), &files, &mut state).await;
    let report = conclude(&context, &files, outcomes)?;
    if !settings.create {
        return Ok(DatasetReport { dataset: None, was_created_before: false, batch, files: report });
    }
    context.meter.emit(|| Event::Phase(Phase::Verify));
    if let Err(error) = check_all_unchanged(&files).await {
        return Err(error.with_report(report));
    }
    context.meter.emit(|| Event::Phase(Phase::Finish));
    match creator.create().await {
        Ok(dataset) => finish(&context, &settings, dataset, false, batch.clone(), report).await,
        Err(error) => Err(error.with_report(report)),
    }
}

/// Locks the destination and reads its state.
async fn open(
    context: &RunContext,
    settings: &DatasetUpload,
    account: &Account,
) -> Result<(Destination, Journal, DatasetState), Error> {
    let (folder, name) = (context.transfers.state().clone(), settings.name.clone());
    let (base_url, account) = (account::base_url(context.transfers.avala()), account.id.clone());
    blocking(move || {
        let identity = account::Destination { base_url, account: &account, dataset_name: &name };
        let destination = folder.lock(KIND, &identity, &name)?;
        let (journal, records) = Journal::open::<Record>(&destination.journal, KIND, &destination.key)?;
        let count = records.len();
        let state = DatasetState::replay(records);
        let compact = state.to_records();
        if compact.len() * 2 >= count {
            return Ok((destination, journal, state));
        }
        drop(journal);
        Journal::rewrite(&destination.journal, KIND, &destination.key, &compact)?;
        let (journal, _) = Journal::open::<Record>(&destination.journal, KIND, &destination.key)?;
        Ok((destination, journal, state))
    })
    .await
}

async fn warn_of_official_client(context: &RunContext, settings: &DatasetUpload) -> Result<(), Error> {
    let Some(folder) = context.transfers.official_state().cloned() else { return Ok(()) };
    let name = settings.name.clone();
    for batch in blocking(move || Ok(official::live_batches(&folder, &name))).await? {
        context.warn(format!("the official client has an unfinished upload of this dataset: `{batch}`"));
    }
    Ok(())
}

/// The dataset exists already: reports it, unless the files are other ones.
async fn finished_before(
    context: &RunContext,
    settings: &DatasetUpload,
    uid: &str,
    state: &DatasetState,
    files: &[SourceFile],
) -> Result<DatasetReport, Error> {
    let is_done = |file: &SourceFile| {
        let done = state.files.get(&file.path).and_then(|state| state.done);
        done.is_some_and(|(stamp, _)| stamp == file.stamp)
    };
    if let Some(other) = files.iter().find(|file| !is_done(file)) {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("the dataset {uid} was created, and this file is not part of it"),
        )
        .about(&other.path)
        .help("upload to a dataset of another name"));
    }
    let dataset = context.transfers.avala().datasets().get(uid).await.map_err(|error| {
        let is_gone = error.is_not_found();
        let error = Error::api(error).about(&settings.name);
        if is_gone { error.help("it was deleted; begin anew with `new_batch`") } else { error }
    })?;
    if dataset.slug != settings.slug {
        return Err(Error::new(ErrorKind::Conflict, format!("it was created with the slug `{}`", dataset.slug))
            .about(&settings.name)
            .help("use that slug, or upload to a dataset of another name"));
    }
    let report = report(context, files, |_| FileOutcome::Skipped);
    finish(context, settings, dataset, true, state.batch.clone(), report).await
}

/// Files of earlier runs that are gone would become part of the dataset.
fn check_leftovers(settings: &DatasetUpload, state: &DatasetState, files: &[SourceFile]) -> Result<(), Error> {
    if settings.allow_leftovers || settings.walk.only.is_some() {
        return Ok(());
    }
    let present: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let is_left = |path: &&String| !present.contains(path.as_str()) && state.may_be_stored(path);
    let mut left: Vec<_> = state.files.keys().filter(is_left).collect();
    left.sort();
    let Some(first) = left.first() else { return Ok(()) };
    let message = format!("{} files were sent by earlier runs and are not in the source any more", left.len());
    Err(Error::new(ErrorKind::Conflict, message).about(first).help(
        "they would be part of the dataset, and no call deletes them: put them back, use another dataset name, or allow \
         them with `allow_leftovers`",
    ))
}

/// Fails if the files that are left exceed the whole quota. The server decides on each file, so a quota that cannot be read
/// is ignored, and so is what is used: a resumed upload counts its own reservations there.
async fn check_quota(
    avala: &Avala,
    settings: &DatasetUpload,
    state: &DatasetState,
    files: &[SourceFile],
) -> Result<(), Error> {
    let is_done = |file: &&SourceFile| state.files.get(&file.path).is_some_and(|state| state.done.is_some());
    let bytes: u64 = files.iter().filter(|file| !is_done(file)).map(|file| file.stamp.size).sum();
    let mut call = avala.datasets().manual_upload_quota();
    if let Some(organization) = &settings.organization {
        call = call.organization(organization.clone());
    }
    let Ok(quota) = call.await else { return Ok(()) };
    if bytes <= quota.limit {
        return Ok(());
    }
    let message = format!("the files have {bytes} bytes, and the storage quota is {} bytes in all", quota.limit);
    Err(Error::new(ErrorKind::QuotaExceeded, message)
        .about(&settings.name)
        .help("upload fewer files, or ask for a larger quota"))
}

/// Uploads all files. The outcomes are in the order of the files; `None` was not begun.
async fn transfer(
    uploader: Arc<Uploader>,
    files: &[SourceFile],
    state: &mut DatasetState,
) -> Vec<Option<Result<Outcome, Error>>> {
    let mut outcomes: Vec<Option<Result<Outcome, Error>>> = Vec::new();
    outcomes.resize_with(files.len(), || None);
    let mut waiting = files.iter().cloned().enumerate();
    let mut tasks = JoinSet::new();
    let at_once = uploader.context.transfers.max_uploads() + PREPARED;
    let mut is_ending = false;
    loop {
        while tasks.len() < at_once && !is_ending {
            let Some((index, file)) = waiting.next() else { break };
            let known = state.files.remove(&file.path).unwrap_or_default();
            let uploader = Arc::clone(&uploader);
            tasks.spawn(async move { (index, Box::pin(one(&uploader, file, known)).await) });
        }
        let Some(joined) = tasks.join_next().await else { return outcomes };
        let (index, outcome) = match joined {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => continue,
        };
        let ends = outcome
            .as_ref()
            .err()
            .is_some_and(|error| uploader.settings.on_failure == OnFailure::Stop || ends_run(error));
        if ends && !is_ending {
            is_ending = true;
            let can_finish = outcome
                .as_ref()
                .err()
                .is_some_and(|error| matches!(error.kind(), ErrorKind::LimitReached | ErrorKind::QuotaExceeded));
            if !can_finish {
                // What they sent so far is recorded, or will be found by the next run.
                tasks.abort_all();
            }
        }
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }
}

async fn one(
    uploader: &Uploader,
    file: SourceFile,
    known: crate::upload::dataset::records::FileState,
) -> Result<Outcome, Error> {
    let meter = &uploader.context.meter;
    let (path, size) = (file.path.clone(), file.stamp.size);
    meter.emit(|| Event::FileStarted { path: path.clone(), size });
    let result = trace::file(&path, size, uploader.upload(file, known)).await.map_err(|error| error.about(&path));
    match &result {
        Ok(Outcome::Sent) => {
            meter.file_done();
            meter.emit(|| Event::FileDone { path, bytes: size });
        }
        Ok(Outcome::Skipped) => {
            meter.file_skipped();
            meter.emit(|| Event::FileSkipped { path });
        }
        Err(error) => {
            meter.file_failed();
            meter.emit(|| Event::FileFailed { path, error: error.to_string() });
        }
    }
    result
}

/// Whether no other file can fare better.
fn ends_run(error: &Error) -> bool {
    let is_denied =
        matches!(error.status().map(|status| status.as_u16()), Some(401 | 403)) && error.api_error().is_some();
    is_denied
        || matches!(
            error.kind(),
            ErrorKind::QuotaExceeded
                | ErrorKind::Canceled
                | ErrorKind::LimitReached
                | ErrorKind::Io
                | ErrorKind::State
                | ErrorKind::StorageHost
                | ErrorKind::Configuration
        )
}

/// Makes the report, and an error if a file is missing.
fn conclude(
    context: &RunContext,
    files: &[SourceFile],
    outcomes: Vec<Option<Result<Outcome, Error>>>,
) -> Result<Report, Error> {
    let missing = outcomes.iter().filter(|outcome| !matches!(outcome, Some(Ok(_)))).count();
    let failed = outcomes.iter().flatten().filter_map(|outcome| outcome.as_ref().err());
    // The error that ended the run says most; else the first one.
    let decisive = failed.clone().find(|error| ends_run(error)).or_else(|| failed.clone().next()).map(|error| {
        let is_only = missing == 1 || ends_run(error);
        let kind = if is_only { error.kind() } else { ErrorKind::Incomplete };
        let others = if is_only {
            String::new()
        } else {
            format!("{missing} of {} files are missing; the first: ", files.len())
        };
        let mut summary = Error::new(kind, format!("{others}{}", error.message()))
            .about(error.subject().unwrap_or_default())
            .help(error.help_text().unwrap_or("run the same transfer again: it continues"));
        if let Some(status) = error.status() {
            summary = summary.with_status(status);
        }
        if failed.clone().all(Error::is_transient) { summary.transient() } else { summary }
    });
    let mut outcomes = outcomes.into_iter();
    let report = report(context, files, |_| match outcomes.next().flatten() {
        Some(Ok(Outcome::Sent)) => FileOutcome::Transferred,
        Some(Ok(Outcome::Skipped)) => FileOutcome::Skipped,
        Some(Err(error)) => FileOutcome::Failed(error),
        None => FileOutcome::NotStarted,
    });
    match decisive {
        None if missing == 0 => Ok(report),
        None => Err(Error::aborted().with_report(report)),
        Some(error) => Err(error.with_report(report)),
    }
}

fn report(context: &RunContext, files: &[SourceFile], mut outcome: impl FnMut(&SourceFile) -> FileOutcome) -> Report {
    let totals = context.meter.totals();
    let file =
        |file: &SourceFile| FileReport { path: file.path.clone(), size: file.stamp.size, outcome: outcome(file) };
    Report {
        files: files.iter().map(file).collect(),
        totals,
        elapsed: totals.elapsed,
        warnings: context.take_warnings(),
    }
}

/// Compares the stamps of all files with those that were found first: the dataset must be what the source is.
async fn check_all_unchanged(files: &[SourceFile]) -> Result<(), Error> {
    let files = files.to_vec();
    blocking(move || {
        for file in &files {
            let metadata = std::fs::metadata(&file.local);
            let is_same = metadata.as_ref().is_ok_and(|metadata| {
                let stamp = Stamp::of(metadata);
                stamp.size == file.stamp.size && stamp.modified == file.stamp.modified
            });
            if !is_same {
                return Err(crate::source::open::changed(file, "it changed after it was sent"));
            }
        }
        Ok(())
    })
    .await
}

/// Waits until the dataset is ready.
async fn finish(
    context: &RunContext,
    settings: &DatasetUpload,
    dataset: Dataset,
    was_created_before: bool,
    batch: Option<String>,
    mut report: Report,
) -> Result<DatasetReport, Error> {
    let mut dataset = dataset;
    if let Some(timeout) = settings.wait {
        context.meter.emit(|| Event::Phase(Phase::Wait));
        let datasets = context.transfers.avala().datasets();
        match datasets.wait(&dataset.uid).timeout(timeout).await {
            Ok(ready) => dataset = ready,
            Err(error) => {
                let error = Error::api(error).about(dataset.uid.as_str());
                return Err(error
                    .help("the dataset was created; wait for it with `datasets().wait`")
                    .with_report(report));
            }
        }
    }
    report.warnings.extend(context.take_warnings());
    Ok(DatasetReport { dataset: Some(dataset), was_created_before, batch, files: report })
}
