//! The storage host's data: objects, and multipart uploads that are not complete.
//!
//! The API reads here what was uploaded: only this connects an upload with the calls that prepare and complete it.

mod content;
pub(crate) mod links;
mod multipart;
mod receive;
pub(crate) mod sign;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::state::clock::Clock;
use crate::state::hex::hex;

pub(crate) use content::{Content, Generated, Piece, missing};
pub(crate) use multipart::{Multipart, Part, WaitingPart};
pub use receive::Bodies;
pub(crate) use receive::{Received, Receiver};

/// Prefix of keys of demo files, which are generated when they are read.
pub(crate) const DEMO_PREFIX: &str = "demo/";

/// Objects by their keys, and uploads by their IDs.
pub(crate) struct Storage {
    pub(crate) clock: Clock,
    pub(crate) bodies: Bodies,
    /// Size of the files of demo items.
    pub(crate) item_size: u64,
    /// Size of the files of exports; as large as their content unless set.
    pub(crate) export_size: Option<u64>,
    /// Uploaded objects.
    pub(crate) objects: BTreeMap<String, Object>,
    /// Objects that the sandbox generated when they were first requested.
    made: HashMap<String, Object>,
    pub(crate) uploads: BTreeMap<String, Multipart>,
    /// Sums of the sizes of uploaded objects, by the first two segments of their keys.
    stored: HashMap<String, u64>,
    pub(crate) counters: Counters,
    /// Counts changes, so that no two versions of an object have the same `ETag`.
    version: u64,
}

/// Requests to the storage host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counters {
    pub(crate) puts: u64,
    pub(crate) parts: u64,
    pub(crate) parts_again: u64,
    pub(crate) bytes: u64,
    pub(crate) refused: u64,
}

/// An object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    /// Without quotes.
    pub(crate) etag: String,
    /// `None` if it is not known.
    pub(crate) sha256: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) modified_at: SystemTime,
    pub(crate) content: Content,
    /// Number of writes.
    pub(crate) puts: u64,
    /// The parts of its upload; none if it was sent whole.
    pub(crate) parts: Arc<BTreeMap<u64, Part>>,
}

impl Object {
    pub(crate) fn size(&self) -> u64 {
        self.content.length()
    }
}

impl Storage {
    pub(crate) fn new() -> Self {
        Self {
            clock: Clock::default(),
            bodies: Bodies::Keep,
            item_size: 4096,
            export_size: None,
            objects: BTreeMap::new(),
            made: HashMap::new(),
            uploads: BTreeMap::new(),
            stored: HashMap::new(),
            counters: Counters::default(),
            version: 0,
        }
    }

    /// Stores an object instead of an older one, and returns its `ETag` without quotes.
    pub(crate) fn put(&mut self, key: &str, received: Received, content_type: Option<String>) -> String {
        self.counters.puts += 1;
        self.counters.bytes += received.length;
        let etag = self.etag(received.sha256.as_deref());
        let puts = self.objects.get(key).map_or(0, |object| object.puts) + 1;
        let object = Object {
            etag: etag.clone(),
            sha256: received.sha256,
            content_type,
            modified_at: self.clock.now(),
            content: received.content,
            puts,
            parts: Arc::default(),
        };
        self.insert(key, object);
        etag
    }

    fn insert(&mut self, key: &str, object: Object) {
        let size = object.size();
        let replaced = self.objects.insert(key.to_owned(), object).map_or(0, |object| object.size());
        let stored = self.stored.entry(root_of(key).to_owned()).or_default();
        *stored = (*stored + size).saturating_sub(replaced);
    }

    /// Returns the sum of the sizes of the objects below a root: the first two segments of their keys.
    pub(crate) fn stored_below(&self, root: &str) -> u64 {
        self.stored.get(root).copied().unwrap_or_default()
    }

    /// Opens a multipart upload, unless it is open.
    pub(crate) fn open_upload(&mut self, id: &str, key: &str) {
        let new = || Multipart { key: key.to_owned(), ..Multipart::default() };
        self.uploads.entry(id.to_owned()).or_insert_with(new);
    }

    /// Returns whether this upload is open for this key.
    pub(crate) fn is_open(&self, id: &str, key: &str) -> bool {
        self.uploads.get(id).is_some_and(|upload| upload.key == key)
    }

