//! A durable journal in one file.

mod file;
mod store;

use std::path::Path;
use std::sync::Arc;

use avala_client::types::ExecutionUid;

use self::store::{Change, Store};
use super::{Journal, JournalFuture, Record};
use crate::error::AgentError;

/// A durable journal in one file (a [redb](https://docs.rs/redb) database), with mode 0600.
///
/// One process at a time can open the file. Every write is synced to disk before the runtime continues; writes of
/// several executions at the same time share a sync. The format is versioned: a journal of a newer version is rejected
/// before anything is written to it. After a crash the last complete write is restored.
#[derive(Clone)]
pub struct RedbJournal(Arc<Store>);

impl RedbJournal {
    /// Opens the journal at `path`, or creates it. Reads the whole file to check it.
    ///
    /// # Errors
    /// [`AgentErrorKind::Journal`](crate::AgentErrorKind::Journal) if another process has the file open, if the file is
    /// damaged or not a journal, if its version is newer than this crate, or if it cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AgentError> {
        Ok(Self(Arc::new(Store::new(file::open(path.as_ref())?))))
    }
}

impl Journal for RedbJournal {
    fn load(&self) -> JournalFuture<'_, Vec<Record>> {
        let store = Arc::clone(&self.0);
        Box::pin(async move {
            let entries = tokio::task::spawn_blocking(move || store.entries()).await??;
            let mut records: Vec<Record> = entries.iter().map(|(key, content)| decode(key, content)).collect();
            records.sort_by_key(|record| record.updated_at_ms);
            Ok(records)
        })
    }

    fn put<'a>(&'a self, record: &'a Record) -> JournalFuture<'a, ()> {
        let content = serde_json::to_vec(record);
        Box::pin(async move {
            let change = Change { execution: record.execution.to_string(), content: Some(content?) };
            self.0.write(change).await
        })
    }

    fn remove<'a>(&'a self, execution: &'a ExecutionUid) -> JournalFuture<'a, ()> {
        Box::pin(self.0.write(Change { execution: execution.to_string(), content: None }))
    }
}

/// Decodes an entry. An entry that cannot be decoded is parked with its raw content.
fn decode(execution: &str, content: &[u8]) -> Record {
    serde_json::from_slice(content).unwrap_or_else(|error| {
        let reason = format!("the journal entry cannot be decoded: {error}");
        Record::undecodable(execution.into(), content, reason)
    })
}

impl std::fmt::Debug for RedbJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedbJournal")
    }
}
