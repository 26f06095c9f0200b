//! Runs: started transfers.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

use crate::budget::run_limit::RunLimit;
use crate::control::Control;
use crate::error::{Error, ErrorKind};
use crate::progress::event::{Event, Events, Totals};
use crate::progress::meter::Meter;
use crate::state::journal::Journal;
use crate::transfers::Transfers;

/// A started transfer, which is a future of its report. Dropping it stops the transfer like [`Control::cancel`], and
/// the next run of the same transfer continues.
///
/// The work is done by a task of the current Tokio runtime, so it continues while this future is not polled.
#[must_use = "dropping a run stops it"]
pub struct Run<T> {
    task: Result<JoinHandle<Result<T, Error>>, Option<Error>>,
    meter: Meter,
    control: Control,
}

impl<T: Send + 'static> Run<T> {
    /// Starts `work` as a task, which records its state and ends when it is cancelled.
    pub(crate) fn start_graceful<F>(context: RunContext, work: impl FnOnce(RunContext) -> F) -> Self
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (meter, control) = (context.meter.clone(), context.control.clone());
        let Ok(runtime) = Handle::try_current() else { return Self::without_runtime(meter, control) };
        let work = Box::pin(work(context));
        let (end, ended) = (meter.clone(), control.clone());
        let task = runtime.spawn(async move {
            let result = work.await;
            ended.end();
            end.end();
            result
        });
        Self { task: Ok(task), meter, control }
    }

    fn without_runtime(meter: Meter, control: Control) -> Self {
        let error = Error::new(ErrorKind::Configuration, "there is no Tokio runtime")
            .help("start transfers within a runtime, as in an async main");
        Self { task: Err(Some(error)), meter, control }
    }

    /// Starts `work` as a task.
    pub(crate) fn start<F>(context: RunContext, work: impl FnOnce(RunContext) -> F) -> Self
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (meter, control) = (context.meter.clone(), context.control.clone());
        let Ok(runtime) = Handle::try_current() else { return Self::without_runtime(meter, control) };
        let work = work(context);
        let end = meter.clone();
        let watched = control.clone();
        let task = runtime.spawn(async move {
            let result = tokio::select! {
                result = Box::pin(work) => result,
                () = watched.cancelled() => Err(Error::cancelled()),
            };
            watched.end();
            end.end();
            result
        });
        Self { task: Ok(task), meter, control }
    }
}

impl<T> Run<T> {
    /// Returns a stream of future events. Several listeners are possible; without listeners, events cost nothing.
    #[must_use]
    pub fn events(&self) -> Events {
        self.meter.events()
    }

    /// Returns the control that pauses and cancels the run.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Returns the current totals of the run.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.meter.totals()
    }
}

impl<T> Future for Run<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.task {
            Ok(task) => Poll::Ready(match ready!(Pin::new(task).poll(cx)) {
                Ok(result) => result,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => Err(Error::aborted()),
            }),
            Err(error) => Poll::Ready(Err(error.take().unwrap_or_else(Error::aborted))),
        }
    }
}

impl<T> Drop for Run<T> {
    fn drop(&mut self) {
        if let Ok(task) = &self.task
            && !task.is_finished()
        {
            // The next run of the same destination waits for a cancelled one.
            self.control.cancel();
            task.abort();
        }
    }
}

impl<T> fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("totals", &self.totals()).field("control", &self.control).finish_non_exhaustive()
    }
}

/// Limits of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RunSettings {
    pub(crate) max_bytes: Option<u64>,
    pub(crate) max_time: Option<Duration>,
}

/// Context of every part of a run.
#[derive(Clone, Debug)]
pub(crate) struct RunContext {
    pub(crate) transfers: Transfers,
    pub(crate) control: Control,
    pub(crate) meter: Meter,
    pub(crate) limit: Arc<RunLimit>,
    turns: Arc<Semaphore>,
    warnings: Arc<Mutex<Vec<String>>>,
}

impl RunContext {
    pub(crate) fn new(transfers: &Transfers, settings: RunSettings) -> Self {
        Self {
            transfers: transfers.clone(),
            control: Control::new(),
            meter: Meter::new(),
            limit: Arc::new(RunLimit::new(settings.max_bytes, settings.max_time)),
            turns: Arc::new(Semaphore::new(transfers.max_uploads())),
            warnings: Arc::default(),
        }
    }

    /// Fails if the run was cancelled or has reached its time limit; waits while it is paused.
    pub(crate) async fn gate(&self) -> Result<(), Error> {
        self.control.gate().await?;
        self.limit.check_time()
    }

    /// Waits for the turn to request a URL and a slot. Without turns, the URLs of waiting files would expire before
    /// a slot is free.
    pub(crate) async fn turn(&self) -> Turn {
        Turn(Arc::clone(&self.turns).acquire_owned().await.ok())
    }

    /// Adds a warning to the report.
    pub(crate) fn warn(&self, warning: impl Into<String>) {
        let warning = warning.into();
        self.meter.emit(|| Event::Warning(warning.clone()));
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).push(warning);
    }

    pub(crate) fn take_warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A turn, which ends on drop.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

/// Runs a request that must not be repeated, with the record of its outcome, to its end, even if the run is cancelled or
/// dropped meanwhile. Otherwise the next run could not know whether it was sent. The destination stays locked until then.
pub(crate) async fn to_the_end<T: Send + 'static>(
    journal: &Journal,
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    let lock = journal.lock();
    let task = tokio::spawn(async move {
        let result = work.await;
        drop(lock);
        result
    });
    match task.await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::aborted()),
    }
}

/// Runs blocking work on a thread for it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::aborted()),
    }
}
