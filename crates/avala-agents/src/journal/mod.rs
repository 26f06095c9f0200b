//! The journal: records of executions, written before each step that depends on them.

mod memory;
mod record;
#[cfg(feature = "journal-redb")]
mod redb;

use std::future::Future;
use std::pin::Pin;

use avala_client::types::ExecutionUid;

pub use self::memory::MemoryJournal;
pub(crate) use self::record::now_ms;
pub use self::record::{Record, RecordState};
#[cfg(feature = "journal-redb")]
pub use self::redb::RedbJournal;
use crate::error::BoxError;

/// The future of a call of [`Journal`].
pub type JournalFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// A store of one [`Record`] per execution.
///
/// The runtime writes a record before a handler runs, before a decision is sent, and when it was acknowledged. When
/// [`put`](Journal::put) returns, the record must survive a crash of the process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a journal",
    note = "implement `avala_agents::Journal`, or use `RedbJournal` (a file) or `MemoryJournal` (for tests)"
)]
pub trait Journal: Send + Sync + 'static {
    /// Reads all records, oldest first. Entries that cannot be decoded are returned as [`RecordState::Parked`] with
    /// their raw content, and do not fail the others.
    fn load(&self) -> JournalFuture<'_, Vec<Record>>;

    /// Writes a record durably, in place of an earlier one of the same execution.
    fn put<'a>(&'a self, record: &'a Record) -> JournalFuture<'a, ()>;

    /// Removes the record of an execution, if there is one.
    fn remove<'a>(&'a self, execution: &'a ExecutionUid) -> JournalFuture<'a, ()>;
}
