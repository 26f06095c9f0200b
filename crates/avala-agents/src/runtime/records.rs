//! Records of executions in memory.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use avala_client::types::ExecutionUid;
use tokio::time::Instant;

use crate::journal::{Record, RecordState};

/// How long executions are kept after the server no longer lists them.
const KEEP: Duration = Duration::from_secs(3_600);
/// Number of walks for which undecided executions are kept as well: a list with numbered pages that changes while it is
/// read may lack some.
const KEEP_WALKS: u32 = 2;
/// Age after which they are forgotten in any case, because short-lived programs do not see enough walks.
const KEEP_AT_MOST: Duration = Duration::from_secs(30 * 86_400);
/// Maximum number of decided executions that are kept, unless the server still lists them.
const MOST_DECIDED: usize = 10_000;

/// Known executions of one agent.
///
/// Only the UID of a decided or left execution is kept, so that an agent with many decisions needs little memory; the
/// record is in the journal.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Records of unfinished and parked executions.
    open: HashMap<ExecutionUid, Record>,
    /// When an execution was decided, in Unix milliseconds.
    decided: HashMap<ExecutionUid, u64>,
    /// When an execution was left, in Unix milliseconds.
    left: HashMap<ExecutionUid, u64>,
    /// Undecided executions that the server does not list.
    unlisted: HashMap<ExecutionUid, Unlisted>,
}

/// Since when and in how many walks an execution was not listed.
#[derive(Clone, Copy, Debug)]
struct Unlisted {
    since: Instant,
    walks: u32,
}

/// Result of a walk through all pages for known executions.
pub(crate) struct Walked<'a> {
    /// Known executions that were listed.
    pub(crate) listed: &'a HashSet<ExecutionUid>,
    /// Whether executions in the status running were listed too. Otherwise, an undecided execution may be running.
    pub(crate) with_running: bool,
    /// Executions that this process handles.
    pub(crate) in_progress: &'a HashSet<ExecutionUid>,
}

