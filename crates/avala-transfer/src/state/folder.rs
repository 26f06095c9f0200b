//! The state folder.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::control::Control;
use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::state::lock::Lock;

/// How long a run waits for an earlier run of the same `Transfers` that is ending.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a run waits for another process, because a killed process holds its lock until the system has removed it.
const PATIENCE_FOR_OTHERS: Duration = Duration::from_secs(1);
/// How often to try again.
const INTERVAL: Duration = Duration::from_millis(5);

/// Runs that hold or are about to lock a destination, by its key.
type Runs = Arc<Mutex<HashMap<String, Vec<(u64, Control)>>>>;

/// The state folder.
///
/// Names in it are hashes, so they do not grow with the names of files.
#[derive(Clone, Debug)]
pub(crate) struct StateFolder {
    path: PathBuf,
    runs: Runs,
}

impl StateFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, runs: Runs::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Creates the folder, readable by its owner only.
    pub(crate) fn create(&self) -> Result<(), Error> {
        let created = create_private(&self.path);
        created.map_err(|error| Error::io(ErrorKind::Io, "create the state folder", &self.path, error))
    }

    /// Locks a destination for the run of `control`. The serialized `identity` names the destination.
    ///
    /// Blocking: reads and writes small files, and waits for a run that is ending.
    pub(crate) fn lock(
        &self,
        kind: &str,
        identity: &impl Serialize,
        what: &str,
        control: &Control,
    ) -> Result<Destination, Error> {
        self.create()?;
        let (journal, key) = self.journal(kind, identity)?;
        let mut held = Held::register(&self.runs, &key, control);
        let path = self.path.join(format!("{key}.lock"));
        let started = Instant::now();
        let lock = loop {
            // Checked first, because the other run may end between the two steps.
            let may_end = held.patience().is_some_and(|patience| started.elapsed() < patience);
            match Lock::acquire(&path, what) {
                Err(error) if error.kind() == ErrorKind::Locked && may_end => std::thread::sleep(INTERVAL),
                other => break other?,
            }
        };
        held.lock = Some(lock);
        Ok(Destination { journal, key, lock: Arc::new(held) })
    }

    /// Returns the journal of a destination and its key, without a lock.
    pub(crate) fn journal(&self, kind: &str, identity: &impl Serialize) -> Result<(PathBuf, String), Error> {
        let key = key(kind, identity)?;
        Ok((self.path.join(format!("{key}.journal")), key))
    }
}

/// A destination that is locked for this run.
#[derive(Debug)]
pub(crate) struct Destination {
    /// Hash of the identity.
    pub(crate) key: String,
    pub(crate) journal: PathBuf,
    pub(crate) lock: Arc<Held>,
}

/// A lock that is held until every writer of the state has ended, such as a thread that appends the last record.
#[derive(Debug)]
pub(crate) struct Held {
    /// `None` until it is acquired.
    lock: Option<Lock>,
    key: String,
    /// Distinguishes this run from other runs of the same key.
    id: u64,
    runs: Runs,
}

impl Held {
    fn register(runs: &Runs, key: &str, control: &Control) -> Self {
        let this = Self { lock: None, key: key.to_owned(), id: fastrand::u64(..), runs: Arc::clone(runs) };
        this.runs().entry(key.to_owned()).or_default().push((this.id, control.clone()));
        this
    }

    /// Returns how long to wait for a lock that is held; `None` if a run of this `Transfers` takes it over. A run that
    /// has ended holds the lock until its last record is written.
    fn patience(&self) -> Option<Duration> {
        let runs = self.runs();
        let mut others = runs.get(&self.key).into_iter().flatten().filter(|(id, _)| *id != self.id).peekable();
        if others.peek().is_none() {
            return Some(PATIENCE_FOR_OTHERS);
        }
        others.all(|(_, control)| control.is_over()).then_some(PATIENCE)
    }

    fn runs(&self) -> MutexGuard<'_, HashMap<String, Vec<(u64, Control)>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Released first, so that the lock is free for a caller that still finds the run in the map.
        drop(self.lock.take());
        let mut runs = self.runs();
        if let Some(others) = runs.get_mut(&self.key) {
            others.retain(|(id, _)| *id != self.id);
            if others.is_empty() {
                runs.remove(&self.key);
            }
        }
    }
}

/// Returns a hash of the kind of a transfer and its identity.
pub(crate) fn key(kind: &str, identity: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_vec(&(kind, identity)).map_err(|error| {
        Error::new(ErrorKind::State, "the identity of the transfer cannot be written").with_source(error)
    })?;
    Ok(Digest::of(&text).to_string())
}

fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
