//! What this process knows about executions, in memory.

use std::collections::{HashMap, HashSet};

use avala_client::types::ExecutionUid;

use crate::journal::{Record, RecordState};

/// Executions that need nothing more are remembered this long after the server stopped listing them.
const KEEP_MS: u64 = 3_600_000;
/// At most this many of them are remembered, unless the server still lists them.
const MOST_CLOSED: usize = 10_000;

/// Known executions of one agent.
///
/// Of an execution that was decided or left only its UID is kept, so that an agent that decides many holds little: the
/// record is in the journal.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Records of executions with something left to do, and of parked ones.
    open: HashMap<ExecutionUid, Record>,
    /// When an execution was decided or left, in Unix milliseconds.
    closed: HashMap<ExecutionUid, u64>,
}

impl Records {
    /// Replaces the record of an execution.
    pub(crate) fn insert(&mut self, record: &Record) {
        let execution = record.execution.clone();
        if matches!(record.state, RecordState::Acknowledged | RecordState::Left) {
            self.open.remove(&execution);
            self.closed.insert(execution, record.updated_at_ms);
        } else {
            self.closed.remove(&execution);
            self.open.insert(execution, record.clone());
        }
    }

    /// Returns the record of an execution that was neither decided nor left.
    pub(crate) fn get(&self, execution: &ExecutionUid) -> Option<&Record> {
        self.open.get(execution)
    }

    /// Returns all records of executions that were neither decided nor left.
    pub(crate) fn open(&self) -> impl Iterator<Item = &Record> {
        self.open.values()
    }

    /// Returns whether there is a record of the execution.
    pub(crate) fn is_known(&self, execution: &ExecutionUid) -> bool {
        self.open.contains_key(execution) || self.is_closed(execution)
    }

    /// Returns whether the execution was decided or left.
    pub(crate) fn is_closed(&self, execution: &ExecutionUid) -> bool {
        self.closed.contains_key(execution)
    }

    /// Returns whether nothing is left to do for the execution.
    pub(crate) fn is_done(&self, execution: &ExecutionUid) -> bool {
        self.is_closed(execution) || self.open.get(execution).is_some_and(Record::is_done)
    }

    pub(crate) fn remove(&mut self, execution: &ExecutionUid) {
        self.open.remove(execution);
        self.closed.remove(execution);
    }

    /// Returns whether so many decided executions are remembered that those should be forgotten which the server does not
    /// list any more.
    pub(crate) fn is_crowded(&self) -> bool {
        self.closed.len() > MOST_CLOSED + MOST_CLOSED / 2
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len() + self.closed.len()
    }

    /// Returns the executions to forget: those that the server does not list any more, after a while, or when there are
    /// many. Of the open ones, those that `is_over` selects.
    pub(crate) fn old(
        &self,
        now_ms: u64,
        listed: &HashSet<ExecutionUid>,
        is_over: impl Fn(&Record) -> bool,
    ) -> Vec<ExecutionUid> {
        let is_old = |at_ms: u64| now_ms.saturating_sub(at_ms) > KEEP_MS;
        let open = self.open.values().filter(|record| is_over(record) && is_old(record.updated_at_ms));
        let open = open.map(|record| &record.execution).filter(|execution| !listed.contains(*execution));
        let unlisted = self.closed.iter().filter(|(execution, _)| !listed.contains(*execution));
        let excess = self.closed.len().saturating_sub(MOST_CLOSED);
        if excess == 0 {
            let closed = unlisted.filter(|(_, at)| is_old(**at)).map(|(execution, _)| execution);
            return open.chain(closed).cloned().collect();
        }
        let mut unlisted: Vec<(u64, &ExecutionUid)> = unlisted.map(|(execution, at)| (*at, execution)).collect();
        unlisted.sort_unstable();
        let closed = unlisted.into_iter().enumerate().filter(|(index, (at, _))| *index < excess || is_old(*at));
        open.chain(closed.map(|(_, (_, execution))| execution)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: usize, state: RecordState, at_ms: u64) -> Record {
        let mut record = Record::new(ExecutionUid::new(format!("x{number:05}")), "result.submitted", None);
        (record.state, record.updated_at_ms) = (state, at_ms);
        record
    }

    #[test]
    fn closed_executions_are_known_without_their_record() {
        let mut records = Records::default();
        for (number, state) in [RecordState::Sent, RecordState::Parked, RecordState::Left].into_iter().enumerate() {
            records.insert(&record(number, state, 0));
        }
        records.insert(&record(0, RecordState::Acknowledged, 0));
        let uids = [0, 1, 2].map(|number| record(number, RecordState::Started, 0).execution);
        assert_eq!(uids.each_ref().map(|uid| records.is_known(uid)), [true; 3]);
        assert_eq!(uids.each_ref().map(|uid| records.is_done(uid)), [true; 3]);
        assert_eq!(uids.each_ref().map(|uid| records.get(uid).is_some()), [false, true, false]);
        records.insert(&record(2, RecordState::Failed, 0));
        assert!(records.get(&uids[2]).is_some() && !records.is_done(&uids[2]), "it is retried");
        assert_eq!(records.len(), 3);
    }

    #[test]
    fn unlisted_executions_are_forgotten_by_age_and_number() {
        let mut records = Records::default();
        let number = MOST_CLOSED + 3;
        for index in 0..number {
            records.insert(&record(index, RecordState::Acknowledged, index as u64));
        }
        let uid = |number| record(number, RecordState::Started, 0).execution;
        let mut old = records.old(0, &HashSet::from([uid(1)]), |_| true);
        old.sort();
        assert_eq!(old, [uid(0), uid(2), uid(3)], "the oldest ones that the server does not list");
        assert_eq!(records.old(KEEP_MS + 10_000, &HashSet::new(), |_| true).len(), 10_000);
        records.insert(&record(number, RecordState::Started, 0));
        assert_eq!(records.old(2 * KEEP_MS, &HashSet::new(), |_| false).len(), number);
    }
}