impl Records {
    /// Replaces the record of an execution.
    pub(crate) fn insert(&mut self, record: &Record) {
        let (execution, at_ms) = (record.execution.clone(), record.updated_at_ms);
        self.remove(&execution);
        match record.state {
            RecordState::Acknowledged => drop(self.decided.insert(execution, at_ms)),
            RecordState::Left => drop(self.left.insert(execution, at_ms)),
            _ => drop(self.open.insert(execution, record.clone())),
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
        self.decided.contains_key(execution) || self.left.contains_key(execution)
    }

    /// Returns whether the execution is finished.
    pub(crate) fn is_done(&self, execution: &ExecutionUid) -> bool {
        self.is_closed(execution) || self.open.get(execution).is_some_and(Record::is_done)
    }

    pub(crate) fn remove(&mut self, execution: &ExecutionUid) {
        self.open.remove(execution);
        self.decided.remove(execution);
        self.left.remove(execution);
        self.unlisted.remove(execution);
    }

    /// Returns whether there are so many decided executions that the ones should be forgotten which the server no
    /// longer lists.
    pub(crate) fn is_crowded(&self) -> bool {
        self.decided.len() > MOST_DECIDED + MOST_DECIDED / 2
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len() + self.decided.len() + self.left.len()
    }

    /// Returns the executions to forget after a walk through all pages, because the server no longer lists them:
    /// decided executions after a time, or when there are many; undecided executions after a time and a number of
    /// walks.
    pub(crate) fn old(&mut self, now_ms: u64, now: Instant, walk: &Walked<'_>) -> Vec<ExecutionUid> {
        let mut old = self.old_decided(now_ms, walk.listed);
        if walk.with_running {
            old.extend(self.old_undecided(now_ms, now, walk));
        }
        old
    }

    fn old_decided(&self, now_ms: u64, listed: &HashSet<ExecutionUid>) -> Vec<ExecutionUid> {
        let is_old = |at_ms: u64| age(now_ms, at_ms) > KEEP;
        let unlisted = self.decided.iter().filter(|(execution, _)| !listed.contains(*execution));
        let excess = self.decided.len().saturating_sub(MOST_DECIDED);
        if excess == 0 {
            return unlisted.filter(|(_, at)| is_old(**at)).map(|(execution, _)| execution.clone()).collect();
        }
        let mut unlisted: Vec<(u64, &ExecutionUid)> = unlisted.map(|(execution, at)| (*at, execution)).collect();
        unlisted.sort_unstable();
        let old = unlisted.into_iter().enumerate().filter(|(index, (at, _))| *index < excess || is_old(*at));
        old.map(|(_, (_, execution))| execution.clone()).collect()
    }

    /// Returns the undecided executions to forget. An execution that is forgotten too early would be handled again when
    /// it is listed.
    fn old_undecided(&mut self, now_ms: u64, now: Instant, walk: &Walked<'_>) -> Vec<ExecutionUid> {
        let is_waiting = |record: &&Record| matches!(record.state, RecordState::Started | RecordState::Failed);
        let open = self.open.values().filter(is_waiting).map(|record| (&record.execution, record.updated_at_ms));
        let undecided = open.chain(self.left.iter().map(|(execution, at)| (execution, *at)));
        let is_missing =
            |execution: &ExecutionUid| !walk.listed.contains(execution) && !walk.in_progress.contains(execution);
        let missing = undecided.filter(|(execution, _)| is_missing(execution));
        let (mut unlisted, mut old) = (HashMap::new(), Vec::new());
        for (execution, updated_at_ms) in missing {
            let mut entry = self.unlisted.get(execution).copied().unwrap_or(Unlisted { since: now, walks: 0 });
            entry.walks += 1;
            let is_over = entry.walks >= KEEP_WALKS && now.duration_since(entry.since) >= KEEP;
            if is_over || age(now_ms, updated_at_ms) > KEEP_AT_MOST {
                old.push(execution.clone());
            }
            unlisted.insert(execution.clone(), entry);
        }
        self.unlisted = unlisted;
        old
    }
}

fn age(now_ms: u64, at_ms: u64) -> Duration {
    Duration::from_millis(now_ms.saturating_sub(at_ms))
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

    /// Forgets old executions after a walk that listed these, `seconds` after the first walk.
    fn forgotten(records: &mut Records, now_ms: u64, now: Instant, listed: &[ExecutionUid]) -> Vec<ExecutionUid> {
        let listed = listed.iter().cloned().collect();
        let walk = Walked { listed: &listed, with_running: true, in_progress: &HashSet::new() };
        let mut old = records.old(now_ms, now, &walk);
        old.sort();
        old.iter().for_each(|execution| records.remove(execution));
        old
    }

    #[test]
    fn decided_executions_are_forgotten_by_age_and_number() {
        let (mut records, now) = (Records::default(), Instant::now());
        for index in 0..MOST_DECIDED + 3 {
            records.insert(&record(index, RecordState::Acknowledged, index as u64));
        }
        let uid = |number| record(number, RecordState::Started, 0).execution;
        let old = forgotten(&mut records, 0, now, &[uid(1)]);
        assert_eq!(old, [uid(0), uid(2), uid(3)], "the oldest ones that the server does not list");
        let hour_ms = 3_600_000;
        assert_eq!(forgotten(&mut records, hour_ms + 5_000, now, &[uid(1)]).len(), 5_000 - 4);
        assert_eq!(forgotten(&mut records, hour_ms + 20_000, now, &[]).len(), MOST_DECIDED - 5_000 + 4);
    }

    #[test]
    fn undecided_executions_are_kept_for_an_hour_without_them() {
        for state in [RecordState::Left, RecordState::Failed, RecordState::Started] {
            let (mut records, start) = (Records::default(), Instant::now());
            records.insert(&record(0, state, 0));
            let uid = record(0, state, 0).execution;
            let day_ms = 86_400_000;
            let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
            // Missing occasionally, as on numbered pages that shift.
            for (minutes, is_listed) in [(0, false), (61, true), (62, false), (120, false), (121, true), (122, false)] {
                let listed = if is_listed { vec![uid.clone()] } else { Vec::new() };
                assert!(forgotten(&mut records, day_ms, at(minutes), &listed).is_empty(), "{state:?}, {minutes} min");
            }
            // Not requested, so not missing.
            let none = HashSet::new();
            let walk = Walked { listed: &none, with_running: false, in_progress: &none };
            assert!(records.old(day_ms, at(200), &walk).is_empty());
            assert_eq!(forgotten(&mut records, day_ms, at(200), &[]), std::slice::from_ref(&uid), "{state:?}");
            records.insert(&record(0, state, 0));
            assert_eq!(forgotten(&mut records, 31 * day_ms, at(0), &[]), [uid], "{state:?}");
        }
    }

    #[test]
    fn parked_executions_are_never_forgotten() {
        let (mut records, now) = (Records::default(), Instant::now());
        records.insert(&record(0, RecordState::Parked, 0));
        for hours in 0..5 {
            assert!(forgotten(&mut records, u64::MAX, now + hours * KEEP, &[]).is_empty());
        }
    }
}
