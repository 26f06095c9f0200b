//! Published revisions of public datasets, and their objects.

use avala_types::{DatasetStatus, Visibility};
use bytes::Bytes;
use sha2::{Digest, Sha256};

use crate::schema::{DatasetItem, PublicObject};
use crate::state::dataset::DatasetRow;
use crate::state::hex::hex;

/// The published revision of a dataset. There is one for each, under the alias `main`.
pub(crate) struct Revision<'a> {
    row: &'a DatasetRow,
    /// Digest of the revision.
    pub(crate) sha256: String,
    pub(crate) manifest_sha256: String,
}

impl<'a> Revision<'a> {
    /// Returns the revision of a dataset that is public and ready.
    pub(crate) fn of(row: &'a DatasetRow) -> Option<Self> {
        let dataset = &row.dataset;
        let is_public =
            dataset.visibility == Some(Visibility::Public) && dataset.status == Some(DatasetStatus::Created);
        let digest = |kind: &str| hex(&Sha256::digest(format!("{kind} {} {}", dataset.uid, row.items.len())));
        is_public.then(|| Self { row, sha256: digest("revision"), manifest_sha256: digest("manifest") })
    }

    pub(crate) fn canonical_reference(&self) -> String {
        format!("avala://datasets/{}@{}", self.row.dataset.uid, self.sha256)
    }

    /// Path of the list of objects, below the API.
    pub(crate) fn objects_path(&self) -> String {
        format!("/resolve/uid/{}/{}/objects/", self.row.dataset.uid, self.sha256)
    }

    /// Returns the objects in their order: each item is one, of the role `media`.
    pub(crate) fn objects(&self) -> impl Iterator<Item = PublicObject> {
        let path = self.objects_path();
        self.row.items.rows().zip(0_u64..).map(move |(item, ordinal)| {
            let content = content_of(item);
            let key = item.key.clone().unwrap_or_else(|| item.uid.to_string());
            let access_path = format!("{path}{}/access/", item.uid);
            let digest = hex(&Sha256::digest(&content));
            let mut object = PublicObject::new(
                item.uid.to_string(),
                key,
                "media",
                ordinal,
                content.len() as u64,
                digest,
                access_path,
            );
            object.content_type = Some("application/octet-stream".to_owned());
            object.origin = Some("upload".to_owned());
            object
        })
    }

    pub(crate) fn content(&self, object_uid: &str) -> Option<Bytes> {
        self.row.items.get(object_uid).ok().map(content_of)
    }
}

/// The bytes of an object, made up from the item's identity.
fn content_of(item: &DatasetItem) -> Bytes {
    let line = format!("{} {}\n", item.uid, item.key.as_deref().unwrap_or_default());
    Bytes::from(line.repeat(64))
}
