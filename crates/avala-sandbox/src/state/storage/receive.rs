//! Bytes that are received for an object.

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};
use tokio::io::{AsyncWriteExt, BufWriter};

use super::content::Content;
use super::multipart::RunningHash;
use crate::state::hex::hex;

/// Longer bodies go to a temporary file.
const MAX_IN_MEMORY: usize = 256 * 1024;

/// Treatment of uploaded bytes by the storage host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bodies {
    /// Keeps them: small ones in memory, and others in temporary files, which are deleted with the sandbox.
    #[default]
    Keep,
    /// Records sizes and SHA-256 hashes, and drops the bytes: uploads of any size in constant memory and no disk space.
    ///
    /// Objects cannot be fetched. Parts that arrive before earlier ones are kept in temporary files until
    /// their turn. If a part is replaced after its turn, the object has hashes of its parts only.
    Hash,
    /// Records sizes, and drops the bytes, for measurements in which the server should cost little.
    Count,
}

/// A body that is being received.
pub(crate) struct Receiver {
    bodies: Bodies,
    hasher: Sha256,
    length: u64,
    memory: BytesMut,
    file: Option<(BufWriter<tokio::fs::File>, TempPath)>,
    first: BytesMut,
    last: BytesMut,
    /// The hash of the upload that this is the next part of.
    whole: Option<RunningHash>,
}

/// A body that was received.
pub(crate) struct Received {
    pub(crate) length: u64,
    /// In hexadecimal; `None` if the body was only counted.
    pub(crate) sha256: Option<String>,
    pub(crate) content: Content,
    /// The hash of its upload up to here, if it was the next part of one.
    pub(crate) whole: Option<RunningHash>,
}

impl Receiver {
    /// Receives the next part of an upload whose bytes are dropped.
    pub(super) fn hashing(whole: RunningHash) -> Self {
        Self { whole: Some(whole), ..Self::new(Bodies::Hash) }
    }

    pub(crate) fn new(bodies: Bodies) -> Self {
        Self {
            bodies,
            hasher: Sha256::new(),
            length: 0,
            memory: BytesMut::new(),
            file: None,
            first: BytesMut::new(),
            last: BytesMut::new(),
            whole: None,
        }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if self.bodies != Bodies::Count {
            self.hasher.update(&bytes);
        }
        if let Some(whole) = &mut self.whole {
            whole.update(&bytes);
        }
        if self.bodies != Bodies::Keep {
            self.note_ends(&bytes);
            return Ok(());
        }
        if self.file.is_none() && self.memory.len() + bytes.len() <= MAX_IN_MEMORY {
            self.memory.extend_from_slice(&bytes);
            return Ok(());
        }
        let file = match &mut self.file {
            Some((file, _)) => file,
            None => {
                let (file, path) = NamedTempFile::with_prefix("avala-sandbox-")?.into_parts();
                let mut file = BufWriter::with_capacity(MAX_IN_MEMORY, tokio::fs::File::from_std(file));
                file.write_all(&self.memory.split()).await?;
                &mut self.file.insert((file, path)).0
            }
        };
        file.write_all(&bytes).await
    }

    pub(crate) async fn finish(self) -> io::Result<Received> {
        let length = self.length;
        let content = match (self.bodies, self.file) {
            (Bodies::Keep, Some((mut file, path))) => {
                file.flush().await?;
                Content::File { path: Arc::new(path), length }
            }
            (Bodies::Keep, None) => Content::Bytes(self.memory.freeze()),
            _ => Content::Dropped { length, first: self.first.freeze(), last: self.last.freeze() },
        };
        let sha256 = (self.bodies != Bodies::Count).then(|| hex(&self.hasher.finalize()));
        Ok(Received { length, sha256, content, whole: self.whole })
    }

    /// Keeps the first and the last eight bytes: they identify the format of a file.
    fn note_ends(&mut self, bytes: &Bytes) {
        let wanted = 8_usize.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(bytes.get(..wanted).unwrap_or_default());
        self.last.extend_from_slice(bytes.get(bytes.len().saturating_sub(8)..).unwrap_or_default());
        let surplus = self.last.len().saturating_sub(8);
        drop(self.last.split_to(surplus));
    }
}
