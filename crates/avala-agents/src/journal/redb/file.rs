//! Opens the file of a journal, which is created atomically, and checked before it is written to.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use redb::backends::InMemoryBackend;
use redb::{Database, DatabaseError, ReadableDatabase as _, StorageBackend as _, TableDefinition};

use crate::error::{AgentError, AgentErrorKind, BoxError};
use crate::journal::record::VERSION;

pub(super) const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("avala.agent.records");
const META: TableDefinition<'_, &str, u64> = TableDefinition::new("avala.agent.meta");
const VERSION_KEY: &str = "version";

/// Cache size: records are small and are read once, at startup, so the default of 1 GiB would only cost memory.
const CACHE_BYTES: usize = 1 << 20;

/// Opens the journal at `path`, or creates it.
pub(super) fn open(path: &Path) -> Result<Database, AgentError> {
    let failed = |what: &str, source: BoxError| {
        let message = format!("journal {}: {what}", path.display());
        AgentError::new(AgentErrorKind::Journal, message).with_source(source)
    };
    if !path.exists() {
        create_whole(path).map_err(|error| failed("cannot be created", error))?;
    }
    let content = read_locked(path).map_err(|error| failed("cannot be created or opened", error.into()))?;
    let Some(content) = content else { return Err(is_open_elsewhere(path)) };
    // Check and repair a copy, so that a file that is not a journal is not written to.
    let version = match content.is_empty() {
        true => None,
        false => {
            let copy = open_copy(&content).map_err(|error| failed(DAMAGED, error))?;
            read_version(&copy).map_err(|error| failed("cannot be read", error))?
        }
    };
    drop(content);
    if let Some(version) = version.filter(|version| *version > VERSION) {
        let message = format!(
            "journal {}: format version {version} is newer than {VERSION}, the latest that this program knows; update \
             the program",
            path.display()
        );
        return Err(AgentError::new(AgentErrorKind::Journal, message));
    }
    let mut builder = Database::builder();
    let opened = builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(true).create(path);
    let database = opened.map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => is_open_elsewhere(path),
        error => failed(DAMAGED, error.into()),
    })?;
    if version != Some(VERSION) {
        initialize(&database).map_err(|error| failed("cannot be written", error))?;
    }
    Ok(database)
}

const DAMAGED: &str = "not a journal, or damaged; move the file away to start with an empty one";

fn is_open_elsewhere(path: &Path) -> AgentError {
    let message = format!("journal {}: another process has it open; stop that process", path.display());
    AgentError::new(AgentErrorKind::Journal, message)
}

/// Creates an empty journal beside `path` and links it there, so that a crash leaves no incomplete file.
fn create_whole(path: &Path) -> Result<(), BoxError> {
    let mut name = path.file_name().ok_or("the path has no file name")?.to_owned();
    name.push(format!(".new-{}-{:08x}", std::process::id(), fastrand::u32(..)));
    let new = path.with_file_name(name);
    let created = (|| {
        private(OpenOptions::new().read(true).write(true).create_new(true)).open(&new)?;
        let database = Database::create(&new)?;
        initialize(&database)?;
        database.close()?;
        match std::fs::hard_link(&new, path) {
            // Another process has created the file, which is fine.
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            // On a file system without links, the file is created in place.
            Err(_) => drop(private(OpenOptions::new().write(true).create(true).truncate(false)).open(path)?),
            Ok(()) => sync_folder(path),
        }
        Ok(())
    })();
    // Left behind only if the folder became read-only meanwhile.
    let _ = std::fs::remove_file(&new);
    created
}

/// Syncs the name of a new file. File systems that do not need this may refuse it.
fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// Sets mode 0600 for a new file.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Returns the content of the file; `None` if another process has it locked.
fn read_locked(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    // Also fails for files that cannot be written.
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut file, &mut content)?;
    Ok(Some(content))
}

/// Opens a copy of the file in memory. Verifies every checksum, and restores the last complete write.
fn open_copy(content: &[u8]) -> Result<Database, BoxError> {
    let backend = InMemoryBackend::new();
    backend.set_len(content.len() as u64)?;
    backend.write(0, content)?;
    Ok(Database::builder().set_check_integrity_on_open(true).create_with_backend(backend)?)
}

fn read_version(database: &Database) -> Result<Option<u64>, BoxError> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(META) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => {
            // An empty database is new; one with other tables belongs to another program.
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
