//! Published revisions of public datasets, and their objects.

use avala_types::DatasetUid;

use crate::schema::PublicObject;

/// The published revision of a dataset, fixed by the first request for it. Each has one, under the alias
/// `main`.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) dataset: DatasetUid,
    /// Digest of the revision.
    pub(crate) sha256: String,
    pub(crate) manifest_sha256: String,
    /// The objects in order: one for each item, of the role `episode` or `media`.
    pub(crate) objects: Vec<PublicObject>,
    /// Keys of the objects in the storage, in the same order.
    pub(crate) keys: Vec<String>,
    /// Whether it was withdrawn after it was published.
    pub(crate) is_withdrawn: bool,
    /// Whether grants allow ranges.
    pub(crate) range_supported: bool,
}

impl Published {
    pub(crate) fn canonical_reference(&self) -> String {
        format!("avala://datasets/{}@{}", self.dataset, self.sha256)
    }

    /// Returns the path of the list of objects, below the API.
    pub(crate) fn objects_path(&self) -> String {
        objects_path(&self.dataset, &self.sha256)
    }

    pub(crate) fn object(&self, uid: &str) -> Option<&PublicObject> {
        self.objects.iter().find(|object| object.object_uid == uid)
    }

    /// Returns the path of an object on the network that serves large files.
    pub(crate) fn edge_path(&self, object: &PublicObject) -> String {
        let Self { dataset, sha256, manifest_sha256, .. } = self;
        let (uid, digest) = (&object.object_uid, &object.sha256);
        format!("/{EDGE_PREFIX}{dataset}/{sha256}/{manifest_sha256}/objects/{uid}/{digest}")
    }

    /// Returns the key of an object in the storage.
    pub(crate) fn key(&self, uid: &str) -> Option<&str> {
        let index = self.objects.iter().position(|object| object.object_uid == uid)?;
        self.keys.get(index).map(String::as_str)
    }
}

/// First segments of paths on the network that serves large files.
const EDGE_PREFIX: &str = "v1/datasets/";

/// Returns the object that a key of the edge network names: dataset, revision and object.
pub(crate) fn edge_object(key: &str) -> Option<(&str, &str, &str)> {
    let segments: Vec<&str> = key.strip_prefix(EDGE_PREFIX)?.split('/').collect();
    match segments[..] {
        [dataset, revision, _manifest, "objects", object, _sha256] => Some((dataset, revision, object)),
        _ => None,
    }
}

/// Returns the path of the list of objects of a revision, below the API.
pub(crate) fn objects_path(dataset: &DatasetUid, sha256: &str) -> String {
    format!("/resolve/uid/{dataset}/{sha256}/objects/")
}
