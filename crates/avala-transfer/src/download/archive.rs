//! Tests whether a downloaded file is complete, by its format: the API publishes neither size nor hash of
//! exports.

use std::io::{self, BufReader, Read};

use flate2::read::MultiGzDecoder;
use serde::de::IgnoredAny;

use super::part_file::PartFile;
use super::target_error::TargetError;

/// Maximum length of the end record of a ZIP archive: 22 bytes and a comment.
const LONGEST_END: u64 = 22 + 65_535;
/// Minimum length of a file whose format can be recognized.
const BUFFER: usize = 256 << 10;

/// Format of a file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// ZIP archive with a valid end record.
    Zip,
    /// gzip stream that was decompressed to its end, with a valid checksum.
    Gzip,
    /// One JSON document.
    Json,
    /// Another format, which cannot be tested.
    Other,
}

/// Reason why a file is incomplete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Broken {
    #[error("the ZIP archive has no end record")]
    ZipEnd,
    #[error("the length of the ZIP archive contradicts its end record")]
    ZipLength,
    #[error("the gzip stream is truncated or damaged: {0}")]
    Gzip(io::Error),
    #[error("the JSON document is truncated or malformed at line {line} column {column}")]
    Json { line: usize, column: usize },
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// Tests a file of `size` bytes. Blocks, and reads all of a gzip stream or JSON document.
pub(crate) fn test(part: &PartFile, size: u64) -> Result<Content, Broken> {
    let mut start = Vec::new();
    part.read(0..size.min(64), &mut start)?;
    match start.as_slice() {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => zip(part, size).map(|()| Content::Zip),
        [0x1f, 0x8b, ..] => {
            let mut reader = MultiGzDecoder::new(BufReader::with_capacity(BUFFER, part.reader()));
            io::copy(&mut reader, &mut io::sink()).map_err(Broken::Gzip)?;
            Ok(Content::Gzip)
        }
        start if matches!(first_visible(start), Some(b'{' | b'[')) => {
            let reader = BufReader::with_capacity(BUFFER, part.reader_at(byte_order_mark(start)));
            json(reader).map(|()| Content::Json)
        }
        _ => Ok(Content::Other),
    }
}

fn byte_order_mark(start: &[u8]) -> u64 {
    if start.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 }
}

fn first_visible(start: &[u8]) -> Option<u8> {
    let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(start);
    text.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Checks the JSON documents of an export: one, or one per line.
fn json(reader: impl Read) -> Result<(), Broken> {
    for document in serde_json::Deserializer::from_reader(reader).into_iter::<IgnoredAny>() {
        document.map_err(|error| Broken::Json { line: error.line(), column: error.column() })?;
    }
    Ok(())
}

/// Checks that the end record is at the end of the file, and that its directory precedes it.
fn zip(part: &PartFile, size: u64) -> Result<(), Broken> {
    let start = size.saturating_sub(LONGEST_END);
    let mut tail = Vec::new();
    part.read(start..size, &mut tail)?;
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    for position in (0..tail.len()).rev() {
        let Some(record) = tail.get(position..position + 22).filter(|record| record.starts_with(b"PK\x05\x06")) else {
            continue;
        };
        let field = |range: std::ops::Range<usize>| number(record.get(range).unwrap_or_default());
        let (length, offset, comment) = (field(12..16), field(16..20), field(20..22));
        let is_last = position as u64 + 22 + comment == tail.len() as u64;
        if !is_last {
            continue;
        }
        let is_zip64 = length == u64::from(u32::MAX) || offset == u64::from(u32::MAX);
        let end = start + position as u64;
        // A larger archive has a second record with the directory before this one.
        let fits = if is_zip64 { has_zip64(&tail, position) } else { offset + length <= end };
        return if fits { Ok(()) } else { Err(Broken::ZipLength) };
    }
    Err(Broken::ZipEnd)
}

fn has_zip64(tail: &[u8], end: usize) -> bool {
    end.checked_sub(20).and_then(|locator| tail.get(locator..end)).is_some_and(|bytes| bytes.starts_with(b"PK\x06\x07"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::download::folder::TargetFolder;
    use crate::download::names::SafePath;

    fn test_bytes(bytes: &[u8]) -> Result<Content, Broken> {
        let root = tempfile::tempdir().unwrap();
        let folder = TargetFolder::open(root.path(), true).unwrap().unwrap();
        let part = PartFile::open(folder.place(&SafePath::new("x").unwrap(), true).unwrap().unwrap(), "t").unwrap();
        part.write(0, bytes, 0).unwrap();
        test(&part, bytes.len() as u64)
    }

    /// Returns an archive without entries, with a comment.
    fn empty_zip(comment: &[u8]) -> Vec<u8> {
        let mut zip = b"PK\x05\x06".to_vec();
        zip.extend([0; 16]);
        zip.extend(u16::try_from(comment.len()).unwrap().to_le_bytes());
        zip.extend(comment);
        zip
    }

    /// Returns an archive with one stored entry.
    fn small_zip() -> Vec<u8> {
        let mut zip = b"PK\x03\x04".to_vec();
        zip.extend([0; 26]);
        zip.extend(b"PK\x01\x02");
        zip.extend([0; 42]);
        zip.extend(b"PK\x05\x06");
        zip.extend([0, 0, 0, 0, 1, 0, 1, 0]);
        zip.extend(46_u32.to_le_bytes());
        zip.extend(30_u32.to_le_bytes());
        zip.extend([0, 0]);
        zip
    }

    #[test]
    fn whole_files_pass() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&b"content ".repeat(1000)).unwrap();
        let table = [
            (empty_zip(b""), Content::Zip),
            (empty_zip(b"PK\x05\x06 is not the end"), Content::Zip),
            (small_zip(), Content::Zip),
            (gzip.finish().unwrap(), Content::Gzip),
            (br#"{"a": [1, 2, {"b": null}]}"#.to_vec(), Content::Json),
            (b"\n[]\n".to_vec(), Content::Json),
            (b"\xef\xbb\xbf{}".to_vec(), Content::Json),
            (b"{\"a\": 1}\n{\"a\": 2}\n".to_vec(), Content::Json),
            (b"".to_vec(), Content::Other),
            (b"0 0.5 0.5 0.1 0.1\n".to_vec(), Content::Other),
        ];
        for (bytes, expected) in table {
            assert_eq!(test_bytes(&bytes).unwrap(), expected);
        }
    }

    #[test]
    fn cut_files_fail() {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&b"content ".repeat(1000)).unwrap();
        let gzip = gzip.finish().unwrap();
        let json = br#"{"a": [1, 2, {"b": null}]}"#;
        for whole in [&gzip[..], &json[..], &small_zip()] {
            for length in 5..whole.len() {
                assert!(test_bytes(whole.get(..length).unwrap()).is_err(), "{length} of {} bytes", whole.len());
            }
        }
        assert!(test_bytes(&[&small_zip()[..], b"more"].concat()).is_err());
        assert!(test_bytes(b"{} }").is_err());
    }
}