    /// Returns the receiver of a part.
    pub(crate) fn part_receiver(&self, id: &str, number: u64) -> Receiver {
        match self.uploads.get(id).filter(|_| self.bodies == Bodies::Hash) {
            Some(upload) if number == upload.hash.next() => Receiver::hashing(upload.hash.clone()),
            Some(upload) if number > upload.hash.next() => Receiver::new(Bodies::Keep),
            _ => Receiver::new(self.bodies),
        }
    }

    /// Returns the next part of an upload that has to be hashed and dropped, if it has arrived.
    pub(crate) fn waiting_part(&self, id: &str) -> Option<WaitingPart> {
        self.uploads.get(id).filter(|_| self.bodies == Bodies::Hash)?.waiting_part()
    }

    /// Records a part that was hashed.
    pub(crate) fn end_waiting(&mut self, id: &str, hashed: WaitingPart) {
        if let Some(upload) = self.uploads.get_mut(id) {
            upload.end_waiting(hashed);
        }
    }

    /// Stores a part instead of an older one, and returns its `ETag` without quotes; `None` if the upload is not open.
    pub(crate) fn put_part(&mut self, id: &str, number: u64, received: Received) -> Option<String> {
        let etag = self.etag(received.sha256.as_deref());
        let upload = self.uploads.get_mut(id)?;
        let replaced = upload.parts.get(&number);
        let puts = replaced.map_or(0, |part| part.puts) + 1;
        let is_same = replaced.is_some_and(|part| part.sha256 == received.sha256);
        self.counters.parts += 1;
        self.counters.parts_again += u64::from(puts > 1);
        self.counters.bytes += received.length;
        let part = Part {
            size: received.length,
            sha256: received.sha256,
            etag: etag.clone(),
            content: received.content,
            puts,
        };
        upload.parts.insert(number, part);
        upload.note_part(number, received.whole, is_same);
        Some(etag)
    }

    /// Returns the sizes of the parts of an open upload, by their numbers.
    pub(crate) fn part_sizes(&self, id: &str) -> BTreeMap<u64, u64> {
        let parts = self.uploads.get(id).map(|upload| &upload.parts);
        parts.into_iter().flatten().map(|(number, part)| (*number, part.size)).collect()
    }

    /// Joins the parts of an upload to an object.
    pub(crate) fn complete_upload(&mut self, id: &str) -> Option<&Object> {
        let Multipart { key, parts, hash } = self.uploads.remove(id)?;
        let etags: String = parts.values().map(|part| part.etag.as_str()).collect();
        let etag = format!("{}-{}", short_hash(&etags), parts.len());
        let only = parts.values().next().filter(|_| parts.len() == 1);
        let whole = only.map_or_else(|| hash.finish(parts.len()), |part| part.sha256.clone());
        let object = Object {
            etag,
            sha256: whole,
            content_type: None,
            modified_at: self.clock.now(),
            content: Content::Joined(parts.values().map(|part| part.content.clone()).collect()),
            puts: self.objects.get(&key).map_or(0, |object| object.puts) + 1,
            parts: Arc::new(parts),
        };
        self.insert(&key, object);
        self.objects.get(&key)
    }

