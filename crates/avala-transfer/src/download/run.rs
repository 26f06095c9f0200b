//! Runs a download to files.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::context::Context;
use super::listing::{Listed, Listing};
use super::names::SafePath;
use super::options::Options;
use super::session::{Action, Names, Session, Target, blocking, check_names, local_files};
use crate::control::Control;
use crate::error::{Error, ErrorKind, FileOutcome, FileReport, Report};
use crate::progress::event::{Event, Phase};
use crate::public::store::ContentStore;
use crate::run::RunContext;

/// Creates the context that all files of a run share.
pub(crate) fn context(run: &RunContext, options: &Options) -> Arc<Context> {
    Arc::new(Context {
        storage: run.transfers.storage().clone(),
        control: run.control.clone(),
        halt: Control::new(),
        memory: run.transfers.memory().clone(),
        bandwidth: run.transfers.bandwidth().clone(),
        limit: Arc::clone(&run.limit),
        meter: run.meter.clone(),
        connections: options.connections,
    })
}

struct Run {
    context: Arc<Context>,
    session: Arc<Session>,
    store: Option<Arc<ContentStore>>,
    options: Options,
}

/// Downloads the objects of a listing to a target.
///
/// Files that fail are in the report, unless the run stops at the first failure. A run that was cancelled or reached a
/// limit ends with an error; the next run of the same download continues.
pub(crate) async fn download(
    within: &RunContext,
    listing: Listing,
    target: Target,
    options: Options,
    store: Option<Arc<ContentStore>>,
) -> Result<Report, Error> {
    let Listing { id, objects, mut warnings, .. } = listing;
    let objects = select(objects, &options, &target, &mut warnings);
    let meter = &within.meter;
    let state = within.transfers.state().clone();
    let (opening, control) = (options.clone(), within.control.clone());
    let at = target.clone();
    let (session, objects, names) = blocking(move || {
        let session = Session::open(&state, &at, &id, &opening, Some(&control))?;
        let file_name = matches!(at, Target::File(_)).then(|| objects.first().map(|object| session.path_of(object)));
        let file_name = file_name.flatten().transpose()?;
        let names = check_names(&objects, file_name.as_ref(), Some(session.folder.path()), &opening)?;
        Ok::<_, Error>((Arc::new(session), objects, names))
    })
    .await?;
    let context = context(within, &options);
    meter.add_files(objects.len() as u64, objects.iter().filter_map(|object| object.size).sum());
    meter.emit(|| Event::Phase(Phase::Transfer));
    let listed: BTreeSet<String> = objects.iter().map(|object| object.name.clone()).collect();
    let run = Arc::new(Run { context, session, store, options });
    let (files, ended) = run.all(objects, names).await;
    if let Some(error) = ended {
        let totals = meter.totals();
        return Err(error.with_report(Report { files, elapsed: totals.elapsed, totals, warnings }));
    }
    let has_failures =
        files.iter().any(|file| !matches!(file.outcome, FileOutcome::Transferred | FileOutcome::Skipped));
    if !has_failures {
        run.discard_begun(&listed).await?;
        run.session.finish();
    }
    if let Some(most) = run.options.delete_extra {
        if has_failures {
            warnings.push("no file was deleted, because files failed".to_owned());
        } else {
            run.delete_extra(listed, most).await?;
        }
    }
    let totals = meter.totals();
    Ok(Report { files, elapsed: totals.elapsed, totals, warnings })
}

/// Removes the objects that the filter excludes.
pub(crate) fn select(
    objects: Vec<Listed>,
    options: &Options,
    target: &Target,
    warnings: &mut Vec<String>,
) -> Vec<Listed> {
    if matches!(target, Target::File(_)) {
        return objects;
    }
    let known: BTreeSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
    for name in options.filter.unknown(&known) {
        warnings.push(format!("the source has no file `{}`", name.escape_debug()));
    }
    objects.into_iter().filter(|object| options.filter.matches(&object.name)).collect()
}

