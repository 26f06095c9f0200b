//! Objects of the storage host that other tables describe.

use avala_types::{DatasetUid, ExportUid};

use crate::protocol::{API_PREFIX, DOWNLOAD_PREFIX};
use crate::state::public_dataset::edge_object;
use crate::state::storage::links::Links;
use crate::state::storage::{Object, sign};
use crate::state::tables::Tables;

/// Keys of the files of exports are between these.
const EXPORTS: (&str, &str) = ("exports/", ".json");

/// Returns the key of the file of an export.
pub(crate) fn export_key(uid: &ExportUid) -> String {
    format!("{}{uid}{}", EXPORTS.0, EXPORTS.1)
}

impl Tables {
    /// Returns the object of a key.
    pub(crate) fn object_at(&mut self, key: &str, links: &Links) -> Option<Object> {
        let key = self.resolve_key(key)?;
        if let Some(object) = self.storage.object(&key) {
            return Some(object);
        }
        let uid = key.strip_prefix(EXPORTS.0)?.strip_suffix(EXPORTS.1)?;
        let content = self.export_file(&uid.into(), links)?;
        Some(self.storage.make(&key, content, "application/json"))
    }

    /// Replaces the object at a path with another version. `false` if there is none.
    pub(crate) fn change_object(&mut self, path: &str) -> bool {
        let key = sign::key_of(path).and_then(|key| self.resolve_key(&key));
        key.is_some_and(|key| self.storage.change(&key))
    }

    /// Returns the key of an object for the key in the grant of a public object.
    fn resolve_key(&mut self, key: &str) -> Option<String> {
        let prefix = format!("{}{DOWNLOAD_PREFIX}", API_PREFIX.trim_start_matches('/'));
        let (dataset, digest, object) = match (key.strip_prefix(&prefix), edge_object(key)) {
            (Some(rest), _) => {
                let mut segments = rest.split('/');
                (segments.next()?, segments.next()?, segments.next()?)
            }
            (None, Some(names)) => names,
            (None, None) => return Some(key.to_owned()),
        };
        let published = self.published(&DatasetUid::from(dataset)).filter(|known| known.sha256 == digest)?;
        published.key(object).map(str::to_owned)
    }
}
