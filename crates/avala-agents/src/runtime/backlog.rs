//! Queue of executions that wait for a handler, oldest first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use avala_client::types::{AgentExecution, EventType, ExecutionStatus, ExecutionUid, TaskUid, Timestamp};
use tokio::time::Instant;

use crate::event;

/// Maximum number of ready executions, and of executions that wait for a retry. A later poll lists newer executions
/// again.
const MAX_EXECUTIONS: usize = 1_000;
/// Maximum size of all payloads in bytes. One execution is always kept.
const MAX_BYTES: usize = 64 << 20;
/// Minimum number of kept executions per task.
const LEAST_OF_GROUP: usize = 32;

/// Creation time and UID. Executions without a creation time come first.
type Key = (Option<Timestamp>, ExecutionUid);

/// Capacity of a backlog.
#[derive(Debug, Default)]
pub(crate) struct Capacity {
    most: usize,
    most_of_group: usize,
    /// Events that have their own rate limit.
    paced: HashSet<EventType>,
}

impl Capacity {
    /// Returns the capacity for this many concurrent handlers.
    pub(crate) fn new(concurrency: usize, paced: HashSet<EventType>) -> Self {
        let most = MAX_EXECUTIONS.max(concurrency.saturating_mul(2));
        // Twice as many tasks are ready as handlers can run.
        let most_of_group = (most / concurrency.saturating_mul(2).max(1)).clamp(LEAST_OF_GROUP, most / 10);
        Self { most, most_of_group, paced }
    }

    /// Returns the maximum number of ready executions.
    pub(super) fn most(&self) -> usize {
        self.most
    }
}

/// A group of which one execution runs at a time: a task, or an event with a rate limit.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Group {
    Task(TaskUid),
    Event(EventType),
}

#[derive(Debug)]
struct Entry {
    execution: AgentExecution,
    task: Option<TaskUid>,
}

/// Pending executions by creation time.
///
/// Executions that wait for a retry are counted separately, so that many failing executions do not keep new ones out.
/// For the same reason a task, or an event with a rate limit, has a limited number of places.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    capacity: Arc<Capacity>,
    ready: BTreeMap<Key, Entry>,
    /// Number of ready executions by group.
    groups: HashMap<Group, usize>,
    /// Groups of which executions were left out.
    left_out: HashSet<Group>,
    waiting: BTreeMap<(Instant, ExecutionUid), AgentExecution>,
    bytes: usize,
    /// Whether executions that could start were left out, so that another poll returns more.
    pub(super) is_truncated: bool,
}

impl Backlog {
    pub(super) fn new(capacity: Arc<Capacity>) -> Self {
        Self { capacity, ..Self::default() }
    }

    /// Adds an execution that may start at `start_at`. Drops the newest executions if there are too many.
    pub(super) fn add(&mut self, execution: AgentExecution, start_at: Option<Instant>) {
        match start_at {
            Some(at) => {
                let key = (at, execution.uid.clone());
                self.bytes += size(&execution);
                let replaced = self.waiting.insert(key, execution);
                self.subtract(replaced.as_ref());
            }
            None => {
                let entry = Entry::new(execution);
                let groups = self.groups_of(&entry);
                self.insert(entry);
                groups.into_iter().for_each(|group| self.limit_group(group));
            }
        }
        if self.ready.len() > self.capacity.most {
            self.drop_newest();
        }
        if self.waiting.len() > self.capacity.most {
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

    /// Makes executions ready whose delay has ended.
    pub(super) fn wake(&mut self, now: Instant) {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| entry.key().0 <= now) {
            let execution = entry.remove();
            self.subtract(Some(&execution));
            self.insert(Entry::new(execution));
        }
    }

    /// Returns when the next waiting execution becomes ready.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.waiting.first_key_value().map(|((at, _), _)| *at)
    }

    /// Removes and returns the oldest ready execution, with its task.
    pub(super) fn pop(&mut self) -> Option<(AgentExecution, Option<TaskUid>)> {
        let (_, entry) = self.ready.pop_first()?;
        self.removed(&entry);
        Some((entry.execution, entry.task))
    }

    /// Puts back executions that cannot start yet.
    pub(super) fn put_back(&mut self, executions: impl IntoIterator<Item = (AgentExecution, Option<TaskUid>)>) {
        executions.into_iter().for_each(|(execution, task)| self.insert(Entry { execution, task }));
    }

