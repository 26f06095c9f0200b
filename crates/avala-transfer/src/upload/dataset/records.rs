//! Records in the journal of a dataset upload, and the state that follows from them.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::hash::Digest;
use crate::source::stamp::Stamp;

/// Kind of the journals of dataset uploads.
pub(crate) const KIND: &str = "dataset";

/// Hash of a file: of its bytes, or of the hashes of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Print {
    pub(crate) sha256: Digest,
    /// Part size in bytes; 0 for the whole file.
    pub(crate) part_size: u64,
}

/// One line of the journal. Names are short, because a large upload has hundreds of thousands of lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub(crate) enum Record {
    /// A batch was started. Durable before the first request with its UUID.
    Batch { uid: String },
    /// The last bytes of a file are about to be sent: from now on, the storage may have the file.
    Released { path: String, stamp: Stamp, print: Print },
    /// The storage has the file, which is not confirmed yet but does not have to be sent again.
    Stored { path: String, stamp: Stamp, print: Print },
    /// The storage has another object of this name: the released bytes did not arrive.
    Foreign { path: String },
    /// A multipart session was opened for the bytes of this stamp.
    Session { path: String, upload: String, stamp: Stamp, part_size: u64 },
    /// The last bytes of a part are about to be sent.
    Part { path: String, upload: String, number: u64, sha256: Digest },
    /// The file is stored and confirmed.
    Done { path: String, stamp: Stamp, print: Print },
    /// The file changed during its upload: its session must not be continued.
    Spoiled { path: String },
    /// No dataset has the slug, and the dataset is about to be created.
    Creating { slug: String },
    /// The server refused to create the dataset: nothing was created.
    NotCreated,
    /// The dataset was created.
    Created { uid: String },
}

/// State of one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FileState {
    pub(crate) done: Option<(Stamp, Print)>,
    pub(crate) released: Option<(Stamp, Print)>,
    /// Whether the storage confirmed the released bytes.
    pub(crate) is_stored: bool,
    pub(crate) session: Option<Session>,
    pub(crate) is_spoiled: bool,
}

/// A multipart session.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Session {
    pub(crate) upload: String,
    pub(crate) stamp: Stamp,
    pub(crate) part_size: u64,
    /// Hashes of the parts that the storage may have, by number.
    pub(crate) parts: BTreeMap<u64, Digest>,
}

/// The creation of the dataset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Creation {
    #[default]
    NotBegun,
    /// The request may have been sent; its outcome is unknown.
    Creating {
        slug: String,
    },
    Created {
        uid: String,
    },
}

/// The state of a dataset upload.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DatasetState {
    pub(crate) batch: Option<String>,
    pub(crate) files: HashMap<String, FileState>,
    pub(crate) creation: Creation,
}

impl DatasetState {
    pub(crate) fn replay(records: Vec<Record>) -> Self {
        let mut state = Self::default();
        for record in records {
            state.apply(record);
        }
        state
    }

    fn apply(&mut self, record: Record) {
        match record {
            Record::Batch { uid } => {
                // Sessions belong to their batch; stored files remain valid.
                for file in self.files.values_mut() {
                    file.session = None;
                    file.is_spoiled = false;
                    file.is_stored = false;
                    if file.done.is_some() {
                        file.released = file.done.take();
                    }
                }
                self.batch = Some(uid);
                self.creation = Creation::NotBegun;
            }
            Record::Released { path, stamp, print } => self.release(path, Some((stamp, print)), false),
            Record::Stored { path, stamp, print } => self.release(path, Some((stamp, print)), true),
            Record::Foreign { path } => self.release(path, None, false),
            Record::Session { path, upload, stamp, part_size } => {
                self.file(path).session = Some(Session { upload, stamp, part_size, parts: BTreeMap::new() });
            }
            Record::Part { path, upload, number, sha256 } => {
                if let Some(session) = self.file(path).session.as_mut().filter(|session| session.upload == upload) {
                    session.parts.insert(number, sha256);
                }
            }
            Record::Done { path, stamp, print } => {
                let file = self.file(path);
                *file = FileState { done: Some((stamp, print)), ..FileState::default() };
            }
            Record::Spoiled { path } => self.file(path).is_spoiled = true,
            Record::Creating { slug } => self.creation = Creation::Creating { slug },
            Record::NotCreated => self.creation = Creation::NotBegun,
            Record::Created { uid } => self.creation = Creation::Created { uid },
        }
    }

    fn release(&mut self, path: String, released: Option<(Stamp, Print)>, is_stored: bool) {
        let file = self.file(path);
        (file.released, file.is_stored) = (released, is_stored);
    }

    fn file(&mut self, path: String) -> &mut FileState {
        self.files.entry(path).or_default()
    }

