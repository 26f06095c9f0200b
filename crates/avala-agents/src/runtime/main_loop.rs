//! The loop of one run: polls, starts handlers, and stops in an orderly way.

use std::collections::{HashSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use avala_client::ErrorKind;
use avala_client::types::{AgentUid, EventType, ExecutionUid, TaskUid};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use super::course::{Course, Start};
use super::outcome::{Ending, Summary, Until};
use super::poll::{Listed, Poll, Polled};
use super::schedule::Schedule;
use super::shared::Shared;
use super::walk::Walk;
use super::{poll, work};
use crate::error::{AgentError, AgentErrorKind};
use crate::journal::Record;
use crate::monitor::Count;

/// The execution and the task of a worker that ended, and how.
type Ended = (ExecutionUid, Option<TaskUid>, Result<Ending, AgentError>);

/// What a journal or a claim store still gets at the end, before it is given up.
const LAST: Duration = Duration::from_secs(2);

type Polling = Pin<Box<dyn Future<Output = Result<Polled, AgentError>> + Send>>;

pub(super) struct Loop {
    shared: Arc<Shared>,
    agent: AgentUid,
    events: Vec<EventType>,
    workers: JoinSet<Ended>,
    running: HashSet<ExecutionUid>,
    busy_tasks: HashSet<TaskUid>,
    /// The running execution, if any, whose earlier start ended with the process. There is one at a time, so that an
    /// execution that kills the process is found, and those that ran beside it are not parked.
    suspect: Option<ExecutionUid>,
    /// Executions whose decision is in the journal and not yet acknowledged.
    undelivered: VecDeque<ExecutionUid>,
    backlog: Backlog,
    summary: Summary,
    schedule: Schedule,
    polling: Option<Polling>,
    /// Where polls start, and the one that failed before its last page.
    course: Course,
    unfinished: Option<Box<Walk>>,
    /// A poll read all pages.
    has_polled: bool,
    /// The last poll found nothing to do while nothing was in flight.
    is_idle: bool,
    /// Set after a 404, until a poll succeeds. A second 404 ends the run.
    registers_again: bool,
}

impl Loop {
    pub(super) fn new(shared: Arc<Shared>, agent: AgentUid, events: Vec<EventType>) -> Self {
        let (interval, longest) = (shared.settings.poll_interval, shared.settings.max_poll_interval);
        let backlog = Backlog::new(Arc::clone(&shared.capacity));
        Self {
            shared,
            agent,
            events,
            workers: JoinSet::new(),
            running: HashSet::new(),
            busy_tasks: HashSet::new(),
            suspect: None,
            undelivered: VecDeque::new(),
            backlog,
            summary: Summary::default(),
            schedule: Schedule::new(interval, longest, Instant::now()),
            polling: None,
            course: Course::new(Instant::now()),
            unfinished: None,
            has_polled: false,
            is_idle: false,
            registers_again: false,
        }
    }

    /// Runs until `stop` is cancelled, `until` is reached, or an error ends the agent. Drains in each case.
    pub(super) async fn run(mut self, stop: &CancellationToken, until: Until) -> Result<Summary, AgentError> {
        let result = self.work(stop, until).await;
        let drained = self.drain().await;
        result.and(drained)?;
        Ok(self.summary)
    }

    async fn work(&mut self, stop: &CancellationToken, until: Until) -> Result<(), AgentError> {
        let hint = Arc::clone(&self.shared.hint);
        self.find_undelivered();
        while !stop.is_cancelled() {
            let next_poll = self.poll_if_due(until);
            let next_start = self.start_workers();
            if self.is_finished(until) {
                return Ok(());
            }
            let wake = [next_poll, next_start].into_iter().flatten().min();
            tokio::select! {
                Some(ended) = self.workers.join_next() => self.ended(ended)?,
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

    fn is_finished(&self, until: Until) -> bool {
        let is_done = self.workers.is_empty() && self.backlog.is_empty() && self.undelivered.is_empty();
        match until {
            Until::Stopped => false,
            Until::OnePoll => self.has_polled && self.polling.is_none() && is_done,
            Until::Idle => self.is_idle && is_done,
        }
    }

    /// Starts a poll if one is due. Returns when the next one is.
    fn poll_if_due(&mut self, until: Until) -> Option<Instant> {
        if self.polling.is_some() || (self.has_polled && until == Until::OnePoll) {
            return None;
        }
        let now = Instant::now();
        let is_busy = self.backlog.ready_len() > self.shared.settings.concurrency;
        let due = self.schedule.due(is_busy);
        if due > now {
            return Some(due);
        }
        if self.shared.monitor.is_quiet() {
            self.schedule.postpone(now);
            return Some(self.schedule.due(false));
        }
        let with_running = self.schedule.lists_running(now);
        let is_complete = with_running || self.shared.records().is_crowded();
        let start = if is_complete { Start::Complete } else { self.course.start(now, self.shared.capacity.most()) };
        let poll = Poll {
            agent: self.agent.clone(),
            register: self.registers_again.then(|| self.events.clone()),
            unfinished: self.unfinished.take(),
            start,
            with_running,
            in_progress: self.running.clone(),
        };
        let shared = Arc::clone(&self.shared);
        self.polling = Some(Box::pin(async move { poll::poll(&shared, poll).await }));
        None
    }

    fn polled(&mut self, polled: Polled) -> Result<(), AgentError> {
        match polled {
            Polled::Listed(listed) => {
                if let Some(error) = self.listed(*listed) {
                    self.pause(&error);
                }
                Ok(())
            }
            Polled::Failed { error, unfinished, is_first_page } => {
                self.unfinished = unfinished;
                self.poll_failed(error, is_first_page)
            }
        }
    }

    /// Takes over what was listed. Returns why the list was not read to its end.
    fn listed(&mut self, listed: Listed) -> Option<avala_client::Error> {
        let (walk, now) = (listed.walk, Instant::now());
        self.registers_again = false;
        self.agent = walk.agent;
        self.shared.monitor.polled(walk.total, walk.oldest);
        self.shared.monitor.set_ready(true);
        // Without a list of running executions, those of the last one are still to do.
        let kept = if walk.with_running && listed.error.is_none() { Vec::new() } else { self.backlog.take_running() };
        self.backlog = walk.executions;
        self.backlog.put_back(kept);
        // What ended or started while the list was read.
        let (shared, running) = (&self.shared, &self.running);
        self.backlog.retain(|execution| !running.contains(&execution.uid) && !shared.records().is_done(&execution.uid));
        self.backlog.wake(now);
        self.find_undelivered();
        if walk.is_complete {
            self.has_polled = true;
            match (walk.with_running, listed.misses_known) {
                (true, _) => self.schedule.listed_running(walk.found_running, now),
                (false, true) => self.schedule.missed(now),
                (false, false) => {}
            }
            self.course.learn(walk.order, walk.pages, walk.startable, now);
            self.is_idle = self.workers.is_empty() && self.backlog.is_empty() && self.undelivered.is_empty();
        } else if self.backlog.ready_len() < self.shared.capacity.most() / 2 {
            self.course.forget();
        }
        self.schedule.succeeded(self.backlog.ready_len() > 0, walk.pages_read, now);
        let oldest =
            if let Start::From(page) = self.course.start(now, self.shared.capacity.most()) { Some(page) } else { None };
        self.shared.lookups.set_oldest(oldest);
        listed.error
    }

    /// Decides what a failed poll means: stop, register again, or wait.
    fn poll_failed(&mut self, error: avala_client::Error, is_first_page: bool) -> Result<(), AgentError> {
        match error.kind() {
            ErrorKind::Authentication | ErrorKind::Forbidden => {
                self.shared.monitor.count(Count::FailedPolls);
                let message = "polling was rejected; check the API key and its permissions";
                return Err(AgentError::new(AgentErrorKind::Unauthorized, message).with_source(error));
            }
            ErrorKind::NotFound if is_first_page && self.registers_again => {
                self.shared.monitor.count(Count::FailedPolls);
                let message = "the agent was deleted, and is not found after a new registration";
                return Err(AgentError::new(AgentErrorKind::Deleted, message).with_source(error));
            }
            ErrorKind::NotFound if is_first_page => {
                self.shared.monitor.count(Count::FailedPolls);
                self.registers_again = true;
            }
            _ => self.pause(&error),
        }
        Ok(())
    }

    /// Polls later, because a page failed.
    fn pause(&mut self, error: &avala_client::Error) {
        self.shared.monitor.count(Count::FailedPolls);
        let pause = self.schedule.failed(error.retry_after(), Instant::now());
        tracing::warn!(error = %error, retry_in = ?pause, "polling failed");
    }

    /// Queues the decisions that an earlier process, or an earlier try, did not deliver.
    fn find_undelivered(&mut self) {
        let records = self.shared.records();
        let undelivered = records.open().filter(|record| record.is_undelivered());
        let undelivered = undelivered.filter(|record| !self.running.contains(&record.execution));
        self.undelivered = undelivered.map(|record| record.execution.clone()).collect();
    }

    /// Returns whether a decision is to be sent again after a pause.
    fn delivers_later(&self, execution: &ExecutionUid) -> bool {
        let is_undelivered = self.shared.records().get(execution).is_some_and(Record::is_undelivered);
        is_undelivered && self.shared.retries().contains_key(execution)
    }

    /// Starts as many workers as the limits allow: decisions first, then handlers, oldest execution first.
    /// Returns when the next one may start.
    fn start_workers(&mut self) -> Option<Instant> {
        let deliveries = self.start_deliveries();
        let handlers = self.start_handlers();
        if self.backlog.needs_more(self.workers.len(), self.shared.settings.concurrency) {
            self.schedule.refill(Instant::now());
        }
        deliveries.into_iter().chain(handlers).min()
    }

    fn start_deliveries(&mut self) -> Option<Instant> {
        let mut next_start: Option<Instant> = None;
        for _ in 0..self.undelivered.len() {
            if self.workers.len() >= self.shared.settings.concurrency {
                break;
            }
            let Some(uid) = self.undelivered.pop_front() else { break };
            let record = self.shared.records().get(&uid).filter(|record| record.is_undelivered()).cloned();
            let Some(record) = record.filter(|_| !self.running.contains(&uid)) else { continue };
            let retry_at = self.shared.retries().get(&uid).copied().filter(|at| *at > Instant::now());
            if retry_at.is_some() || record.task.as_ref().is_some_and(|task| self.busy_tasks.contains(task)) {
                next_start = next_start.into_iter().chain(retry_at).min();
                self.undelivered.push_back(uid);
                continue;
            }
            self.shared.retries().remove(&uid);
            let (shared, agent) = (Arc::clone(&self.shared), self.agent.clone());
            self.spawn(uid, record.task.clone(), async move { work::deliver_again(&shared, &agent, record).await });
        }
        next_start
    }

    fn start_handlers(&mut self) -> Option<Instant> {
        let now = Instant::now();
        self.backlog.wake(now);
        let mut next_start = self.backlog.next_wake();
        let mut later = Vec::new();
        while !self.shared.monitor.is_quiet() && self.workers.len() < self.shared.settings.concurrency {
            let Some((execution, task)) = self.backlog.pop() else { break };
            if self.running.contains(&execution.uid) || self.shared.records().is_done(&execution.uid) {
                continue;
            }
            // It failed after it was listed.
            let retry_at = self.shared.retries().get(&execution.uid).copied().filter(|at| *at > now);
            if let Some(at) = retry_at {
                next_start = next_start.into_iter().chain([at]).min();
                self.backlog.add(execution, Some(at));
                continue;
            }
            let record = self.shared.records().get(&execution.uid).cloned();
            let is_suspect = record.as_ref().is_some_and(|record| record.open_starts > 0);
            if (is_suspect && self.suspect.is_some())
                || task.as_ref().is_some_and(|task| self.busy_tasks.contains(task))
            {
                later.push((execution, task));
                continue;
            }
            if let Some(start) = self.shared.next_start(&execution.event_type).filter(|start| *start > now) {
                next_start = next_start.into_iter().chain([start]).min();
                later.push((execution, task));
                continue;
            }
            if is_suspect {
                self.suspect = Some(execution.uid.clone());
            }
            self.course.count_start();
            self.shared.count_start(&execution.event_type);
            self.shared.retries().remove(&execution.uid);
            let (shared, agent) = (Arc::clone(&self.shared), self.agent.clone());
            self.spawn(
                execution.uid.clone(),
                task,
                async move { work::handle(&shared, &agent, execution, record).await },
            );
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
        self.is_idle = false;
        self.running.insert(execution.clone());
        self.busy_tasks.extend(task.clone());
        self.workers.spawn(async move { (execution, task, work.await) });
        self.shared.monitor.set_in_flight(self.workers.len());
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Result<(), AgentError> {
        let (execution, task, ending) = match ended {
            Ok(ended) => ended,
            // Handlers run in tasks of their own.
            Err(error) if error.is_panic() => {
                let message =
                    "a journal or a claim store panicked; decisions that were not acknowledged stay in the journal";
                return Err(AgentError::new(AgentErrorKind::Journal, message));
            }
            // Aborted at the end of the drain.
            Err(_) => return Ok(()),
        };
        self.running.remove(&execution);
        self.suspect.take_if(|suspect| *suspect == execution);
        task.iter().for_each(|task| {
            self.busy_tasks.remove(task);
        });
        self.shared.monitor.set_in_flight(self.workers.len());
        match ending? {
            Ending::Decided => self.summary.decided += 1,
            Ending::Undecided => self.summary.undecided += 1,
            Ending::Failed => self.summary.failed += 1,
            // A decision that was not delivered is sent again, also while the list cannot be read.
            Ending::Postponed if self.delivers_later(&execution) => self.undelivered.push_back(execution),
            Ending::Postponed | Ending::Interrupted => {}
        }
        Ok(())
    }

    /// Waits for running handlers and undelivered decisions until the grace period ends, then ends them.
    ///
    /// Leases are renewed meanwhile. What is not acknowledged stays in the journal and is replayed at the next start.
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
                () = &mut stuck, if !are_stuck => {
                    tracing::error!(in_flight = self.workers.len(), "a journal or claim store does not respond");
                    are_stuck = true;
                    self.workers.abort_all();
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
