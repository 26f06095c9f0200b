//! The SHA-256 of an upload whose bytes are not kept, computed while its parts arrive.

use sha2::{Digest, Sha256};

use super::{Content, Multipart};
use crate::state::hex::hex;

/// The hash of the first parts of an upload.
#[derive(Clone, Debug, Default)]
pub(crate) struct RunningHash {
    hasher: Sha256,
    /// How many parts are in it.
    parts: u64,
    /// Whether a part was replaced by another one after it was hashed, so that the hash is of no use.
    is_stale: bool,
}

/// A part that arrived before its turn, whose bytes are kept until then.
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

    /// Returns the hash of an upload of so many parts in hexadecimal; `None` if it is not known.
    pub(crate) fn finish(self, parts: usize) -> Option<String> {
        let is_whole = !self.is_stale && parts > 0 && self.parts == parts as u64;
        is_whole.then(|| hex(&self.hasher.finalize()))
    }
}

impl Multipart {
    /// Notes a part that was hashed while it arrived, or one that replaces another.
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

    /// Returns the part that is hashed next, if it is there.
    pub(crate) fn waiting_part(&self) -> Option<WaitingPart> {
        let number = self.hash.next();
        let part = self.parts.get(&number).filter(|part| !self.hash.is_stale && part.content.is_kept())?;
        Some(WaitingPart { number, content: part.content.clone(), hash: self.hash.clone() })
    }

    /// Takes over what [`WaitingPart::hash`] made.
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

#[cfg(test)]
mod tests {
    use super::super::{Bodies, Storage};
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
        assert_eq!(hash_of(&[(3, "other"), one, three, two, four]).await, whole, "replaced before its turn");
    }

    #[tokio::test]
    async fn hash_is_not_known_after_a_hashed_part_was_replaced() {
        assert_eq!(hash_of(&[(1, "one"), (2, "two"), (2, "other"), (3, "three"), (4, "four")]).await, None);
    }
}