    /// Returns the records of this state, without outdated records.
    pub(crate) fn to_records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        records.extend(self.batch.clone().map(|uid| Record::Batch { uid }));
        let mut files: Vec<_> = self.files.iter().collect();
        files.sort_by_key(|(path, _)| *path);
        for (path, file) in files {
            let path = || path.clone();
            records.extend(file.done.map(|(stamp, print)| Record::Done { path: path(), stamp, print }));
            records.extend(file.released.map(|(stamp, print)| match file.is_stored {
                true => Record::Stored { path: path(), stamp, print },
                false => Record::Released { path: path(), stamp, print },
            }));
            if let Some(Session { upload, stamp, part_size, parts }) = &file.session {
                let (stamp, part_size) = (*stamp, *part_size);
                records.push(Record::Session { path: path(), upload: upload.clone(), stamp, part_size });
                records.extend(parts.iter().map(|(number, sha256)| Record::Part {
                    path: path(),
                    upload: upload.clone(),
                    number: *number,
                    sha256: *sha256,
                }));
            }
            records.extend(file.is_spoiled.then(|| Record::Spoiled { path: path() }));
        }
        match &self.creation {
            Creation::NotBegun => {}
            Creation::Creating { slug } => records.push(Record::Creating { slug: slug.clone() }),
            Creation::Created { uid } => records.push(Record::Created { uid: uid.clone() }),
        }
        records
    }

    /// Returns whether a file was or may have been sent.
    pub(crate) fn may_be_stored(&self, path: &str) -> bool {
        self.files.get(path).is_some_and(|file| {
            let has_parts = file.session.as_ref().is_some_and(|session| !session.parts.is_empty());
            file.done.is_some() || file.released.is_some() || has_parts
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(size: u64) -> Stamp {
        Stamp { size, modified: 1, changed: 2 }
    }

    fn print(text: &str) -> Print {
        Print { sha256: Digest::of(text.as_bytes()), part_size: 0 }
    }

    fn path() -> String {
        "a/b.bin".to_owned()
    }

    #[test]
    fn records_add_up_and_are_compacted_without_loss() {
        let upload = || "u1".to_owned();
        let records = vec![
            Record::Batch { uid: "b1".to_owned() },
            Record::Session { path: path(), upload: upload(), stamp: stamp(9), part_size: 5 },
            Record::Part { path: path(), upload: upload(), number: 2, sha256: Digest::of(b"2") },
            Record::Part { path: path(), upload: "u0".to_owned(), number: 1, sha256: Digest::of(b"1") },
            Record::Released { path: "x".to_owned(), stamp: stamp(1), print: print("x") },
            Record::Done { path: "y".to_owned(), stamp: stamp(1), print: print("y") },
            Record::Released { path: "z".to_owned(), stamp: stamp(1), print: print("z") },
            Record::Foreign { path: "z".to_owned() },
            Record::Stored { path: "s".to_owned(), stamp: stamp(1), print: print("s") },
            Record::Stored { path: "r".to_owned(), stamp: stamp(1), print: print("r") },
            Record::Released { path: "r".to_owned(), stamp: stamp(2), print: print("r2") },
            Record::Creating { slug: "s".to_owned() },
        ];
        let state = DatasetState::replay(records);
        let session = state.files[&path()].session.as_ref().unwrap();
        assert_eq!(session.parts.keys().collect::<Vec<_>>(), [&2], "a part of another session does not count");
        assert_eq!(DatasetState::replay(state.to_records()).to_records(), state.to_records());
        assert!(["a/b.bin", "x", "y"].iter().all(|path| state.may_be_stored(path)));
        assert!(!state.may_be_stored("z"));
        let is_stored = |path: &str| state.files[path].is_stored;
        assert!(is_stored("s") && !is_stored("r") && !is_stored("x"), "until it is sent again");
        assert_eq!(state.creation, Creation::Creating { slug: "s".to_owned() });
    }

    #[test]
    fn new_batch_keeps_what_was_sent_and_drops_sessions() {
        let mut state = DatasetState::replay(vec![
            Record::Done { path: "y".to_owned(), stamp: stamp(1), print: print("y") },
            Record::Session { path: path(), upload: "u1".to_owned(), stamp: stamp(9), part_size: 5 },
            Record::Spoiled { path: path() },
        ]);
        state.apply(Record::Batch { uid: "b2".to_owned() });
        assert_eq!(state.files["y"].released, Some((stamp(1), print("y"))));
        assert_eq!(state.files[&path()], FileState::default());
    }

    #[test]
    fn record_holds_no_url() {
        let record = Record::Released { path: path(), stamp: stamp(1), print: print("x") };
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.starts_with(r#"{"t":"released","path":"a/b.bin","stamp":{"size":1,"#), "{text}");
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
