//! Multipart uploads that are not complete, and their SHA-256, which is computed while parts arrive whose bytes are not
//! kept.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::content::Content;
use crate::state::hex::hex;

/// A multipart upload that is not complete.
#[derive(Clone, Debug, Default)]
pub(crate) struct Multipart {
    pub(crate) key: String,
    pub(crate) parts: BTreeMap<u64, Part>,
    /// The hash of the first parts, where bytes are dropped.
    pub(super) hash: RunningHash,
}

/// A part of an object.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) size: u64,
    pub(crate) sha256: Option<String>,
    pub(crate) etag: String,
    pub(crate) content: Content,
    /// Number of times that it was sent.
    pub(crate) puts: u64,
}

/// The hash of the first parts of an upload.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningHash {
    hasher: Sha256,
    /// Number of parts.
    parts: u64,
    /// Whether a part was replaced by another one after it was hashed, which makes the hash invalid.
    is_stale: bool,
}

/// A part that arrived before earlier ones, whose bytes are kept until it is hashed.
pub(crate) struct WaitingPart {
    number: u64,
    content: Content,
    hash: RunningHash,
}

impl RunningHash {
    /// Returns the number of the part that is hashed next.
    pub(crate) fn next(&self) -> u64 {
        self.parts + 1
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// Returns the hash of an upload of this many parts in hexadecimal; `None` if it is not known.
    pub(crate) fn finish(self, parts: usize) -> Option<String> {
        let is_whole = !self.is_stale && parts > 0 && self.parts == parts as u64;
        is_whole.then(|| hex(&self.hasher.finalize()))
    }
}

impl Multipart {
    /// Records a part that was hashed while it arrived, or one that replaces another.
    pub(crate) fn note_part(&mut self, number: u64, hash: Option<RunningHash>, is_same: bool) {
        match hash {
            Some(mut hash) if number == self.hash.next() && number == hash.next() => {
                hash.parts = number;
                self.hash = hash;
            }
            _ if number < self.hash.next() && !is_same => self.hash.is_stale = true,
            _ => {}
        }
    }

    /// Returns the part that is hashed next, if it was sent.
    pub(crate) fn waiting_part(&self) -> Option<WaitingPart> {
        let number = self.hash.next();
        let part = self.parts.get(&number).filter(|part| !self.hash.is_stale && part.content.is_kept())?;
        Some(WaitingPart { number, content: part.content.clone(), hash: self.hash.clone() })
    }

    /// Stores the result of [`WaitingPart::hash`].
    pub(crate) fn end_waiting(&mut self, hashed: WaitingPart) {
        if let Some(part) = self.parts.get_mut(&hashed.number) {
            part.content = hashed.content;
        }
        self.note_part(hashed.number, Some(hashed.hash), true);
    }
}

impl WaitingPart {
    /// Hashes the bytes and drops them. It blocks.
    pub(crate) fn hash(mut self) -> Self {
        match self.content.read(0..self.content.length(), |piece| self.hash.update(piece)) {
            Ok(()) => self.content = self.content.dropped(),
            Err(_) => self.hash.is_stale = true,
        }
        self
    }
}
