//! Polls, and updates the backlog and the schedule.

use std::sync::Arc;

use avala_client::{Error, ErrorKind};
use tokio::time::Instant;

use super::Loop;
use crate::error::{AgentError, AgentErrorKind};
use crate::monitor::Count;
use crate::runtime::course::Start;
use crate::runtime::outcome::Until;
use crate::runtime::poll;
use crate::runtime::poll::{Listed, Poll, Polled};

impl Loop {
    /// Starts a poll if one is due. Returns when the next one is.
    pub(super) fn poll_if_due(&mut self) -> Option<Instant> {
        if self.polling.is_some() || (self.has_polled && self.until == Until::OnePoll) {
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

    /// Adds the listed executions to the backlog. Returns why the list was not read to its end.
    fn listed(&mut self, listed: Listed) -> Option<Error> {
        let (walk, now) = (listed.walk, Instant::now());
        self.registers_again = false;
        self.shared.monitor.polled(walk.total, walk.oldest);
        self.shared.monitor.set_ready(true);
        // Executions that were not listed are kept: running executions if these were not requested, and failed
        // executions that ran when the walk began, or that are on pages that were not read.
        let has_running = walk.with_running && listed.error.is_none();
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

    /// Handles a failed poll: stops, registers again, or waits.
    fn poll_failed(&mut self, error: Error, is_first_page: bool) -> Result<(), AgentError> {
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

    /// Postpones the next poll, because a page failed.
    fn pause(&mut self, error: &Error) {
        self.shared.monitor.count(Count::FailedPolls);
        let pause = self.schedule.failed(error.retry_after(), Instant::now());
        tracing::warn!(error = %error, retry_in = ?pause, "polling failed");
    }
}
