//! The loop of one run: polls, starts handlers, and stops in an orderly way.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use avala_client::types::{AgentUid, EventType, ExecutionUid, TaskUid};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use super::outcome::{Ending, Summary, Until};
use super::shared::Shared;
use super::{poll, work};
use crate::backoff;
use crate::error::{AgentError, AgentErrorKind};
use crate::journal::Record;
use crate::monitor::Count;
use crate::registration::register;

/// The execution and the task of a worker that ended, and how.
type Ended = (ExecutionUid, Option<TaskUid>, Result<Ending, AgentError>);

pub(super) struct Loop {
    shared: Arc<Shared>,
    uid: AgentUid,
    events: Vec<EventType>,
    workers: JoinSet<Ended>,
    running: HashSet<ExecutionUid>,
    busy_tasks: HashSet<TaskUid>,
    backlog: Backlog,
    summary: Summary,
    failed_polls: u32,
    idle_polls: u32,
    /// Registered again after a 404; a second 404 ends the run.
    registered_again: bool,
}

impl Loop {
    pub(super) fn new(shared: Arc<Shared>, uid: AgentUid, events: Vec<EventType>) -> Self {
        Self {
            shared,
            uid,
            events,
            workers: JoinSet::new(),
            running: HashSet::new(),
            busy_tasks: HashSet::new(),
            backlog: Backlog::default(),
            summary: Summary::default(),
            failed_polls: 0,
            idle_polls: 0,
            registered_again: false,
        }
    }

    pub(super) async fn run(mut self, stop: &CancellationToken, until: Until) -> Result<Summary, AgentError> {
        self.replay();
        let mut next_poll = Instant::now();
        let mut polled = false;
        let hint = Arc::clone(&self.shared.hint);
        while !stop.is_cancelled() {
            let is_due = Instant::now() >= next_poll && !(polled && until == Until::OnePoll);
            if is_due && !self.shared.monitor.is_quiet() {
                let outcome = tokio::select! {
                    outcome = self.poll() => outcome?,
                    () = stop.cancelled() => break,
                };
                polled = polled || outcome.succeeded;
                next_poll = Instant::now() + outcome.pause;
                let is_idle = outcome.succeeded && outcome.new == 0;
                if until == Until::Idle && is_idle && self.workers.is_empty() && self.backlog.is_empty() {
                    break;
                }
            } else if is_due {
                next_poll = Instant::now() + self.shared.settings.poll_interval;
            }
            let next_start = self.start_handlers();
            if until == Until::OnePoll && polled && self.workers.is_empty() && self.backlog.is_empty() {
                break;
            }
            let wake = next_start.map_or(next_poll, |start| start.min(next_poll));
            let wake = if until == Until::OnePoll && polled { next_start } else { Some(wake) };
            tokio::select! {
                Some(ended) = self.workers.join_next() => self.ended(ended)?,
                () = sleep_until(wake) => {}
                () = hint.notified() => next_poll = Instant::now(),
                () = stop.cancelled() => {}
            }
        }
        self.drain().await?;
        Ok(self.summary)
    }

    /// Starts workers for decisions that an earlier process did not deliver.
    fn replay(&mut self) {
        let undelivered: Vec<Record> =
            self.shared.records().values().filter(|record| record.is_undelivered()).cloned().collect();
        for record in undelivered {
            let (shared, agent) = (Arc::clone(&self.shared), self.uid.clone());
            self.spawn(record.execution.clone(), record.task.clone(), async move {
                work::deliver_again(&shared, &agent, record).await
            });
        }
    }

    async fn poll(&mut self) -> Result<PollOutcome, AgentError> {
        match poll::pending(&self.shared, &self.uid).await {
            Ok(pending) => {
                self.failed_polls = 0;
                self.registered_again = false;
                self.shared.monitor.polled(pending.total, pending.oldest);
                self.shared.monitor.set_ready(true);
                poll::forget_unlisted(&self.shared, &pending).await?;
                let new = self.backlog.replace(pending.executions, |execution| {
                    !self.running.contains(&execution.uid)
                        && self.shared.records().get(&execution.uid).is_none_or(|record| !record.is_done())
                });
                self.idle_polls = if new == 0 { self.idle_polls.saturating_add(1) } else { 0 };
                Ok(PollOutcome { succeeded: true, new, pause: self.pause() })
            }
            Err(error) => self.poll_failed(error).await,
        }
    }

