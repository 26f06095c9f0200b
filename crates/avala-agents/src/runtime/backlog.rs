//! Executions that wait for a handler, oldest first.

use std::collections::BTreeMap;

use avala_client::types::{AgentExecution, ExecutionStatus, ExecutionUid, Timestamp};
use tokio::time::Instant;

/// At most this many executions are ready, and as many wait for a retry. Newer ones are seen again by a later poll.
pub(super) const MAX_EXECUTIONS: usize = 1_000;
/// At most this many bytes of payloads are kept, but always one execution.
const MAX_BYTES: usize = 64 << 20;

type Key = (Option<i64>, ExecutionUid);

/// Pending executions by creation time. Those without a creation time come first.
///
/// Executions that wait for a retry are counted apart, so that many failing ones do not keep new ones out.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    ready: BTreeMap<Key, AgentExecution>,
    waiting: BTreeMap<(Instant, ExecutionUid), AgentExecution>,
    bytes: usize,
    /// Whether executions were left out, so that another poll brings more.
    pub(super) is_truncated: bool,
}

impl Backlog {
    /// Adds an execution that may start at `start_at`. Drops the newest ones if there are too many.
    pub(super) fn add(&mut self, execution: AgentExecution, start_at: Option<Instant>) {
        self.insert(execution, start_at);
        if self.ready.len() > MAX_EXECUTIONS {
            self.drop_newest();
        }
        if self.waiting.len() > MAX_EXECUTIONS {
            self.drop_latest();
        }
        while self.bytes > MAX_BYTES && self.ready.len() + self.waiting.len() > 1 {
            if self.waiting.is_empty() {
                self.drop_newest();
            } else {
                self.drop_latest();
            }
        }
    }

    /// Makes executions ready whose time has come.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            let execution = entry.remove();
            self.ready.insert(key(&execution), execution);
        }
    }

    /// Returns when the next waiting execution becomes ready.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the oldest execution that is ready.
    pub(super) fn pop(&mut self) -> Option<AgentExecution> {
        let (_, execution) = self.ready.pop_first()?;
        self.bytes = self.bytes.saturating_sub(size(&execution));
        Some(execution)
    }

    /// Puts executions back that were taken and cannot start yet.
    pub(super) fn put_back(&mut self, executions: Vec<AgentExecution>) {
        executions.into_iter().for_each(|execution| self.insert(execution, None));
    }

    /// Removes and returns the executions that the server listed as running.
    pub(super) fn take_running(&mut self) -> Vec<AgentExecution> {
        let old = std::mem::take(self);
        let all = old.ready.into_values().chain(old.waiting.into_values());
        all.filter(|execution| execution.status == Some(ExecutionStatus::Running)).collect()
    }

    /// Removes executions, such as those that were decided since they were listed.
    pub(super) fn retain(&mut self, is_open: impl Fn(&AgentExecution) -> bool) {
        self.ready.retain(|_, execution| is_open(execution));
        self.waiting.retain(|_, execution| is_open(execution));
        self.bytes = self.ready.values().chain(self.waiting.values()).map(size).sum();
    }

    /// Returns how many executions could start now, as far as time is concerned.
    pub(super) fn ready_len(&self) -> usize {
        self.ready.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty()
    }

    fn insert(&mut self, execution: AgentExecution, start_at: Option<Instant>) {
        let size = size(&execution);
        let replaced = match start_at {
            None => self.ready.insert(key(&execution), execution),
            Some(at) => self.waiting.insert((at, execution.uid.clone()), execution),
        };
        // A list that changes while it is read may return an execution twice.
        let freed = replaced.as_ref().map_or(0, self::size);
        self.bytes = (self.bytes + size).saturating_sub(freed);
    }

    fn drop_newest(&mut self) {
        let dropped = self.ready.pop_last().map(|(_, execution)| execution);
        self.count_dropped(dropped.as_ref());
    }

    fn drop_latest(&mut self) {
        let dropped = self.waiting.pop_last().map(|(_, execution)| execution);
        self.count_dropped(dropped.as_ref());
    }

    fn count_dropped(&mut self, dropped: Option<&AgentExecution>) {
        self.is_truncated |= dropped.is_some();
        self.bytes = self.bytes.saturating_sub(dropped.map_or(0, size));
    }
}

fn key(execution: &AgentExecution) -> Key {
    (execution.created_at.map(Timestamp::unix_seconds), execution.uid.clone())
}

/// Returns the bytes of the free-form parts, and an estimate of the rest.
fn size(execution: &AgentExecution) -> usize {
    let payload = execution.event_payload.as_ref().map_or(0, |payload| payload.get().len());
    let response = execution.response_payload.as_ref().map_or(0, |response| response.get().len());
    512 + payload + response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use avala_client::types::{EventType, Json};

    use super::*;

    fn execution(uid: usize) -> AgentExecution {
        AgentExecution::new(format!("x{uid:05}"), EventType::ResultSubmitted)
    }

    #[test]
    fn many_waiting_executions_keep_no_new_one_out() {
        let (mut backlog, now) = (Backlog::default(), Instant::now());
        for uid in 0..2 * MAX_EXECUTIONS {
            backlog.add(execution(uid), Some(now + Duration::from_secs(60)));
        }
        backlog.add(execution(9_999), None);
        assert_eq!(backlog.pop().unwrap().uid, "x09999");
        assert!(backlog.pop().is_none() && backlog.is_truncated);
        backlog.wake(now + Duration::from_secs(61));
        assert_eq!(backlog.ready_len(), MAX_EXECUTIONS);
    }

    #[test]
    fn large_payloads_are_bounded_and_one_is_always_kept() {
        let mut backlog = Backlog::default();
        let large = format!("\"{}\"", "x".repeat(MAX_BYTES));
        for uid in [2, 1, 3] {
            let mut execution = execution(uid);
            execution.event_payload = Some(large.parse::<Json>().unwrap());
            backlog.add(execution, None);
        }
        assert_eq!(backlog.ready_len(), 1);
        assert_eq!(backlog.pop().unwrap().uid, "x00001", "the oldest is kept");
        assert_eq!(backlog.bytes, 0);
    }
}
