//! The state folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::{Error, ErrorKind};
use crate::hash::Digest;
use crate::state::lock::Lock;

/// The folder of all state of this crate.
///
/// Names in it are hashes, so they do not grow with the names of files.
#[derive(Clone, Debug)]
pub(crate) struct StateFolder(PathBuf);

impl StateFolder {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Creates the folder, readable by its owner only.
    pub(crate) fn create(&self) -> Result<(), Error> {
        create_private(&self.0).map_err(|error| Error::io(ErrorKind::Io, "create the state folder", &self.0, error))
    }

    /// Locks a destination, which is named by what `identity` serializes to.
    ///
    /// Blocking: it reads and writes small files.
    pub(crate) fn lock(&self, kind: &str, identity: &impl Serialize, what: &str) -> Result<Destination, Error> {
        self.create()?;
        let key = key(kind, identity)?;
        let lock = Lock::acquire(&self.0.join(format!("{key}.lock")), what)?;
        Ok(Destination { journal: self.0.join(format!("{key}.journal")), key, lock })
    }
}

impl StateFolder {
    /// Returns the journal of a destination and its key, without a lock.
    pub(crate) fn journal(&self, kind: &str, identity: &impl Serialize) -> Result<(PathBuf, String), Error> {
        let key = key(kind, identity)?;
        Ok((self.0.join(format!("{key}.journal")), key))
    }
}

/// A destination that this run alone writes to.
#[derive(Debug)]
pub(crate) struct Destination {
    /// Hash of the identity.
    pub(crate) key: String,
    pub(crate) journal: PathBuf,
    #[expect(dead_code, reason = "held for its drop")]
    lock: Lock,
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