    /// Decides what a failed poll means: stop, register again, or wait.
    async fn poll_failed(&mut self, error: avala_client::Error) -> Result<PollOutcome, AgentError> {
        use avala_client::ErrorKind;
        let shared = Arc::clone(&self.shared);
        shared.monitor.count(Count::FailedPolls);
        match error.kind() {
            ErrorKind::Authentication | ErrorKind::Forbidden => {
                let message = "polling was rejected; check the API key and its permissions";
                return Err(AgentError::new(AgentErrorKind::Unauthorized, message).with_source(error));
            }
            ErrorKind::NotFound if self.registered_again => {
                let message = "the agent was deleted, and is not found after a new registration";
                return Err(AgentError::new(AgentErrorKind::Deleted, message).with_source(error));
            }
            ErrorKind::NotFound => {
                self.registered_again = true;
                let mut settings = shared.settings.clone();
                settings.uid = None;
                self.uid = register(&shared.avala, &settings, &self.events).await?;
                tracing::warn!(agent = %self.uid, "the agent was deleted at the server; registered again");
                return Ok(PollOutcome { succeeded: false, new: 0, pause: Duration::ZERO });
            }
            _ => {}
        }
        self.failed_polls = self.failed_polls.saturating_add(1);
        let longest = shared.settings.max_poll_interval;
        let pause = backoff::delay(self.failed_polls, shared.settings.poll_interval.min(longest), longest);
        let pause = error.retry_after().map_or(pause, |asked| pause.max(asked));
        tracing::warn!(error = %error, retry_in = ?pause, "polling failed");
        Ok(PollOutcome { succeeded: false, new: 0, pause })
    }

    /// The pause after a successful poll: doubled for each poll that brought nothing new.
    fn pause(&self) -> Duration {
        let settings = &self.shared.settings;
        let factor = 1_u32.checked_shl(self.idle_polls.saturating_sub(1)).unwrap_or(u32::MAX);
        settings.poll_interval.saturating_mul(factor).min(settings.max_poll_interval.max(settings.poll_interval))
    }

    /// Starts as many handlers as the limits allow, oldest execution first. Returns when the next one may start.
    fn start_handlers(&mut self) -> Option<Instant> {
        let mut next_start: Option<Instant> = None;
        let mut later = Vec::new();
        while !self.shared.monitor.is_quiet() && self.workers.len() < self.shared.settings.concurrency {
            let Some(execution) = self.backlog.pop() else { break };
            if self.running.contains(&execution.uid) {
                continue;
            }
            if execution.task.as_ref().is_some_and(|task| self.busy_tasks.contains(task)) {
                later.push(execution);
                continue;
            }
            let record = self.shared.records().get(&execution.uid).cloned();
            if record.as_ref().is_some_and(Record::is_done) {
                continue;
            }
            let retry_at = self.shared.retries().get(&execution.uid).copied();
            let start = self.shared.next_start(&execution.event_type);
            let start = retry_at.map_or(start, |retry_at| retry_at.max(start));
            if start > Instant::now() {
                next_start = Some(next_start.map_or(start, |next| next.min(start)));
                later.push(execution);
                continue;
            }
            self.shared.count_start(&execution.event_type);
            self.shared.retries().remove(&execution.uid);
            let (shared, agent) = (Arc::clone(&self.shared), self.uid.clone());
            self.spawn(execution.uid.clone(), execution.task.clone(), async move {
                work::handle(&shared, &agent, execution, record).await
            });
        }
        self.backlog.put_back(later);
        next_start
    }

    fn spawn(
        &mut self,
        execution: ExecutionUid,
        task: Option<TaskUid>,
        work: impl Future<Output = Result<Ending, AgentError>> + Send + 'static,
    ) {
        self.running.insert(execution.clone());
        self.busy_tasks.extend(task.clone());
        self.workers.spawn(async move { (execution, task, work.await) });
        self.shared.monitor.set_in_flight(self.workers.len());
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Result<(), AgentError> {
        // Handlers run in tasks of their own, so a worker neither panics nor is aborted.
        let Ok((execution, task, ending)) = ended else { return Ok(()) };
        self.running.remove(&execution);
        task.iter().for_each(|task| {
            self.busy_tasks.remove(task);
        });
        self.shared.monitor.set_in_flight(self.workers.len());
        match ending? {
            Ending::Decided => self.summary.decided += 1,
            Ending::Undecided => self.summary.undecided += 1,
            Ending::Failed => self.summary.failed += 1,
            Ending::Postponed => {}
        }
        Ok(())
    }

    /// Waits for running handlers and undelivered decisions until the grace period ends, then ends them.
    ///
    /// Leases are renewed meanwhile. What is not acknowledged stays in the journal and is replayed at the next start.
    async fn drain(&mut self) -> Result<(), AgentError> {
        self.shared.monitor.set_ready(false);
        let grace = tokio::time::sleep(self.shared.settings.grace);
        tokio::pin!(grace);
        let mut first_error = None;
        while !self.workers.is_empty() {
            tokio::select! {
                Some(ended) = self.workers.join_next() => {
                    if let Err(error) = self.ended(ended) {
                        first_error.get_or_insert(error);
                    }
                }
                () = &mut grace, if !self.shared.abort.is_cancelled() => {
                    tracing::warn!(in_flight = self.workers.len(), "the grace period is over; ending handlers");
                    self.shared.abort.cancel();
                }
            }
        }
        first_error.map_or(Ok(()), Err)
    }
}

struct PollOutcome {
    succeeded: bool,
    /// Executions that are not running, done or parked.
    new: usize,
    pause: Duration,
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
