//! A journal in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use avala_client::types::ExecutionUid;

use super::{Journal, JournalFuture, Record};

/// A journal in memory, for tests: clones share their records, so that a test can restart an agent.
///
/// It does not survive the process. An agent with this journal may send a decision again after a restart only if its
/// handler runs again.
#[derive(Clone, Debug, Default)]
pub struct MemoryJournal(Arc<Mutex<BTreeMap<String, Record>>>);

impl MemoryJournal {
    /// Creates an empty journal.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a copy of all records.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.lock().values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Record>> {
        // Entries are written in one step, so they are valid after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal for MemoryJournal {
    fn load(&self) -> JournalFuture<'_, Vec<Record>> {
        let mut records = self.records();
        records.sort_by_key(|record| record.updated_at_ms);
        Box::pin(async { Ok(records) })
    }

    fn put<'a>(&'a self, record: &'a Record) -> JournalFuture<'a, ()> {
        self.lock().insert(record.execution.to_string(), record.clone());
        Box::pin(async { Ok(()) })
    }

    fn remove<'a>(&'a self, execution: &'a ExecutionUid) -> JournalFuture<'a, ()> {
        self.lock().remove(execution.as_str());
        Box::pin(async { Ok(()) })
    }
}