    /// Empties the backlog, and returns the executions that `is_wanted`: by UID, whether the server listed it as
    /// running, and whether it waits for a retry.
    pub(super) fn take(&mut self, is_wanted: impl Fn(&ExecutionUid, bool, bool) -> bool) -> Vec<AgentExecution> {
        let old = std::mem::replace(self, Self::new(Arc::clone(&self.capacity)));
        let ready = old.ready.into_values().map(|entry| (entry.execution, false));
        let all = ready.chain(old.waiting.into_values().map(|execution| (execution, true)));
        let is_running = |execution: &AgentExecution| execution.status == Some(ExecutionStatus::Running);
        let wanted =
            all.filter(|(execution, is_waiting)| is_wanted(&execution.uid, is_running(execution), *is_waiting));
        wanted.map(|(execution, _)| execution).collect()
    }

    /// Removes executions, such as those that were decided since they were listed.
    pub(super) fn retain(&mut self, is_open: impl Fn(&AgentExecution) -> bool) {
        self.waiting.retain(|_, execution| is_open(execution));
        let closed: Vec<Entry> =
            self.ready.extract_if(.., |_, entry| !is_open(&entry.execution)).map(|(_, entry)| entry).collect();
        closed.iter().for_each(|entry| self.removed(entry));
        let ready = self.ready.values().map(|entry| size(&entry.execution));
        self.bytes = ready.chain(self.waiting.values().map(size)).sum();
    }

    /// Returns the number of executions whose start time has come.
    pub(super) fn ready_len(&self) -> usize {
        self.ready.len()
    }

    /// Returns whether no more executions can be added.
    pub(super) fn is_full(&self) -> bool {
        self.ready.len() >= self.capacity.most || self.bytes >= MAX_BYTES
    }

    /// Returns whether executions that could start soon were left out, if `workers` of `concurrency` places are taken.
    pub(super) fn needs_more(&self, workers: usize, concurrency: usize) -> bool {
        let is_low = self.ready.len() < concurrency && (workers < concurrency || !self.ready.is_empty());
        (self.is_truncated && is_low) || self.left_out.iter().any(|group| !self.groups.contains_key(group))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.waiting.is_empty()
    }

    fn insert(&mut self, entry: Entry) {
        for group in self.groups_of(&entry) {
            *self.groups.entry(group).or_default() += 1;
        }
        self.bytes += size(&entry.execution);
        // A list that changes while it is read may return an execution twice.
        if let Some(replaced) = self.ready.insert(entry.key(), entry) {
            self.removed(&replaced);
        }
    }

    /// Updates the counts for an entry that is no longer ready.
    fn removed(&mut self, entry: &Entry) {
        for group in self.groups_of(entry) {
            if let Some(count) = self.groups.get_mut(&group) {
                *count -= 1;
                if *count == 0 {
                    self.groups.remove(&group);
                }
            }
        }
        self.subtract(Some(&entry.execution));
    }

    fn groups_of(&self, entry: &Entry) -> Vec<Group> {
        let event = &entry.execution.event_type;
        let event = self.capacity.paced.contains(event).then(|| Group::Event(event.clone()));
        entry.task.clone().map(Group::Task).into_iter().chain(event).collect()
    }

    /// Drops the newest execution of a group that has too many.
    fn limit_group(&mut self, group: Group) {
        if self.groups.get(&group).is_none_or(|count| *count <= self.capacity.most_of_group) {
            return;
        }
        let newest = self.ready.iter().rev().find(|(_, entry)| self.groups_of(entry).contains(&group));
        let newest = newest.map(|(key, _)| key.clone());
        if let Some(entry) = newest.and_then(|key| self.ready.remove(&key)) {
            self.removed(&entry);
            self.left_out.insert(group);
        }
    }

    fn drop_newest(&mut self) {
        if let Some((_, entry)) = self.ready.pop_last() {
            self.removed(&entry);
            self.is_truncated = true;
        }
    }

    /// Drops the execution with the latest retry. A later poll lists it again.
    fn drop_latest(&mut self) {
        let dropped = self.waiting.pop_last().map(|(_, execution)| execution);
        self.subtract(dropped.as_ref());
    }

