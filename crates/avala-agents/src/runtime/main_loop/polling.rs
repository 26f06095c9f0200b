//! Polls, and updates the backlog and the schedule.

use std::sync::Arc;
use std::time::Duration;

use avala_client::{Error, ErrorKind};
use tokio::time::Instant;

use super::Loop;
use crate::error::{AgentError, AgentErrorKind};
use crate::monitor::Count;
use crate::runtime::course::Start;
use crate::runtime::outcome::Until;
use crate::runtime::poll;
use crate::runtime::poll::{Listed, Poll, Polled};

/// After so many failed polls in a row the agent is not ready.
const NOT_READY: u32 = 3;

impl Loop {
    /// Starts a poll if one is due. Returns when the next one is.
    pub(super) fn poll_if_due(&mut self) -> Option<Instant> {
        let is_last = (self.has_polled && self.until == Until::OnePoll) || self.given_up.is_some();
        if self.polling.is_some() || is_last {
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
        if self.unfinished.is_none() {
            self.failed_meanwhile.clear();
        }
        let poll = Poll {
            register: self.registers_again.then(|| self.events.clone()),
            unfinished: self.unfinished.take(),
            start,
            known: self.course.list(),
            with_running,
            in_progress: self.workers.running().clone(),
        };
        let shared = Arc::clone(&self.shared);
        self.polling = Some(Box::pin(async move { poll::poll(&shared, poll).await }));
        None
    }

    pub(super) fn polled(&mut self, polled: Polled) -> Result<(), AgentError> {
        match polled {
            Polled::Listed(listed) => {
                self.listed(*listed);
                Ok(())
            }
            Polled::Failed { error, listed, unfinished, is_first_page } => {
                self.unfinished = unfinished;
                self.poll_failed(error, listed, is_first_page)
            }
        }
    }

    /// Takes over what was listed.
    fn listed(&mut self, listed: Listed) {
        let (mut walk, now) = (listed.walk, Instant::now());
        let has_gap = walk.has_gap();
        self.registers_again = false;
        self.shared.monitor.polled(walk.total, walk.oldest);
        self.shared.monitor.set_incomplete(has_gap);
        self.shared.monitor.set_ready(!has_gap);
        // What was not listed is still to do: running executions if those were not requested, and failed ones that ran
        // when the walk began, or that are on the pages that it did not read.
        let has_running = walk.with_running && !has_gap;
        let failed = &self.failed_meanwhile;
        let kept = self.backlog.take(|execution, is_running, is_waiting| {
            (is_running && !has_running) || (is_waiting && !walk.is_complete) || failed.contains(execution)
        });
        self.backlog = walk.executions;
        for execution in kept {
            let retry_at = self.shared.retries().get(&execution.uid).copied();
            self.backlog.add(execution, retry_at);
        }
        // Remove executions that ended or started while the list was read.
        let (shared, workers) = (&self.shared, &self.workers);
        self.backlog
            .retain(|execution| !workers.is_running(&execution.uid) && !shared.records().is_done(&execution.uid));
        self.backlog.wake(now);
        self.find_undelivered();
        if walk.is_complete {
            self.has_polled = true;
            (self.lists, self.most_listed) = Default::default();
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
        match walk.error.take() {
            None => self.schedule.succeeded(self.backlog.ready_len() > 0, walk.pages_read, now),
            Some(error) => self.list_failed(error, walk.total),
        }
        if let Some(error) = walk.gap.take() {
            self.not_listed(error, walk.total, self.schedule.due(false).saturating_duration_since(now));
        }
        let oldest =
            if let Start::From(page) = self.course.start(now, self.shared.capacity.most()) { Some(page) } else { None };
        self.shared.lookups.set_oldest(oldest);
    }

    /// Decides what a failed poll means: stop, register again, or wait.
    fn poll_failed(&mut self, error: Error, listed: usize, is_first_page: bool) -> Result<(), AgentError> {
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
            _ => self.list_failed(error, listed),
        }
        Ok(())
    }

    /// Polls later, because a page failed after so many executions were listed.
    fn list_failed(&mut self, error: Error, listed: usize) {
        self.shared.monitor.count(Count::FailedPolls);
        let pause = self.schedule.failed(error.retry_after(), Instant::now());
        tracing::warn!(error = %error, retry_in = ?pause, "polling failed");
        if self.schedule.failures() >= NOT_READY {
            self.shared.monitor.set_ready(false);
        }
        self.not_listed(error, listed, pause);
    }

    /// Ends a run that ends by itself if the list cannot be read to its end, though it was tried for long.
    fn not_listed(&mut self, error: Error, listed: usize, pause: Duration) {
        if listed > self.most_listed {
            // It gets further.
            self.most_listed = listed;
            self.lists.succeeded();
        }
        if self.lists.failed(pause, Instant::now()) {
            let failures = self.lists.failures();
            let message = format!("the executions cannot be listed to the end, after {failures} attempts; run again");
            self.give_up(AgentError::new(AgentErrorKind::Incomplete, message).with_source(error));
        }
    }
}
