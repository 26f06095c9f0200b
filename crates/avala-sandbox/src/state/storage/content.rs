//! Contents of objects: in memory, in a file, generated, or only hashed.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::state::hex::hex;

/// Length of the text that generated content repeats. A prime number, so that a piece that is written at the wrong
/// offset is noticed.
const PERIOD: usize = 65_521;

/// Maximum size of a piece of generated content that is read at a time.
const PIECE: usize = 256 * 1024;

/// The bytes of an object, in any of their places.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Bytes(Bytes),
    /// A temporary file, which is deleted with the last clone.
    File {
        path: Arc<TempPath>,
        length: u64,
    },
    /// Generated while it is read.
    Generated(Generated),
    /// Parts, one after the other.
    Joined(Arc<[Content]>),
    /// Dropped, except for the first and the last bytes.
    Dropped {
        length: u64,
        first: Bytes,
        last: Bytes,
    },
}

/// Text of any length, between a start and an end.
#[derive(Clone, Debug)]
pub(crate) struct Generated {
    pub(crate) start: Bytes,
    pub(crate) end: Bytes,
    pub(crate) length: u64,
    /// Seed: each number generates a different text.
    pub(crate) seed: u32,
}

/// A segment of a content, which is read separately.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    File { path: Arc<TempPath>, range: Range<u64> },
    Generated { text: Generated, range: Range<u64> },
    Missing,
}

impl Content {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } | Self::Dropped { length, .. } => *length,
            Self::Generated(text) => text.length,
            Self::Joined(parts) => parts.iter().map(Self::length).sum(),
        }
    }

    /// Returns whether the bytes can be read.
    pub(crate) fn is_kept(&self) -> bool {
        match self {
            Self::Dropped { length, .. } => *length == 0,
            Self::Joined(parts) => parts.iter().all(Self::is_kept),
            _ => true,
        }
    }

    /// Returns the pieces of a range, in their order.
    pub(crate) fn pieces(&self, range: Range<u64>) -> VecDeque<Piece> {
        let range = range.start..range.end.min(self.length());
        if range.is_empty() {
            return VecDeque::new();
        }
        match self {
            Self::Bytes(bytes) => [Piece::Bytes(bytes.slice(index(range.start)..index(range.end)))].into(),
            Self::File { path, .. } => [Piece::File { path: Arc::clone(path), range }].into(),
            Self::Generated(text) => [Piece::Generated { text: text.clone(), range }].into(),
            Self::Dropped { .. } => [Piece::Missing].into(),
            Self::Joined(parts) => {
                let mut offset = 0;
                let mut pieces = VecDeque::new();
                for part in parts.iter() {
                    let end = offset + part.length();
                    let (from, to) = (range.start.max(offset), range.end.min(end));
                    if from < to {
                        pieces.extend(part.pieces(from - offset..to - offset));
                    }
                    offset = end;
                }
                pieces
            }
        }
    }

    /// Returns the first bytes, at most eight.
    pub(crate) fn first_bytes(&self) -> Bytes {
        match self {
            Self::Dropped { first, .. } => first.clone(),
            Self::Joined(parts) if !self.is_kept() => parts.first().map(Self::first_bytes).unwrap_or_default(),
            _ => self.read_to_bytes(0..8).unwrap_or_default(),
        }
    }

    /// Returns the last bytes, at most eight.
    pub(crate) fn last_bytes(&self) -> Bytes {
        match self {
            Self::Dropped { last, .. } => last.clone(),
            Self::Joined(parts) if !self.is_kept() => parts.last().map(Self::last_bytes).unwrap_or_default(),
            _ => self.read_to_bytes(self.length().saturating_sub(8)..self.length()).unwrap_or_default(),
        }
    }

    /// Reads a range into memory. It blocks, and fails if the bytes were not kept.
    pub(crate) fn read_to_bytes(&self, range: Range<u64>) -> io::Result<Bytes> {
        let mut bytes = Vec::new();
        self.read(range, |piece| bytes.extend_from_slice(piece))?;
        Ok(bytes.into())
    }

    /// Computes the SHA-256 in hexadecimal. It blocks, and fails if the bytes were not kept.
    pub(crate) fn sha256(&self) -> io::Result<String> {
        let mut hasher = Sha256::new();
        self.read(0..self.length(), |piece| hasher.update(piece))?;
        Ok(hex(&hasher.finalize()))
    }

    /// Drops the bytes of the content and returns the rest of it. It blocks.
    pub(super) fn dropped(&self) -> Self {
        Self::Dropped { length: self.length(), first: self.first_bytes(), last: self.last_bytes() }
    }

    pub(super) fn read(&self, range: Range<u64>, mut take: impl FnMut(&[u8])) -> io::Result<()> {
        for piece in self.pieces(range) {
            match piece {
                Piece::Bytes(bytes) => take(&bytes),
                Piece::Generated { text, mut range } => {
                    while !range.is_empty() {
                        let bytes = text.read(range.clone());
                        take(&bytes);
                        range.start += bytes.len() as u64;
                    }
                }
                Piece::File { path, range } => read_file(&path, range, &mut take)?,
                Piece::Missing => return Err(missing()),
            }
        }
        Ok(())
    }
}