    fn subtract(&mut self, removed: Option<&AgentExecution>) {
        self.bytes = self.bytes.saturating_sub(removed.map_or(0, size));
    }
}

impl Entry {
    fn new(execution: AgentExecution) -> Self {
        Self { task: event::task_of(&execution), execution }
    }

    fn key(&self) -> Key {
        (self.execution.created_at, self.execution.uid.clone())
    }
}

/// Returns the estimated size of an execution in bytes.
pub(super) fn size(execution: &AgentExecution) -> usize {
    let payload = execution.event_payload.as_ref().map_or(0, |payload| payload.get().len());
    let response = execution.response_payload.as_ref().map_or(0, |response| response.get().len());
    512 + payload + response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use avala_client::types::Json;

    use super::*;

    fn execution(uid: usize) -> AgentExecution {
        AgentExecution::new(format!("x{uid:05}"), EventType::ResultSubmitted)
    }

    fn backlog(concurrency: usize, paced: &[EventType]) -> Backlog {
        Backlog::new(Arc::new(Capacity::new(concurrency, paced.iter().cloned().collect())))
    }

    fn pop(backlog: &mut Backlog) -> Option<String> {
        backlog.pop().map(|(execution, _)| execution.uid.to_string())
    }

    #[test]
    fn many_waiting_executions_keep_no_new_one_out() {
        let (mut backlog, now) = (backlog(8, &[]), Instant::now());
        for uid in 0..2 * MAX_EXECUTIONS {
            backlog.add(execution(uid), Some(now + Duration::from_secs(60)));
        }
        assert!(!backlog.needs_more(0, 8), "another poll would bring nothing that could start");
        backlog.add(execution(9_999), None);
        assert_eq!(pop(&mut backlog).as_deref(), Some("x09999"));
        assert!(pop(&mut backlog).is_none());
        backlog.wake(now + Duration::from_secs(61));
        assert_eq!(backlog.ready_len(), MAX_EXECUTIONS);
    }

    #[test]
    fn large_payloads_are_bounded_and_one_is_always_kept() {
        let mut backlog = backlog(8, &[]);
        let large = format!("\"{}\"", "x".repeat(MAX_BYTES));
        for uid in [2, 1, 3] {
            let mut execution = execution(uid);
            execution.event_payload = Some(large.parse::<Json>().unwrap());
            backlog.add(execution, None);
        }
        assert_eq!(backlog.ready_len(), 1);
        assert!(backlog.is_truncated && backlog.needs_more(0, 8) && backlog.needs_more(8, 8));
        assert_eq!(pop(&mut backlog).as_deref(), Some("x00001"), "the oldest is kept");
        assert!(!backlog.needs_more(8, 8), "nothing could start");
        assert_eq!(backlog.bytes, 0);
    }

    #[test]
    fn executions_of_one_second_are_ordered_by_their_fraction() {
        let mut backlog = backlog(8, &[]);
        for (uid, millis) in [(1, 900), (2, 100), (3, 500)] {
            let mut execution = execution(uid);
            execution.created_at = Some(format!("2026-01-01T00:00:00.{millis}Z").parse().unwrap());
            backlog.add(execution, None);
        }
        let order: Vec<String> = std::iter::from_fn(|| pop(&mut backlog)).collect();
        assert_eq!(order, ["x00002", "x00003", "x00001"]);
    }

    #[test]
    fn one_task_or_slow_event_keeps_no_other_out() {
        let mut backlog = backlog(8, &[EventType::ExportCompleted]);
        for uid in 0..3_000 {
            let mut execution = execution(uid);
            if uid % 2 == 0 {
                execution.task = Some("t".into());
            } else {
                execution.event_type = EventType::ExportCompleted;
            }
            backlog.add(execution, None);
        }
        backlog.add(execution(9_999), None);
        let most = backlog.capacity.most_of_group;
        assert_eq!(backlog.ready_len(), 2 * most + 1);
        assert!(!backlog.needs_more(1, 8), "the places of both are filled");
        let order: Vec<String> = std::iter::from_fn(|| pop(&mut backlog)).collect();
        assert_eq!((order[0].as_str(), order[2 * most].as_str()), ("x00000", "x09999"), "the oldest ones are kept");
        assert!(backlog.groups.is_empty() && backlog.needs_more(8, 8));
    }
}
