//! Access to the storage host for tests.

use std::io;

use bytes::Bytes;
use serde::Serialize;

use crate::app::App;
use crate::not_found::NotFound;
use crate::state::storage::{Content, Generated, Object, Part};

/// Objects and requests of the storage host of a [`Sandbox`](crate::Sandbox).
///
/// Keys are those of the paths of URLs, decoded and without the slash at their start: `__u__=/USER_UID/DATASET/PATH`
/// for files of datasets, `fleet/...` for those of recordings, and `recordings/__o__=/...` for managed uploads, whose
/// URLs name the bucket.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sandbox = avala_sandbox::Sandbox::start().await?;
/// sandbox.storage().insert("shared/hello.txt", "hello");
/// let url = sandbox.storage().url("shared/hello.txt");
/// // ... fetch the URL ...
/// let object = sandbox.storage().get("shared/hello.txt").ok_or("no object")?;
/// assert_eq!((object.size, object.puts), (5, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct StorageHost<'a> {
    app: &'a App,
}

/// An object of the storage host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoredObject {
    /// Key.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal; `None` if the bytes were uploaded in parts and not kept, or were only counted.
    pub sha256: Option<String>,
    /// `ETag`, without its quotes.
    pub etag: String,
    /// `Content-Type` of the request that sent it.
    pub content_type: Option<String>,
    /// Number of writes; 0 if the sandbox or the test created it.
    pub puts: u64,
    /// The parts of its upload, in order; none if it was sent whole.
    pub parts: Vec<StoredPart>,
}

/// A part of an object, or of an upload that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoredPart {
    /// Number; the first part is 1.
    pub number: u64,
    /// Size in bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal; `None` if the bytes were only counted.
    pub sha256: Option<String>,
    /// Number of times that it was sent.
    pub puts: u64,
}

/// An upload in parts that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoredUpload {
    /// Key of its object.
    pub key: String,
    /// Upload ID.
    pub upload_id: String,
    /// Parts that have arrived, in order.
    pub parts: Vec<StoredPart>,
}

/// Counters of requests to the storage host since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StorageCounters {
    /// Objects that were stored whole, by PUT or by a form.
    pub puts: u64,
    /// Parts that were stored, including repeated ones.
    pub parts: u64,
    /// Parts that were stored although the upload had them.
    pub parts_again: u64,
    /// Number of bytes stored.
    pub bytes: u64,
    /// Requests that were refused, such as those with an expired URL. Faults are not counted.
    pub refused: u64,
}

impl<'a> StorageHost<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Returns the objects that were uploaded, in the order of their keys.
    #[must_use]
    pub fn objects(&self) -> Vec<StoredObject> {
        // Hashes of large objects are computed without blocking the server.
        let objects = self.app.storage(|storage| storage.objects.clone());
        objects.iter().map(|(key, object)| describe(key, object)).collect()
    }

    /// Returns the object with this key, uploaded or not; `None` when there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<StoredObject> {
        let object = self.app.tables().object_at(key, self.app.links())?;
        Some(describe(key, &object))
    }

    /// Returns the bytes of an object.
    ///
    /// # Errors
    /// If there is no such object, its bytes were not kept, or they cannot be read.
    pub fn bytes(&self, key: &str) -> io::Result<Bytes> {
        let object = self.app.tables().object_at(key, self.app.links());
        let content = object.ok_or(io::ErrorKind::NotFound)?.content;
        content.read_to_bytes(0..content.length())
    }

    /// Computes the SHA-256 of an object, in hexadecimal, without holding it in memory.
    ///
    /// # Errors
    /// If there is no such object, its bytes were not kept, or they cannot be read.
    pub fn sha256(&self, key: &str) -> io::Result<String> {
        let object = self.app.tables().object_at(key, self.app.links()).ok_or(io::ErrorKind::NotFound)?;
        object.sha256.map_or_else(|| object.content.sha256(), Ok)
    }

    /// Returns the uploads in parts that are not complete, in the order of their IDs.
    #[must_use]
    pub fn uploads(&self) -> Vec<StoredUpload> {
        self.app.storage(|storage| {
            let uploads = storage.uploads.iter().map(|(id, upload)| StoredUpload {
                key: upload.key.clone(),
                upload_id: id.clone(),
                parts: upload.parts.iter().map(describe_part).collect(),
            });
            uploads.collect()
        })
    }

    /// Returns the counters.
    #[must_use]
    pub fn counters(&self) -> StorageCounters {
        let counters = self.app.storage(|storage| storage.counters);
        StorageCounters {
            puts: counters.puts,
            parts: counters.parts,
            parts_again: counters.parts_again,
            bytes: counters.bytes,
            refused: counters.refused,
        }
    }

    /// Adds an object that is not an upload, or replaces one with another version.
    pub fn insert(&self, key: &str, bytes: impl Into<Bytes>) {
        self.make(key, Content::Bytes(bytes.into()));
    }

    /// Stores an object of any size that takes no memory: pseudorandom digits.
    pub fn insert_generated(&self, key: &str, size: u64) {
        self.make(key, Content::Generated(Generated::new(size, 0)));
    }

    /// Returns a URL for fetching an object, signed now.
    #[must_use]
    pub fn url(&self, key: &str) -> String {
        self.app.links().url(key)
    }

    /// Replaces the bytes of an object with others of the same size, as another version.
    ///
    /// # Errors
    /// If there is no such object.
    pub fn change(&self, key: &str) -> Result<(), NotFound> {
        let mut tables = self.app.tables();
        let is_changed = tables.object_at(key, self.app.links()).is_some() && tables.storage.change(key);
        if is_changed { Ok(()) } else { Err(NotFound::new("object", key)) }
    }

    /// Removes an object.
    ///
    /// # Errors
    /// If there is no such object.
    pub fn remove(&self, key: &str) -> Result<(), NotFound> {
        let is_removed = self.app.storage(|storage| storage.remove(key));
        if is_removed { Ok(()) } else { Err(NotFound::new("object", key)) }
    }

    fn make(&self, key: &str, content: Content) {
        self.app.storage(|storage| {
            storage.remove(key);
            storage.make(key, content, "application/octet-stream");
        });
    }
}

fn describe(key: &str, object: &Object) -> StoredObject {
    StoredObject {
        key: key.to_owned(),
        size: object.size(),
        sha256: object.sha256.clone().or_else(|| object.content.sha256().ok()),
        etag: object.etag.clone(),
        content_type: object.content_type.clone(),
        puts: object.puts,
        parts: object.parts.iter().map(describe_part).collect(),
    }
}

fn describe_part((number, part): (&u64, &Part)) -> StoredPart {
    StoredPart { number: *number, size: part.size, sha256: part.sha256.clone(), puts: part.puts }
}