impl Run {
    /// Downloads all objects, several at once. Returns the reports in the order of the source, and the reason if the
    /// run ended before the last object.
    async fn all(self: &Arc<Self>, objects: Vec<Listed>, names: Names) -> (Vec<FileReport>, Option<Error>) {
        let mut reports: Vec<_> = objects
            .iter()
            .map(|object| FileReport {
                path: object.name.clone(),
                size: object.size.unwrap_or_default(),
                outcome: FileOutcome::NotStarted,
            })
            .collect();
        let mut waiting = objects.into_iter().zip(names.paths).enumerate();
        let mut running = JoinSet::new();
        let mut ended: Option<Error> = None;
        loop {
            while ended.is_none() && running.len() < self.options.files.max(1) {
                let Some((position, (object, path))) = waiting.next() else { break };
                let this = Arc::clone(self);
                #[cfg(feature = "tracing")]
                let span = tracing::info_span!("avala.download", file = %object.name.escape_debug());
                let work = async move {
                    let result = this.one(&object, path).await;
                    (position, result.map_err(|error| error.about(&object.name)))
                };
                #[cfg(feature = "tracing")]
                let work = tracing::Instrument::instrument(work, span);
                running.spawn(work);
            }
            let Some(joined) = running.join_next().await else { break };
            let Ok((position, result)) = joined else {
                ended.get_or_insert_with(Error::aborted);
                continue;
            };
            let Some(report) = reports.get_mut(position) else { continue };
            match result {
                Ok((size, outcome)) => {
                    report.size = size;
                    report.outcome = outcome;
                }
                Err(error) => {
                    self.context.meter.file_failed();
                    let path = report.path.clone();
                    self.context.meter.emit(|| Event::FileFailed { path, error: error.to_string() });
                    if self.options.stops_at_failure || ends_run(error.kind()) {
                        if error.kind() != ErrorKind::LimitReached {
                            // The others stop at their next byte and record what they have. A limit ends them by itself,
                            // when they used what they claimed.
                            self.context.halt.cancel();
                        }
                        ended.get_or_insert(error);
                    } else {
                        report.outcome = FileOutcome::Failed(error);
                    }
                }
            }
        }
        (reports, ended)
    }

    async fn one(&self, object: &Listed, path: Result<SafePath, Error>) -> Result<(u64, FileOutcome), Error> {
        let path = path?;
        self.context.gate().await?;
        let meter = &self.context.meter;
        let (session, deciding, at) = (Arc::clone(&self.session), object.clone(), path.clone());
        if matches!(blocking(move || session.decide(&deciding, &at)).await?, Action::Skip) {
            let size = self.session.record_existing(object, &path).await?;
            meter.file_skipped();
            meter.done(size);
            meter.emit(|| Event::FileSkipped { path: object.name.clone() });
            return Ok((size, FileOutcome::Skipped));
        }
        self.session.lock_target().await?;
        meter.emit(|| Event::FileStarted { path: object.name.clone(), size: object.size.unwrap_or_default() });
        let size = match &self.store {
            Some(store) => store.fetch(&self.context, &self.session, object, &path).await?,
            None => self.session.fetch(&self.context, object, &path, self.options.tests_archive).await?,
        };
        meter.file_done();
        meter.emit(|| Event::FileDone { path: object.name.clone(), bytes: size });
        Ok((size, FileOutcome::Transferred))
    }

    /// Deletes temporary files of earlier runs for objects that are no longer in the source.
    async fn discard_begun(self: &Arc<Self>, listed: &BTreeSet<String>) -> Result<(), Error> {
        let (this, listed) = (Arc::clone(self), listed.clone());
        blocking(move || {
            // Another run may continue a file that the filter excludes.
            this.session.discard_begun(|path| !listed.contains(path) && this.options.filter.matches(path))
        })
        .await
    }

    /// Deletes extra files of the target, unless there are more than allowed.
    async fn delete_extra(self: &Arc<Self>, listed: BTreeSet<String>, most: u64) -> Result<(), Error> {
        self.session.lock_target().await?;
        let this = Arc::clone(self);
        blocking(move || {
            let local = local_files(&this.session.folder, &this.session.own_folders)?;
            let is_extra = |path: &&String| !listed.contains(*path) && this.options.filter.matches(path);
            let extra: Vec<_> = local.keys().filter(is_extra).collect();
            if extra.len() as u64 > most {
                let message = format!("{} files are not in the source, and at most {most} may be deleted", extra.len());
                return Err(Error::new(ErrorKind::Conflict, message)
                    .about_path(this.session.folder.path())
                    .help("raise the maximum if all of them may be deleted; no file was deleted"));
            }
            for path in extra {
                if let Ok(safe) = SafePath::new(path)
                    && let Some(place) = this.session.folder.place(&safe, false)?
                {
                    place.remove()?;
                }
            }
            Ok(())
        })
        .await
    }
}

/// Returns whether other files would fail for the same reason.
fn ends_run(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Cancelled | ErrorKind::LimitReached | ErrorKind::Io | ErrorKind::State | ErrorKind::Locked
    )
}
