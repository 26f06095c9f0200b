//! A durable journal in one file.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;

use avala_client::types::ExecutionUid;
use redb::{Database, DatabaseError, ReadableDatabase as _, ReadableTable as _, TableDefinition};

use super::record::VERSION;
use super::{Journal, JournalFuture, Record};
use crate::error::{AgentError, AgentErrorKind, BoxError};

const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("avala.agent.records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("avala.agent.meta");
const VERSION_KEY: &str = "version";

/// Records are small, and each is read once, at startup: the default cache of 1 GiB would only cost memory.
const CACHE_BYTES: usize = 1 << 20;

/// A durable journal in one file (a [redb](https://docs.rs/redb) database), with mode 0600.
///
/// One process at a time can open it. Every write is synced to disk before the runtime goes on. The format is
/// versioned: a journal of a newer version is rejected before anything is written to it.
#[derive(Clone)]
pub struct RedbJournal(Arc<Database>);

impl RedbJournal {
    /// Opens the journal at `path`, or creates it.
    ///
    /// # Errors
    /// [`AgentErrorKind::Journal`] if another process has it open, if the file is something else, if its version is
    /// newer than this crate, or if it cannot be read or written.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, AgentError> {
        let path = path.as_ref();
        let failed = |what: &str, source: BoxError| {
            let message = format!("journal {}: {what}", path.display());
            AgentError::new(AgentErrorKind::Journal, message).with_source(source)
        };
        create_private(path).map_err(|error| failed("cannot be created or opened", error.into()))?;
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => {
                let message = format!("journal {}: another process has it open; stop that process", path.display());
                AgentError::new(AgentErrorKind::Journal, message)
            }
            error => failed("not a journal, or damaged; move the file away to start with an empty one", error.into()),
        })?;
        let version = read_version(&database).map_err(|error| failed("cannot be read", error))?;
        match version {
            Some(version) if version > VERSION => {
                let message = format!(
                    "journal {}: format version {version} is newer than {VERSION}, the latest that this program \
                     knows; update the program",
                    path.display()
                );
                return Err(AgentError::new(AgentErrorKind::Journal, message));
            }
            Some(VERSION) => {}
            _ => initialize(&database).map_err(|error| failed("cannot be written", error))?,
        }
        Ok(Self(Arc::new(database)))
    }

    /// Runs blocking database work outside of the runtime's threads.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, redb::Error> + Send + 'static,
    ) -> JournalFuture<'static, T> {
        let database = Arc::clone(&self.0);
        Box::pin(async move { Ok(tokio::task::spawn_blocking(move || work(&database)).await??) })
    }
}

/// Creates the file with mode 0600 before the database sees it.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn read_version(database: &Database) -> Result<Option<u64>, BoxError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => {
            // An empty database is new; one with other tables is somebody else's.
            return match transaction.list_tables()?.next() {
                None => Ok(None),
                Some(_) => Err("the file is a database of another program".into()),
            };
        }
        Err(error) => return Err(error.into()),
    };
    Ok(table.get(VERSION_KEY)?.map(|version| version.value()))
}

fn initialize(database: &Database) -> Result<(), BoxError> {
    let transaction = database.begin_write()?;
    transaction.open_table(META)?.insert(VERSION_KEY, VERSION)?;
    transaction.open_table(RECORDS)?;
    Ok(transaction.commit()?)
}

impl Journal for RedbJournal {
    fn load(&self) -> JournalFuture<'_, Vec<Record>> {
        self.run(|database| {
            let table = database.begin_read()?.open_table(RECORDS)?;
            let mut records = Vec::new();
            for entry in table.iter()? {
                let (execution, content) = entry?;
                let (execution, content) = (execution.value(), content.value());
                records.push(match serde_json::from_slice::<Record>(content) {
                    Ok(record) => record,
                    Err(error) => Record::undecodable(execution, content, &error.to_string()),
                });
            }
            records.sort_by_key(|record| record.updated_at_ms);
            Ok(records)
        })
    }

    fn put<'a>(&'a self, record: &'a Record) -> JournalFuture<'a, ()> {
        let key = record.execution.to_string();
        let content = serde_json::to_vec(record);
        Box::pin(async move {
            let content = content?;
            self.run(move |database| {
                let transaction = database.begin_write()?;
                transaction.open_table(RECORDS)?.insert(key.as_str(), content.as_slice())?;
                Ok(transaction.commit()?)
            })
            .await
        })
    }

    fn remove<'a>(&'a self, execution: &'a ExecutionUid) -> JournalFuture<'a, ()> {
        let key = execution.to_string();
        self.run(move |database| {
            let transaction = database.begin_write()?;
            transaction.open_table(RECORDS)?.remove(key.as_str())?;
            Ok(transaction.commit()?)
        })
    }
}

impl std::fmt::Debug for RedbJournal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedbJournal")
    }
}