    /// Returns the keys below a prefix with their objects, in the order of the keys.
    pub(crate) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Object)> {
        let from = self.objects.range(prefix.to_owned()..);
        from.take_while(move |(key, _)| key.starts_with(prefix)).map(|(key, object)| (key.as_str(), object))
    }

    /// Returns an object that was uploaded or created, or the file of a demo item.
    pub(crate) fn object(&mut self, key: &str) -> Option<Object> {
        if let Some(object) = self.objects.get(key).or_else(|| self.made.get(key)) {
            return Some(object.clone());
        }
        let length = self.item_size;
        let seed = key.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 60_000;
        let is_demo = key.starts_with(DEMO_PREFIX);
        is_demo.then(|| self.make(key, Content::Generated(Generated::new(length, seed)), "application/octet-stream"))
    }

    /// Keeps an object that was not uploaded. Its hash is computed on request.
    pub(crate) fn make(&mut self, key: &str, content: Content, content_type: &str) -> Object {
        self.version += 1;
        let object = Object {
            etag: short_hash(&format!("{key} {} {}", content.length(), self.version)),
            sha256: None,
            content_type: Some(content_type.to_owned()),
            modified_at: self.clock.now(),
            content,
            puts: 0,
            parts: Arc::default(),
        };
        self.made.insert(key.to_owned(), object.clone());
        object
    }

    /// Replaces the bytes of an object with others of the same size, as another version. `false` if there is none.
    pub(crate) fn change(&mut self, key: &str) -> bool {
        let Some(object) = self.object(key) else { return false };
        self.version += 1;
        let mut text = Generated::new(object.size(), u32::try_from(self.version % 60_000).unwrap_or_default());
        if object.content.first_bytes().starts_with(b"{") && text.length >= 16 {
            // The file of an export stays JSON.
            (text.start, text.end) = ("{\"changed\":\"".into(), "\"}".into());
        }
        let changed = Object {
            etag: short_hash(&format!("{key} changed {}", self.version)),
            sha256: None,
            content: Content::Generated(text),
            modified_at: self.clock.now(),
            ..object
        };
        let table = if self.objects.contains_key(key) { self.objects.get_mut(key) } else { self.made.get_mut(key) };
        table.map(|slot| *slot = changed).is_some()
    }

    /// Computes the SHA-256 of an object and keeps it; `None` if it cannot be known.
    pub(crate) fn sha256(&mut self, key: &str) -> Option<String> {
        let object = self.object(key)?;
        let sha256 = match object.sha256 {
            Some(known) => return Some(known),
            None => object.content.sha256().ok()?,
        };
        let slot = self.objects.get_mut(key).or_else(|| self.made.get_mut(key))?;
        slot.sha256 = Some(sha256.clone());
        Some(sha256)
    }

    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let removed = self.objects.remove(key);
        let size = removed.as_ref().map_or(0, Object::size);
        if let Some(stored) = self.stored.get_mut(root_of(key)) {
            *stored = stored.saturating_sub(size);
        }
        removed.is_some() | self.made.remove(key).is_some()
    }

    /// Returns an `ETag` of 32 digits, like S3; the same bytes have the same one.
    fn etag(&mut self, sha256: Option<&str>) -> String {
        self.version += 1;
        sha256.map_or_else(|| short_hash(&self.version.to_string()), |hash| hash.chars().take(32).collect())
    }
}

/// Returns the first two segments of a key.
fn root_of(key: &str) -> &str {
    let end = key.match_indices('/').nth(1).map_or(key.len(), |(index, _)| index);
    key.get(..end).unwrap_or(key)
}

fn short_hash(text: &str) -> String {
    hex(&Sha256::digest(text)).chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends parts in this order to a storage that drops bytes, and returns the hash of the object.
    async fn hash_of(sent: &[(u64, &'static str)]) -> Option<String> {
        let mut storage = Storage::new();
        storage.bodies = Bodies::Hash;
        storage.open_upload("u", "k");
        for (number, bytes) in sent {
            let mut receiver = storage.part_receiver("u", *number);
            receiver.write((*bytes).into()).await.unwrap();
            storage.put_part("u", *number, receiver.finish().await.unwrap()).unwrap();
            while let Some(part) = storage.waiting_part("u") {
                storage.end_waiting("u", part.hash());
            }
        }
        let object = storage.complete_upload("u").unwrap();
        assert!(!object.content.is_kept());
        assert_eq!((&*object.content.first_bytes(), &*object.content.last_bytes()), (&b"one"[..], &b"four"[..]));
        object.sha256.clone()
    }

    #[tokio::test]
    async fn parts_in_any_order_have_the_hash_of_the_whole() {
        let [one, two, three, four] = [(1, "one"), (2, "two"), (3, "three"), (4, "four")];
        let whole = Some(hex(&Sha256::digest("onetwothreefour")));
        for order in [[one, two, three, four], [four, three, two, one], [two, one, four, three]] {
            assert_eq!(hash_of(&order).await, whole, "{order:?}");
        }
        assert_eq!(hash_of(&[one, two, two, one, three, four]).await, whole, "a repeated part is the same");
        assert_eq!(hash_of(&[(3, "other"), one, three, two, four]).await, whole, "replaced before it was hashed");
    }

    #[tokio::test]
    async fn hash_is_not_known_after_a_hashed_part_was_replaced() {
        assert_eq!(hash_of(&[(1, "one"), (2, "two"), (2, "other"), (3, "three"), (4, "four")]).await, None);
    }
}
