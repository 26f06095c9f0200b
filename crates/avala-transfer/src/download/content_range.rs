//! Parses `Content-Range`: the bytes of a file that a response contains.
//!
//! A response is used only if it starts at the requested byte, and is of a file of the expected length. The
//! next offset is never computed from the request: a server may send another slice of the same length.

use std::ops::Range;

use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};

/// Parsed `Content-Range: bytes start-end/total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentRange {
    /// Bytes in the response; the end is exclusive.
    pub(crate) bytes: Range<u64>,
    /// Length of the whole file; `None` for `*`.
    pub(crate) total: Option<u64>,
}

/// Why the bytes of a partial response must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WrongRange {
    #[error("the partial response has no `Content-Range`")]
    Missing,
    #[error("the partial response has a `Content-Range` that cannot be read")]
    Malformed,
    #[error("the partial response starts at byte {actual} instead of {expected}")]
    Start { expected: u64, actual: u64 },
    #[error("the partial response is from a file of {actual} bytes instead of {expected}")]
    Total { expected: u64, actual: u64 },
    #[error("the partial response has {actual} bytes and announces a range of {expected}")]
    Length { expected: u64, actual: u64 },
    #[error("the partial response does not have the length of the file")]
    UnknownTotal,
}

impl ContentRange {
    /// Parses the value of the header. The case of the unit is ignored.
    pub(crate) fn parse(text: &str) -> Result<Self, WrongRange> {
        let (unit, rest) = text.trim_ascii().split_once(' ').ok_or(WrongRange::Malformed)?;
        let (range, total) = rest.split_once('/').ok_or(WrongRange::Malformed)?;
        let (start, last) = range.split_once('-').ok_or(WrongRange::Malformed)?;
        let total = if total == "*" { None } else { Some(number(total)?) };
        let (start, last) = (number(start)?, number(last)?);
        let end = last.checked_add(1).ok_or(WrongRange::Malformed)?;
        let is_whole = unit.eq_ignore_ascii_case("bytes") && start < end && total.is_none_or(|total| end <= total);
        if is_whole { Ok(Self { bytes: start..end, total }) } else { Err(WrongRange::Malformed) }
    }

    /// Reads the header of a 206 response to a request for `asked`.
    ///
    /// Returns the bytes to use, which may be fewer than requested, and the length of the file. `total` is the length
    /// from an earlier response.
    pub(crate) fn expect(
        headers: &HeaderMap,
        asked: &Range<u64>,
        total: Option<u64>,
    ) -> Result<(Range<u64>, u64), WrongRange> {
        let mut values = headers.get_all(CONTENT_RANGE).iter();
        let value = values.next().ok_or(WrongRange::Missing)?;
        if values.next().is_some() {
            return Err(WrongRange::Malformed);
        }
        let range = Self::parse(value.to_str().map_err(|_| WrongRange::Malformed)?)?;
        let actual_total = range.total.ok_or(WrongRange::UnknownTotal)?;
        if let Some(expected) = total.filter(|expected| *expected != actual_total) {
            return Err(WrongRange::Total { expected, actual: actual_total });
        }
        if range.bytes.start != asked.start {
            return Err(WrongRange::Start { expected: asked.start, actual: range.bytes.start });
        }
        let expected = range.bytes.end - range.bytes.start;
        if let Some(actual) = content_length(headers).filter(|actual| *actual != expected) {
            return Err(WrongRange::Length { expected, actual });
        }
        Ok((asked.start..range.bytes.end.min(asked.end), actual_total))
    }
}

/// Returns whether a 416 response means that the file is empty.
pub(crate) fn is_empty_file(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
    value.and_then(|text| text.trim_ascii().rsplit_once('/')).is_some_and(|(_, total)| total == "0")
}

/// Returns the announced length of the body.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    number(headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim_ascii()).ok()
}

/// Parses digits only: the parser of the standard library also accepts a sign.
fn number(text: &str) -> Result<u64, WrongRange> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten().ok_or(WrongRange::Malformed)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn expect(value: Option<&'static str>, total: Option<u64>) -> Result<(Range<u64>, u64), WrongRange> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(CONTENT_RANGE, HeaderValue::from_static(value));
        }
        ContentRange::expect(&headers, &(1000..2000), total)
    }

    #[test]
    fn requested_and_shorter_slices_are_used() {
        assert_eq!(expect(Some("bytes 1000-1999/5000"), Some(5000)), Ok((1000..2000, 5000)));
        assert_eq!(expect(Some("Bytes 1000-1499/5000"), Some(5000)), Ok((1000..1500, 5000)));
        assert_eq!(expect(Some("BYTES 1000-1000/5000"), None), Ok((1000..1001, 5000)));
    }

    #[test]
    fn longer_slice_is_cut_to_the_request() {
        assert_eq!(expect(Some("bytes 1000-4999/5000"), Some(5000)), Ok((1000..2000, 5000)));
    }

    #[test]
    fn other_slices_and_files_are_rejected() {
        let start = |actual| Err(WrongRange::Start { expected: 1000, actual });
        assert_eq!(expect(Some("bytes 500-1499/5000"), Some(5000)), start(500));
        assert_eq!(expect(Some("bytes 0-4999/5000"), Some(5000)), start(0));
        assert_eq!(expect(Some("bytes 1001-1999/5000"), Some(5000)), start(1001));
        let total = Err(WrongRange::Total { expected: 5000, actual: 6000 });
        assert_eq!(expect(Some("bytes 1000-1999/6000"), Some(5000)), total);
        assert_eq!(expect(Some("bytes 1000-1999/*"), Some(5000)), Err(WrongRange::UnknownTotal));
        assert_eq!(expect(None, Some(5000)), Err(WrongRange::Missing));
    }

    #[test]
    fn body_of_another_length_than_its_range_is_rejected() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_RANGE, HeaderValue::from_static("bytes 1000-1999/5000"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1000"));
        assert_eq!(ContentRange::expect(&headers, &(1000..2000), None), Ok((1000..2000, 5000)));
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("1001"));
        let wrong = Err(WrongRange::Length { expected: 1000, actual: 1001 });
        assert_eq!(ContentRange::expect(&headers, &(1000..2000), None), wrong);
    }

    #[test]
    fn malformed_ranges_are_rejected() {
        for text in [
            "",
            "bytes",
            "bytes 1000-1999",
            "bytes 1999-1000/5000",
            "bytes 1000-5000/5000",
            "bytes +1000-1999/5000",
            "bytes -1000-1999/5000",
            "bytes 1000 - 1999/5000",
            "bytes=1000-1999/5000",
            "items 1000-1999/5000",
            "bytes 1000-18446744073709551615/*",
            "bytes 1000-99999999999999999999/*",
            "bytes */5000",
        ] {
            assert_eq!(expect(Some(text), Some(5000)), Err(WrongRange::Malformed), "{text}");
        }
        let mut headers = HeaderMap::new();
        headers.append(CONTENT_RANGE, HeaderValue::from_static("bytes 1000-1999/5000"));
        headers.append(CONTENT_RANGE, HeaderValue::from_static("bytes 0-999/5000"));
        assert_eq!(ContentRange::expect(&headers, &(1000..2000), None), Err(WrongRange::Malformed));
    }

    #[test]
    fn empty_file_is_recognized() {
        let mut headers = HeaderMap::new();
        assert!(!is_empty_file(&headers));
        headers.insert(CONTENT_RANGE, HeaderValue::from_static("bytes */0"));
        assert!(is_empty_file(&headers));
        headers.insert(CONTENT_RANGE, HeaderValue::from_static("bytes */10"));
        assert!(!is_empty_file(&headers));
    }
}
