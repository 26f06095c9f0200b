//! Records of the upload of a recording.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::hash::Digest;
use crate::source::stamp::Stamp;

/// Kind of the journals of recordings. Both protocols use it, because a recording can have only one upload.
pub(crate) const KIND: &str = "recording";

/// Protocol of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    Plain,
    Managed,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum Record {
    /// The upload was started. Followed by one `File` per file, and `Manifest`.
    Begin { protocol: Protocol, user: String, storage_config: Option<String>, source: String },
    /// A file of the manifest. The hash is set if the protocol needs it before the first byte.
    File { path: String, size: u64, sha256: Option<Digest> },
    /// The manifest is complete.
    Manifest { files: u64 },
    /// Plain: the session is about to be opened, which is possible once.
    Initializing,
    /// Plain: the session was certainly not opened.
    NotInitialized,
    /// Plain: the session.
    Active { session: String, prefix: String },
    /// Plain: the storage has the file.
    Stored { path: String, etag: String, stamp: Stamp, sha256: Digest },
    /// Plain: files are about to be confirmed.
    Confirming { paths: Vec<String> },
    /// Plain: the server has confirmed files.
    Confirmed { paths: Vec<String> },
    /// Managed: the UUID of the session, durable before the first request.
    Session { uid: String },
    /// Managed: the UUID that the server gave a file.
    Original { path: String, uid: String },
    /// Managed: the multipart upload of a file is about to be opened, which is possible once.
    InitializingFile { path: String },
    /// Managed: the multipart upload was certainly not opened.
    NotInitializedFile { path: String },
    /// Managed: the multipart upload of a file.
    Generation { path: String, uid: String },
    /// Managed: hash of the target of a file's parts, which must stay the same.
    Pin { path: String, sha256: Digest },
    /// Managed: the server has verified the file.
    Verified { path: String },
    /// The upload is about to be finalized.
    Finalizing,
    /// Managed: the finalization.
    Finalization { uid: String },
    /// Managed: the dataset that the recording was published as.
    Published { publication: String, dataset: String },
    /// The upload is complete.
    Completed,
}

/// A file of the manifest.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FileState {
    pub(crate) size: u64,
    pub(crate) sha256: Option<Digest>,
    pub(crate) stored: Option<Stored>,
    pub(crate) original: Option<String>,
    pub(crate) is_initializing: bool,
    pub(crate) generation: Option<String>,
    pub(crate) pin: Option<Digest>,
    pub(crate) is_verified: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) etag: String,
    pub(crate) stamp: Stamp,
    pub(crate) sha256: Digest,
}

/// The state of an upload.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct RecordingState {
    pub(crate) begin: Option<Begin>,
    pub(crate) files: BTreeMap<String, FileState>,
    pub(crate) is_manifest_complete: bool,
    pub(crate) is_initializing: bool,
    /// Session and prefix; the prefix is empty with the managed protocol.
    pub(crate) session: Option<(String, String)>,
    pub(crate) confirmed: BTreeSet<String>,
    pub(crate) is_finalizing: bool,
    pub(crate) finalization: Option<String>,
    pub(crate) published: Option<(String, String)>,
    pub(crate) is_completed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Begin {
    pub(crate) protocol: Protocol,
    pub(crate) user: String,
    pub(crate) storage_config: Option<String>,
    pub(crate) source: String,
}

impl RecordingState {
    pub(crate) fn replay(records: Vec<Record>) -> Self {
        let mut state = Self::default();
        for record in records {
            state.apply(record);
        }
        state
    }

    pub(crate) fn apply(&mut self, record: Record) {
        match record {
            Record::Begin { protocol, user, storage_config, source } => {
                // An incomplete manifest does not count.
                *self = Self { begin: Some(Begin { protocol, user, storage_config, source }), ..Self::default() };
            }
            Record::File { path, size, sha256 } => {
                self.files.insert(path, FileState { size, sha256, ..FileState::default() });
            }
            Record::Manifest { files } => self.is_manifest_complete = self.files.len() as u64 == files,
            Record::Initializing => self.is_initializing = true,
            Record::NotInitialized => self.is_initializing = false,
            Record::Active { session, prefix } => self.session = Some((session, prefix)),
            Record::Stored { path, etag, stamp, sha256 } => {
                self.file(path).stored = Some(Stored { etag, stamp, sha256 });
            }
            // The server's status decides whether they are.
            Record::Confirming { .. } => {}
            Record::Confirmed { paths } => self.confirmed.extend(paths),
            Record::Session { uid } => self.session = Some((uid, String::new())),
            Record::Original { path, uid } => self.file(path).original = Some(uid),
            Record::InitializingFile { path } => self.file(path).is_initializing = true,
            Record::NotInitializedFile { path } => self.file(path).is_initializing = false,
            Record::Generation { path, uid } => self.file(path).generation = Some(uid),
            Record::Pin { path, sha256 } => self.file(path).pin = Some(sha256),
            Record::Verified { path } => self.file(path).is_verified = true,
            Record::Finalizing => self.is_finalizing = true,
            Record::Finalization { uid } => self.finalization = Some(uid),
            Record::Published { publication, dataset } => self.published = Some((publication, dataset)),
            Record::Completed => self.is_completed = true,
        }
    }

    fn file(&mut self, path: String) -> &mut FileState {
        self.files.entry(path).or_default()
    }

    pub(crate) fn total_bytes(&self) -> u64 {
        self.files.values().map(|file| file.size).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfinished_manifest_is_replaced_by_the_next() {
        let begin = || Record::Begin {
            protocol: Protocol::Plain,
            user: "u1".to_owned(),
            storage_config: None,
            source: "/data".to_owned(),
        };
        let file = |path: &str| Record::File { path: path.to_owned(), size: 1, sha256: None };
        let state = RecordingState::replay(vec![begin(), file("a"), begin(), file("b"), Record::Manifest { files: 1 }]);
        assert_eq!(state.files.keys().collect::<Vec<_>>(), ["b"]);
        assert!(state.is_manifest_complete);
        let state = RecordingState::replay(vec![begin(), file("a"), file("b")]);
        assert!(!state.is_manifest_complete);
    }
}
