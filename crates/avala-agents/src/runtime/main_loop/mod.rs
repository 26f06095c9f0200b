//! The main loop of a run: polls, starts handlers, and drains.

mod polling;
mod starting;

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use avala_client::types::{AgentExecution, EventType, ExecutionUid};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use super::course::Course;
use super::outcome::{Ending, Summary, Until};
use super::poll::Polled;
use super::schedule::Schedule;
use super::shared::Shared;
use super::walk::Walk;
use super::workers::Workers;
use crate::error::AgentError;
use crate::journal::Record;

/// Time that a journal or a claim store has to respond at the end.
const LAST: Duration = Duration::from_secs(2);

type Polling = Pin<Box<dyn Future<Output = Result<Polled, AgentError>> + Send>>;

pub(super) struct Loop {
    shared: Arc<Shared>,
    events: Vec<EventType>,
    until: Until,
    workers: Workers,
    /// Executions with a decision in the journal that is not acknowledged.
    undelivered: VecDeque<ExecutionUid>,
    backlog: Backlog,
    summary: Summary,
    schedule: Schedule,
    polling: Option<Polling>,
    /// Executions that failed since the walk began, which may have skipped them while they ran.
    failed_meanwhile: HashSet<ExecutionUid>,
    /// Start of the next walk, and a walk that failed before its last page.
    course: Course,
    unfinished: Option<Box<Walk>>,
    /// Whether a poll has read all pages.
    has_polled: bool,
    /// Whether the last poll found nothing to do while nothing was in flight.
    is_idle: bool,
    /// Whether the agent was not found (404) since the last successful poll. A second 404 ends the run.
    registers_again: bool,
}

impl Loop {
    pub(super) fn new(shared: Arc<Shared>, events: Vec<EventType>, until: Until) -> Self {
        let (interval, longest) = (shared.settings.poll_interval, shared.settings.max_poll_interval);
        let backlog = Backlog::new(Arc::clone(&shared.capacity));
        let workers = Workers::new(shared.monitor.clone());
        Self {
            shared,
            events,
            until,
            workers,
            undelivered: VecDeque::new(),
            backlog,
            summary: Summary::default(),
            schedule: Schedule::new(interval, longest, Instant::now()),
            polling: None,
            failed_meanwhile: HashSet::new(),
            course: Course::new(Instant::now()),
            unfinished: None,
            has_polled: false,
            is_idle: false,
            registers_again: false,
        }
    }

    /// Runs until `stop` is cancelled, the run is finished, or an error ends the agent. Drains in each case.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<Summary, AgentError> {
        let result = self.work(stop).await;
        let drained = self.drain().await;
        result.and(drained)?;
        Ok(self.summary)
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), AgentError> {
        let hint = Arc::clone(&self.shared.hint);
        self.find_undelivered();
        while !stop.is_cancelled() {
            let next_poll = self.poll_if_due();
            let next_start = self.start_workers();
            if self.is_finished() {
                return Ok(());
            }
            let wake = [next_poll, next_start].into_iter().flatten().min();
            tokio::select! {
                Some(ended) = self.workers.next() => {
                    let (execution, ending) = ended?;
                    self.ended(execution, ending);
                }
                polled = finished(&mut self.polling) => {
                    self.polling = None;
                    self.polled(polled?)?;
                }
                () = sleep_until(wake) => {}
                () = hint.notified() => self.schedule.hint(Instant::now()),
                () = stop.cancelled() => {}
            }
        }
        Ok(())
    }

    fn is_finished(&self) -> bool {
        let is_done = self.workers.is_empty() && self.backlog.is_empty() && self.undelivered.is_empty();
        match self.until {
            Until::Stopped => false,
            Until::OnePoll => self.has_polled && self.polling.is_none() && is_done,
            Until::Idle => self.is_idle && is_done,
        }
    }

    fn ended(&mut self, execution: ExecutionUid, ending: Ending) {
        match ending {
            Ending::Decided => self.summary.decided += 1,
            Ending::Undecided => self.summary.undecided += 1,
            Ending::Failed(execution) => {
                self.summary.failed += 1;
                self.retry(*execution);
            }
            // An undelivered decision is sent again, even if the list cannot be read.
            Ending::Postponed | Ending::Interrupted if self.delivers_later(&execution) => {
                self.undelivered.push_back(execution);
            }
            Ending::Postponed | Ending::Interrupted => {}
        }
    }

    /// Keeps an execution whose handler failed, so that it runs again after its delay, independent of polls.
    fn retry(&mut self, execution: AgentExecution) {
        let retry_at = self.shared.retries().get(&execution.uid).copied();
        if self.until != Until::OnePoll && retry_at.is_some() {
            self.failed_meanwhile.insert(execution.uid.clone());
            self.backlog.add(execution, retry_at);
        }
    }

    /// Returns whether an undelivered decision is sent again in this run.
    fn delivers_later(&self, execution: &ExecutionUid) -> bool {
        let is_undelivered = self.shared.records().get(execution).is_some_and(Record::is_undelivered);
        // A single round leaves the decision to the next run.
        self.until != Until::OnePoll && is_undelivered && self.shared.retries().contains_key(execution)
    }

    /// Waits for running handlers and undelivered decisions until the grace period ends, then aborts them.
    ///
    /// Leases are renewed meanwhile. Unacknowledged decisions stay in the journal and are sent after the next start.
    async fn drain(&mut self) -> Result<(), AgentError> {
        self.polling = None;
        self.shared.stopping.cancel();
        self.shared.monitor.set_ready(false);
        let grace = tokio::time::sleep(self.shared.settings.grace);
        tokio::pin!(grace);
        let abort = self.shared.abort.clone();
        let stuck = async {
            abort.cancelled().await;
            tokio::time::sleep(LAST).await;
        };
        tokio::pin!(stuck);
        let (mut first_error, mut are_stuck) = (None, false);
        loop {
            tokio::select! {
                ended = self.workers.next() => match ended {
                    Some(Ok((execution, ending))) => self.ended(execution, ending),
                    Some(Err(error)) => drop(first_error.get_or_insert(error)),
                    None => break,
                },
                () = &mut grace, if !self.shared.abort.is_cancelled() => {
                    tracing::warn!(in_flight = self.workers.len(), "the grace period is over; ending handlers");
                    self.shared.abort.cancel();
                }
                () = &mut stuck, if !are_stuck => {
                    tracing::error!(in_flight = self.workers.len(), "a journal or claim store does not respond");
                    are_stuck = true;
                    self.workers.abort();
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }
}

/// Waits for the end of a poll, if there is one.
async fn finished(polling: &mut Option<Polling>) -> Result<Polled, AgentError> {
    match polling {
        Some(polling) => polling.await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
