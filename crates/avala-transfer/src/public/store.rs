//! Content-addressed store, which keeps each content once, under its SHA-256.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use crate::download::context::Context;
use crate::download::file;
use crate::download::filling::Filling;
use crate::download::folder::{Place, TargetFolder};
use crate::download::listing::Listed;
use crate::download::names::SafePath;
use crate::download::part_file::PartFile;
use crate::download::session::{Session, blocking};
use crate::download::target_error::TargetError;
use crate::error::{Error, ErrorKind};
use crate::hash::{Digest, Hasher};

/// Bytes that are copied at once.
const STEP: usize = 1 << 20;

/// A folder of contents. Each content is compared with its hash whenever it is read.
#[derive(Debug)]
pub(crate) struct ContentStore {
    folder: TargetFolder,
    is_online: bool,
    /// Contents that are being downloaded: files of equal content wait for one download.
    busy: Mutex<HashMap<Digest, Arc<AsyncMutex<()>>>>,
}

impl ContentStore {
    /// Opens or creates a store. Blocks.
    pub(crate) fn open(path: &Path, is_online: bool) -> Result<Self, Error> {
        let folder = TargetFolder::open(path, true)?.ok_or_else(Error::aborted)?;
        Ok(Self { folder, is_online, busy: Mutex::default() })
    }

    /// Opens a store for reading; `None` if it does not exist. Blocks.
    pub(crate) fn look(path: &Path, is_online: bool) -> Result<Option<Self>, Error> {
        let folder = TargetFolder::open(path, false)?;
        Ok(folder.map(|folder| Self { folder, is_online, busy: Mutex::default() }))
    }

    /// Returns whether the store has the content of an object. Blocks.
    pub(crate) fn has(&self, object: &Listed) -> Result<bool, Error> {
        let Some(sha256) = object.sha256 else { return Ok(false) };
        let Some(existing) = self.place(sha256, false)?.map(|place| place.existing()).transpose()?.flatten() else {
            return Ok(false);
        };
        Ok(object.size.is_none_or(|size| size == existing.size))
    }

    fn place(&self, sha256: Digest, create: bool) -> Result<Option<Place>, Error> {
        let hex = sha256.to_string();
        let path = SafePath::new(&format!("{}/{hex}", hex.get(..2).unwrap_or_default()));
        let path = path.map_err(|reason| Error::new(ErrorKind::Target, reason.to_string()))?;
        Ok(self.folder.place(&path, create)?)
    }

    /// Writes an object to its path in the target: from the store if it has the content, otherwise by a download.
    pub(crate) async fn fetch(
        self: &Arc<Self>,
        context: &Arc<Context>,
        session: &Arc<Session>,
        object: &Listed,
        path: &SafePath,
    ) -> Result<u64, Error> {
        let Some(sha256) = object.sha256 else {
            return session.fetch(context, object, path, false).await;
        };
        let turn = Arc::clone(self.busy().entry(sha256).or_default());
        let guard = turn.lock().await;
        let written = self.fetch_alone(context, session, object, path, sha256).await;
        drop(guard);
        let mut busy = self.busy();
        // Only the map and this call hold it, so no other call waits.
        if Arc::strong_count(&turn) <= 2 {
            busy.remove(&sha256);
        }
        written
    }

    fn busy(&self) -> MutexGuard<'_, HashMap<Digest, Arc<AsyncMutex<()>>>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch_alone(
        self: &Arc<Self>,
        context: &Arc<Context>,
        session: &Arc<Session>,
        object: &Listed,
        path: &SafePath,
        sha256: Digest,
    ) -> Result<u64, Error> {
        // Damaged content of the store is downloaded again, once.
        for _ in 0..2 {
            if self.copy(session, object, path, sha256).await? {
                session.record_existing(object, path).await?;
                return Ok(object.size.unwrap_or_default());
            }
            if !self.is_online {
                return Err(not_in_store(&object.name));
            }
            self.download(context, session, object, sha256).await?;
        }
        Err(Error::new(ErrorKind::Integrity, "its content changes in the store")
            .about(&object.name)
            .help("check the disk of the store"))
    }

    async fn download(
        self: &Arc<Self>,
        context: &Arc<Context>,
        session: &Arc<Session>,
        object: &Listed,
        sha256: Digest,
    ) -> Result<(), Error> {
        let (this, token) = (Arc::clone(self), session.token.clone());
        let part = blocking(move || {
            this.place(sha256, true)?.map(|place| PartFile::open(place, &token)).transpose().map_err(Error::from)
        })
        .await?;
        let Some(part) = part else { return Err(Error::aborted()) };
        // No path of a target begins with a slash.
        let name = format!("/store/{sha256}");
        let begun = session.take_begun(&name);
        let file = Arc::new(Filling::new(context, object.remote(), part, name, session.journal()?));
        if let Err(error) = file::download(&file, begun, false).await {
            file.discard_useless().await;
            return Err(error);
        }
        file.blocking(|file| file.part.publish()).await
    }

    /// Copies content to a target and compares it with its hash.
    ///
    /// Returns `false` if the store does not have it. Damaged content is deleted.
    async fn copy(
        self: &Arc<Self>,
        session: &Arc<Session>,
        object: &Listed,
        path: &SafePath,
        sha256: Digest,
    ) -> Result<bool, Error> {
        let (this, session, path, size) = (Arc::clone(self), Arc::clone(session), path.clone(), object.size);
        blocking(move || {
            let Some(content) = this.place(sha256, false)? else { return Ok(false) };
            let Some(existing) = content.existing()? else { return Ok(false) };
            if size.is_some_and(|size| size != existing.size) {
                content.remove()?;
                return Ok(false);
            }
            let Some(target) = session.folder.place(&path, true)? else { return Ok(false) };
            let part = PartFile::open(target, &session.token)?;
            if copy_content(&content, &part, existing.size)? != sha256 {
                part.discard()?;
                content.remove()?;
                return Ok(false);
            }
            part.publish()?;
            Ok::<_, Error>(true)
        })
        .await
    }
}

/// Creates the error of an offline download whose store lacks content.
pub(crate) fn not_in_store(name: &str) -> Error {
    Error::new(ErrorKind::Configuration, "the content store does not have it, and the download is offline")
        .about(name)
        .help("download it once while online, with the same store")
}

fn copy_content(content: &Place, part: &PartFile, size: u64) -> Result<Digest, TargetError> {
    let mut file = content.open()?;
    part.clear()?;
    part.reserve(size)?;
    let (mut hasher, mut buffer, mut position) = (Hasher::default(), vec![0; STEP], 0);
    loop {
        let count = file.read(&mut buffer).map_err(|error| TargetError::io("read", content.path(), error))?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { return Ok(hasher.finish()) };
        hasher.update(bytes);
        part.write(part.epoch(), bytes, position)?;
        position += count as u64;
    }
}
