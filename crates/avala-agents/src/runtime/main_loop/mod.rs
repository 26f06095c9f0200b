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
use super::outcome::{Ending, Until};
use super::patience::Patience;
use super::poll::Polled;
use super::schedule::Schedule;
use super::shared::Shared;
use super::walk::Walk;
use super::workers::Workers;
use crate::error::{AgentError, AgentErrorKind, BoxError};
use crate::journal::Record;
use crate::monitor::Count;
use crate::summary::Summary;

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
    /// What failed since it last succeeded, and how many executions were listed at most meanwhile.
    lists: Patience,
    deliveries: Patience,
    claims: Patience,
    most_listed: usize,
    /// Why a run that ends by itself ends early: it polls no more.
    given_up: Option<AgentError>,
    /// Nothing more is started, because nothing would succeed.
    starts_nothing: bool,
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
            lists: Patience::default(),
            deliveries: Patience::default(),
            claims: Patience::default(),
            most_listed: 0,
            given_up: None,
            starts_nothing: false,
        }
    }

    /// Runs until `stop` is cancelled, the run is finished, or an error ends the agent. Drains in each case.
    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<Summary, AgentError> {
        let result = self.work(stop).await;
        let drained = self.drain().await;
        let mut summary = self.summary;
        summary.undelivered = self.shared.records().open().filter(|record| record.is_undelivered()).count();
        let result = result.and(drained).and(self.given_up.map_or(Ok(()), Err));
        result.map(|()| summary).map_err(|error| error.with_summary(summary))
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
        let is_done = self.starts_nothing || (self.backlog.is_empty() && self.undelivered.is_empty());
        let is_last = match self.until {
            Until::Stopped => false,
            Until::OnePoll => self.has_polled && self.polling.is_none(),
            Until::Idle => self.is_idle,
        };
        self.workers.is_empty() && is_done && (is_last || self.given_up.is_some())
    }

    fn ended(&mut self, execution: ExecutionUid, ending: Ending) {
        if !matches!(ending, Ending::Unclaimed(_)) {
            self.claims.succeeded();
        }
        match ending {
            Ending::Decided => {
                self.summary.decided += 1;
                self.deliveries.succeeded();
                self.advanced();
            }
            Ending::Undecided => {
                self.summary.undecided += 1;
                self.advanced();
            }
            Ending::Failed(execution) => {
                self.summary.failed += 1;
                self.retry(*execution);
            }
            // An undelivered decision is sent again, even if the list cannot be read.
            Ending::Postponed | Ending::Interrupted if self.delivers_later(&execution) => {
                self.not_delivered(&execution);
                self.undelivered.push_back(execution);
            }
            Ending::Postponed | Ending::Interrupted => {}
            Ending::Unclaimed(error) => self.not_claimed(&execution, error),
        }
    }

    /// Records that executions come to an end although the list cannot be read to its end: the others move up in it.
    fn advanced(&mut self) {
        if self.until == Until::Idle {
            self.lists.succeeded();
        }
    }

    fn not_delivered(&mut self, execution: &ExecutionUid) {
        let now = Instant::now();
        let retry_at = self.shared.retries().get(execution).copied();
        let pause = retry_at.unwrap_or(now).saturating_duration_since(now);
        if self.deliveries.failed(pause, now) && self.until == Until::Idle {
            let message = "no decision is acknowledged any more; they stay in the journal, so run again";
            self.give_up(AgentError::new(AgentErrorKind::Incomplete, message));
            self.starts_nothing = true;
        }
    }

    fn not_claimed(&mut self, execution: &ExecutionUid, error: BoxError) {
        tracing::warn!(%execution, error = %error, "the claim store failed; nothing was started");
        self.shared.monitor.count(Count::FailedClaims);
        // A single round tries each execution once.
        if self.claims.failed(Duration::ZERO, Instant::now()) || self.until == Until::OnePoll {
            let message = "the claim store fails; what was not claimed waits at the server, so run again";
            self.give_up(AgentError::new(AgentErrorKind::Claims, message).with_source(error));
            self.starts_nothing |= self.until == Until::Idle;
        }
    }

    /// Ends a run that ends by itself when what is in flight is done.
    fn give_up(&mut self, error: AgentError) {
        if self.until != Until::Stopped {
            self.given_up.get_or_insert(error);
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
