//! Writes of a journal. Writes that arrive during a transaction share the next one and its sync.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::{Database, ReadableDatabase as _, ReadableTable as _};
use tokio::sync::oneshot;

use super::file::RECORDS;
use crate::error::BoxError;

/// One change of the table of records.
pub(super) struct Change {
    pub(super) execution: String,
    /// `None` removes the entry.
    pub(super) content: Option<Vec<u8>>,
}

/// The database, and the changes that wait to be written.
pub(super) struct Store {
    database: Database,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Write>,
    /// Whether a thread is writing. There is at most one writing thread.
    is_writing: bool,
}

struct Write {
    change: Change,
    done: oneshot::Sender<Result<(), WriteError>>,
}

/// Why a transaction failed, for each of its changes.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
struct WriteError(#[source] Arc<redb::Error>);

impl Store {
    pub(super) fn new(database: Database) -> Self {
        Self { database, queue: Mutex::default() }
    }

    /// Returns all entries, in the order of their keys.
    pub(super) fn entries(&self) -> Result<Vec<(String, Vec<u8>)>, redb::Error> {
        let table = self.database.begin_read()?.open_table(RECORDS)?;
        let mut entries = Vec::new();
        for entry in table.iter()? {
            let (execution, content) = entry?;
            entries.push((execution.value().to_owned(), content.value().to_owned()));
        }
        Ok(entries)
    }

    /// Writes a change. When this returns, it is on disk.
    pub(super) async fn write(self: &Arc<Self>, change: Change) -> Result<(), BoxError> {
        let (done, written) = oneshot::channel();
        let is_first = {
            let mut queue = self.queue();
            queue.waiting.push(Write { change, done });
            !std::mem::replace(&mut queue.is_writing, true)
        };
        if is_first {
            let writer = Writer(Some(Arc::clone(self)));
            tokio::task::spawn_blocking(move || writer.run());
        }
        match written.await {
            Ok(result) => Ok(result?),
            Err(_) => Err("the write was abandoned, because the runtime shut down or the database failed".into()),
        }
    }

    fn commit(&self, writes: &[Write]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(RECORDS)?;
            for Write { change: Change { execution, content }, .. } in writes {
                match content {
                    Some(content) => drop(table.insert(execution.as_str(), content.as_slice())?),
                    None => drop(table.remove(execution.as_str())?),
                }
            }
        }
        Ok(transaction.commit()?)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each change is one step, so the queue is valid after a panic elsewhere.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn to write; `None` when it has ended.
struct Writer(Option<Arc<Store>>);

impl Writer {
    /// Writes until the queue is empty.
    fn run(mut self) {
        while let Some(store) = &self.0 {
            let writes = std::mem::take(&mut store.queue().waiting);
            let result = store.commit(&writes).map_err(|error| WriteError(Arc::new(error)));
            let is_last = {
                let mut queue = store.queue();
                queue.is_writing = !queue.waiting.is_empty();
                !queue.is_writing
            };
            if is_last {
                // Before the last response, because its receiver may close the journal and open it again immediately.
                self.0 = None;
            }
            for write in writes {
                // The receiver was dropped if the execution was cancelled; the change is written anyway.
                let _ = write.done.send(result.clone());
            }
        }
    }
}

/// If the thread never ran, or failed, the waiting writes fail too, and the next write starts a new thread.
impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(store) = self.0.take() {
            let mut queue = store.queue();
            queue.is_writing = false;
            queue.waiting.clear();
        }
    }
}
