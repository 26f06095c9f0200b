//! Lookups of public datasets across tables.

use std::collections::HashMap;

use avala_types::{DatasetStatus, DatasetUid, Visibility};
use sha2::{Digest, Sha256};

use crate::schema::{DatasetItem, PublicObject};
use crate::state::dataset::DatasetRow;
use crate::state::hex::hex;
use crate::state::public_dataset::{Published, objects_path};
use crate::state::storage::links::key_of;
use crate::state::tables::Tables;

/// Ending of a file that is an episode. The files in the folder of the same name belong to it.
const EPISODE_SUFFIX: &str = ".episode";

/// Returns whether a dataset has a revision: it is public and ready.
fn is_public(row: &DatasetRow) -> bool {
    let dataset = &row.dataset;
    dataset.visibility == Some(Visibility::Public) && dataset.status == Some(DatasetStatus::Created)
}

/// Returns the items with their roles and ordinals, in the order of objects: by role, then by ordinal.
fn by_role(row: &DatasetRow) -> impl Iterator<Item = (&DatasetItem, &'static str, u64)> {
    let is_episode = |item: &&DatasetItem| item.key.as_deref().is_some_and(|key| key.ends_with(EPISODE_SUFFIX));
    let episodes = row.items.rows().filter(is_episode).zip(0..).map(|(item, ordinal)| (item, "episode", ordinal));
    let media = row.items.rows().filter(move |item| !is_episode(item)).zip(0..);
    episodes.chain(media.map(|(item, ordinal)| (item, "media", ordinal)))
}

/// Returns the folders that a path is in, the innermost one first.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').filter_map(|(end, _)| path.get(..end))
}

impl Tables {
    /// Returns the revision of a dataset; `None` if it has none.
    pub(crate) fn published(&mut self, uid: &DatasetUid) -> Option<&mut Published> {
        if !self.published.contains_key(uid) {
            let published = self.publish(uid)?;
            self.published.insert(uid.clone(), published);
        }
        self.published.get_mut(uid)
    }

    fn publish(&mut self, uid: &DatasetUid) -> Option<Published> {
        let row = self.datasets.get(uid).ok().filter(|row| is_public(row))?;
        let (mut objects, mut keys, mut episodes) = (Vec::new(), Vec::new(), HashMap::new());
        for (item, role, ordinal) in by_role(row) {
            let key = item.url.as_deref().and_then(key_of)?;
            let sha256 = self.storage.sha256(key)?;
            let size = self.storage.object(key)?.size();
            let path = item.key.clone().unwrap_or_else(|| item.uid.to_string());
            let mut object = PublicObject::new(item.uid.to_string(), path, role, ordinal, size, sha256, "");
            match object.logical_path.strip_suffix(EPISODE_SUFFIX) {
                Some(folder) => drop(episodes.insert(folder.to_owned(), ordinal)),
                None => object.episode_ordinal = folders(&object.logical_path).find_map(|at| episodes.get(at).copied()),
            }
            object.content_type = Some("application/octet-stream".to_owned());
            object.origin = Some("upload".to_owned());
            objects.push(object);
            keys.push(key.to_owned());
        }
        let mut manifest = Sha256::new();
        for object in &objects {
            manifest.update(format!("{} {} {}\n", object.logical_path, object.size_bytes, object.sha256));
        }
        let manifest_sha256 = hex(&manifest.finalize());
        let sha256 = hex(&Sha256::digest(format!("revision {uid} {manifest_sha256}")));
        let path = objects_path(uid, &sha256);
        for object in &mut objects {
            object.access_path = format!("{path}{}/access/", object.object_uid);
        }
        let dataset = uid.clone();
        Some(Published { dataset, sha256, manifest_sha256, objects, keys, is_withdrawn: false, range_supported: true })
    }
}
