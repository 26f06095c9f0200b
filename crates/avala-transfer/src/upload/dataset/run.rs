//! Runs a dataset upload, from the inventory to the created dataset.

use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;

use avala_types::Dataset;

use crate::error::{Error, ErrorKind, FileOutcome, Report};
use crate::progress::event::{Event, Phase};
use crate::run::{Run, RunContext, blocking};
use crate::source::walk::SourceFile;
use crate::state::folder::Destination;
use crate::state::journal::Journal;
use crate::trace;
use crate::transfers::Transfers;
use crate::upload::dataset::account::{self, Account};
use crate::upload::dataset::checks::{check_all_unchanged, check_keys, check_leftovers, check_quota};
use crate::upload::dataset::create::Creator;
use crate::upload::dataset::inventory::{Inventory, inventory};
use crate::upload::dataset::official;
use crate::upload::dataset::plan::{self, UploadPlan};
use crate::upload::dataset::records::{Creation, DatasetState, KIND, Record};
use crate::upload::dataset::settings::DatasetUpload;
use crate::upload::dataset::uploader::Uploader;
use crate::upload::dataset::workers::{conclude, report, transfer};

/// Report of a dataset upload.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatasetReport {
    /// The dataset; `None` if its creation was disabled.
    pub dataset: Option<Dataset>,
    /// Whether an earlier run created the dataset, so that this run sent nothing.
    pub was_created_before: bool,
    /// UUID of the batch; `None` with version 1 of the protocol.
    pub batch: Option<String>,
    /// Files, totals and warnings.
    pub files: Report,
}

/// A dataset upload that has not started. Returned by [`Transfers::upload_dataset`].
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

    /// Plans the upload without sending files or changing the server and the state folder.
    ///
    /// # Errors
    /// An error that would end the upload before its first byte, such as a file that cannot be uploaded, a taken slug,
    /// or a quota that is too small.
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

async fn run(context: RunContext, settings: Arc<DatasetUpload>) -> Result<DatasetReport, Error> {
    let avala = context.transfers.avala().clone();
    context.meter.emit(|| Event::Phase(Phase::Inventory));
    let Inventory { files, data_type } = inventory(&context.transfers, &settings).await?;
    context.meter.add_files(files.len() as u64, files.iter().map(|file| file.stamp.size).sum());
    let account = context.limit.within(account::find(&avala, settings.organization.as_ref())).await?;
    check_keys(&settings, &account, &files)?;
    let (_destination, journal, mut state) = open(&context, &settings, &account).await?;
    warn_of_official_client(&context, &settings).await?;

    if let Creation::Created { uid } = &state.creation
        && !settings.new_batch
    {
        return finished_before(&context, &settings, uid, &state, &files).await;
    }
    // A creation with an unknown outcome comes first, because a new batch must not forget it.
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
            context.limit.within(creator.check_free()).await?;
        }
    }
    check_leftovers(&settings, &state, &files)?;
    context.limit.within(check_quota(&avala, &settings, &state, &files)).await?;

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
    if let Err(error) = context.gate().await {
        return Err(error.with_report(report));
    }
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
    let control = context.control.clone();
    blocking(move || {
        let identity = account::Destination { base_url, account: &account, dataset_name: &name };
        let destination = folder.lock(KIND, &identity, &name, &control)?;
        let (journal, records) = Journal::of::<Record>(&destination, KIND)?;
        let count = records.len();
        let state = DatasetState::replay(records);
        let compact = state.to_records();
        if compact.len() * 2 >= count {
            return Ok((destination, journal, state));
        }
        drop(journal);
        Journal::rewrite(&destination.journal, KIND, &destination.key, &compact)?;
        let (journal, _) = Journal::of::<Record>(&destination, KIND)?;
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

/// Reports a dataset that was already created, or fails if the files differ from those of the dataset.
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
            format!("the dataset {uid} was already created without this file"),
        )
        .about(&other.path)
        .help("upload to a dataset with another name"));
    }
    let dataset = context.transfers.avala().datasets().get(uid).await.map_err(|error| {
        let is_gone = error.is_not_found();
        let error = Error::api(error).about(&settings.name);
        if is_gone { error.help("it was deleted; start again with `new_batch`") } else { error }
    })?;
    if dataset.slug != settings.slug {
        return Err(Error::new(ErrorKind::Conflict, format!("it was created with the slug `{}`", dataset.slug))
            .about(&settings.name)
            .help("use that slug, or upload to a dataset with another name"));
    }
    let report = report(context, files, |_| FileOutcome::Skipped);
    finish(context, settings, dataset, true, state.batch.clone(), report).await
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
        let waiting = async {
            datasets.wait(&dataset.uid).timeout(timeout).await.map_err(|error| {
                Error::api(error)
                    .about(dataset.uid.as_str())
                    .help("the dataset was created; wait for it with `datasets().wait`")
            })
        };
        match context.limit.within(waiting).await {
            Ok(ready) => dataset = ready,
            Err(error) => return Err(error.about(dataset.uid.as_str()).with_report(report)),
        }
    }
    report.warnings.extend(context.take_warnings());
    Ok(DatasetReport { dataset: Some(dataset), was_created_before, batch, files: report })
}
