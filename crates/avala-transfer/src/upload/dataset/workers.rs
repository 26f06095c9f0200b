//! Uploads the files of a dataset, several at once, and reports the outcome of each.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::error::{Error, ErrorKind, FileOutcome, FileReport, Report};
use crate::progress::event::Event;
use crate::run::RunContext;
use crate::source::walk::SourceFile;
use crate::trace;
use crate::upload::dataset::records::{DatasetState, FileState};
use crate::upload::dataset::settings::OnFailure;
use crate::upload::dataset::uploader::{Outcome, Uploader};

/// Number of concurrent files per upload slot: while a file is sent, the URL of the next file is requested and the
/// previous file is confirmed, so that no slot waits for a call of the API.
const FILES_PER_SLOT: usize = 3;

/// Uploads all files. The outcomes are in the order of the files; `None` for a file that was not started.
pub(crate) async fn transfer(
    uploader: Arc<Uploader>,
    files: &[SourceFile],
    state: &mut DatasetState,
) -> Vec<Option<Result<Outcome, Error>>> {
    let mut outcomes: Vec<Option<Result<Outcome, Error>>> = Vec::new();
    outcomes.resize_with(files.len(), || None);
    let mut waiting = files.iter().cloned().enumerate();
    let mut tasks = JoinSet::new();
    let at_once = uploader.context.transfers.max_uploads() * FILES_PER_SLOT;
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
                // Their progress is recorded, or will be found by the next run.
                tasks.abort_all();
            }
        }
        if let Some(slot) = outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }
}

async fn one(uploader: &Uploader, file: SourceFile, known: FileState) -> Result<Outcome, Error> {
    let meter = &uploader.context.meter;
    let (path, size) = (file.path.clone(), file.stamp.size);
    meter.emit(|| Event::FileStarted { path: path.clone(), size });
    let upload = trace::file(&path, size, uploader.upload(file, known));
    let result = uploader.context.limit.within(upload).await.map_err(|error| error.about(&path));
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

/// Returns whether every other file would fail with the same error.
fn ends_run(error: &Error) -> bool {
    let is_denied =
        matches!(error.status().map(|status| status.as_u16()), Some(401 | 403)) && error.api_error().is_some();
    is_denied
        || matches!(
            error.kind(),
            ErrorKind::QuotaExceeded
                | ErrorKind::Cancelled
                | ErrorKind::LimitReached
                | ErrorKind::Io
                | ErrorKind::State
                | ErrorKind::StorageHost
                | ErrorKind::Configuration
        )
}

/// Creates the report, or an error if a file is missing.
pub(crate) fn conclude(
    context: &RunContext,
    files: &[SourceFile],
    outcomes: Vec<Option<Result<Outcome, Error>>>,
) -> Result<Report, Error> {
    let missing = outcomes.iter().filter(|outcome| !matches!(outcome, Some(Ok(_)))).count();
    let failed = outcomes.iter().flatten().filter_map(|outcome| outcome.as_ref().err());
    // Report the error that ended the run, or else the first one.
    let decisive = failed.clone().find(|error| ends_run(error)).or_else(|| failed.clone().next()).map(|error| {
        let is_only = missing == 1 || ends_run(error);
        let kind = if is_only { error.kind() } else { ErrorKind::Incomplete };
        let others = if is_only {
            String::new()
        } else {
            format!("{missing} of {} files are missing; the first one: ", files.len())
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

pub(crate) fn report(
    context: &RunContext,
    files: &[SourceFile],
    mut outcome: impl FnMut(&SourceFile) -> FileOutcome,
) -> Report {
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
