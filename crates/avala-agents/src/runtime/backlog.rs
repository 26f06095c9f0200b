//! Executions that wait for a handler, oldest first.

use std::collections::BTreeMap;
use std::time::SystemTime;

use avala_client::types::{AgentExecution, ExecutionUid, Timestamp};

/// At most this many executions are kept, the oldest ones; newer ones are seen again by a later poll.
pub(super) const MAX_BACKLOG: usize = 1_000;

type Key = (Option<i64>, ExecutionUid);

/// Pending executions by creation time. Those without a creation time come first.
#[derive(Debug, Default)]
pub(super) struct Backlog(BTreeMap<Key, AgentExecution>);

impl Backlog {
    /// Adds an execution; drops the newest one if there are too many.
    pub(super) fn add(&mut self, execution: AgentExecution) {
        self.0.insert(key(&execution), execution);
        if self.0.len() > MAX_BACKLOG {
            self.0.pop_last();
        }
    }

    /// Accepts the result of a poll. Returns how many executions are new to do.
    pub(super) fn replace(&mut self, polled: Self, is_open: impl Fn(&AgentExecution) -> bool) -> usize {
        self.0 = polled.0;
        self.0.retain(|_, execution| is_open(execution));
        self.0.len()
    }

    pub(super) fn pop(&mut self) -> Option<AgentExecution> {
        self.0.pop_first().map(|(_, execution)| execution)
    }

    pub(super) fn put_back(&mut self, executions: Vec<AgentExecution>) {
        self.0.extend(executions.into_iter().map(|execution| (key(&execution), execution)));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The creation time of the oldest execution.
    pub(super) fn oldest(&self) -> Option<SystemTime> {
        let created_at = self.0.values().find_map(|execution| execution.created_at)?;
        Some(created_at.into())
    }
}

fn key(execution: &AgentExecution) -> Key {
    (execution.created_at.map(Timestamp::unix_seconds), execution.uid.clone())
}