/// Returns why content cannot be read.
pub(crate) fn missing() -> io::Error {
    io::Error::other("the sandbox is configured to drop the bytes of objects")
}

fn read_file(path: &TempPath, range: Range<u64>, take: &mut impl FnMut(&[u8])) -> io::Result<()> {
    use std::io::Seek as _;
    let mut file = std::fs::File::open(path)?;
    file.seek(io::SeekFrom::Start(range.start))?;
    let mut file = file.take(range.end - range.start);
    let mut buffer = vec![0; PIECE];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            count => take(buffer.get(..count).unwrap_or_default()),
        }
    }
}

impl Generated {
    /// Creates text of this length, in no file format.
    pub(crate) fn new(length: u64, seed: u32) -> Self {
        Self { start: Bytes::new(), end: Bytes::new(), length, seed }
    }

    /// Reads from the start of a range, at most up to its end.
    pub(crate) fn read(&self, range: Range<u64>) -> Bytes {
        let (start, end) = (self.start.len() as u64, self.length - (self.end.len() as u64).min(self.length));
        if range.start < start {
            return self.start.slice(index(range.start)..index(range.end.min(start)));
        }
        if range.start >= end {
            return self.end.slice(index(range.start - end)..index(range.end - end));
        }
        let text = text();
        let offset = index((range.start + u64::from(self.seed)) % PERIOD as u64);
        let count = index(range.end.min(end) - range.start).min(PIECE);
        text.slice(offset..offset + count)
    }
}

/// Returns pseudorandom digits, enough to read a piece from every offset.
fn text() -> Bytes {
    static TEXT: OnceLock<Bytes> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let digits: Vec<u8> = (0..PERIOD)
            .map(|_| {
                state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
                b"0123456789abcdef".get(index(state >> 60)).copied().unwrap_or(b'0')
            })
            .collect();
        digits.iter().copied().cycle().take(PERIOD + PIECE).collect::<Vec<u8>>().into()
    });
    text.clone()
}

/// Converts the length of data in memory, which always fits.
fn index(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> Content {
        let text = Generated { start: "{".into(), end: "}".into(), length: 400_000, seed: 3 };
        let parts = [Content::Bytes("abc".into()), Content::Generated(text), Content::Bytes("xyz".into())];
        Content::Joined(parts.into())
    }

    #[test]
    fn ranges_are_parts_of_the_whole() {
        let content = joined();
        let whole = content.read_to_bytes(0..u64::MAX).unwrap();
        assert_eq!((whole.len() as u64, content.length()), (400_006, 400_006));
        assert_eq!((&whole[..4], &whole[400_002..]), (&b"abc{"[..], &b"}xyz"[..]));
        for range in [0..1, 2..5, 3..70_000, 65_000..300_000, 399_999..400_006] {
            let part = content.read_to_bytes(range.clone()).unwrap();
            assert_eq!(part, whole[index(range.start)..index(range.end)], "{range:?}");
        }
        assert_eq!((content.first_bytes(), content.last_bytes()), (whole.slice(..8), whole.slice(400_006 - 8..)));
        assert_ne!(whole[10..100], whole[110..200], "another offset has other bytes");
    }

    #[test]
    fn dropped_content_cannot_be_read() {
        let dropped = Content::Dropped { length: 9, first: "12345678".into(), last: "23456789".into() };
        assert!(!dropped.is_kept() && dropped.sha256().is_err());
        assert_eq!((dropped.first_bytes(), dropped.last_bytes()), ("12345678".into(), "23456789".into()));
    }
}
