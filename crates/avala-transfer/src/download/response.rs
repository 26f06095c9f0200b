//! Interprets responses of storage hosts to downloads.
//!
//! Bytes are used only if the headers of the response say that they start at the requested position
//! and are of the version of the bytes before.

use std::ops::Range;
use std::time::Duration;

use http::header::{CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use http::{HeaderMap, StatusCode};

use super::content_range::{ContentRange, WrongRange, content_length, is_empty_file};

/// Maximum length of an entity tag, in bytes.
const LONGEST_ETAG: usize = 512;

/// Version of an object, which every later response has to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// Strong entity tag. Without it, ranges of two responses may be of different versions.
    pub(crate) etag: Option<String>,
    /// Length of the object in bytes.
    pub(crate) total: u64,
    /// Content encoding of the stored bytes, in lower case.
    pub(crate) encoding: Option<String>,
}

/// The request of a response.
#[derive(Clone, Debug)]
pub(crate) struct Asked<'a> {
    /// Requested range; `None` for the whole object.
    pub(crate) range: Option<&'a Range<u64>>,
    /// Version of the bytes that were received before.
    pub(crate) version: Option<&'a Version>,
}

/// Meaning of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Bytes of this range.
    Part { range: Range<u64>, version: Version },
    /// The whole object, even if a range was requested.
    Whole { etag: Option<String>, length: Option<u64>, encoding: Option<String> },
    /// The object has no bytes.
    Empty,
    /// The object has changed since the download began.
    Changed,
    /// A partial response whose bytes must not be used.
    Unusable(Unusable),
    /// The URL has expired, or its signature was refused.
    Refused,
    /// The host is busy.
    Busy { wait: Option<Duration> },
    /// The host refuses the request.
    Failed,
}

/// Reason why a partial response must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(transparent)]
    Range(#[from] WrongRange),
    #[error("the partial response does not name its version")]
    NoVersion,
    #[error("a partial response was sent although no range was requested")]
    NotRequested,
    #[error("the partial response has several parts")]
    Multipart,
    #[error("the response was compressed in transit, which was not requested")]
    Compressed,
}

/// Reads the meaning of a response from its head.
pub(crate) fn meaning(status: StatusCode, headers: &HeaderMap, asked: &Asked<'_>) -> Meaning {
    match status.as_u16() {
        200 => whole(headers, asked),
        206 => part(headers, asked),
        416 if is_empty_file(headers) => Meaning::Empty,
        // The object is shorter than the requested range.
        416 if asked.version.is_some() && headers.contains_key(CONTENT_RANGE) => Meaning::Changed,
        416 => Meaning::Unusable(Unusable::Range(WrongRange::Missing)),
        412 => Meaning::Changed,
        400 | 401 | 403 => Meaning::Refused,
        408 | 425 | 429 | 500 | 502..=504 | 520 | 522 | 524 => {
            Meaning::Busy { wait: avala_transport::retry_after(headers) }
        }
        _ => Meaning::Failed,
    }
}

fn whole(headers: &HeaderMap, asked: &Asked<'_>) -> Meaning {
    let (etag, length, encoding) = (strong_etag(headers), content_length(headers), encoding(headers));
    if encoding.is_some() && length.is_none() {
        return Meaning::Unusable(Unusable::Compressed);
    }
    if let Some(version) = asked.version {
        let is_other = version.etag.is_some() && etag != version.etag || encoding != version.encoding;
        if is_other || length.is_some_and(|length| length != version.total) {
            return Meaning::Changed;
        }
    }
    Meaning::Whole { etag, length, encoding }
}

fn part(headers: &HeaderMap, asked: &Asked<'_>) -> Meaning {
    let Some(range) = asked.range else { return Meaning::Unusable(Unusable::NotRequested) };
    if is_multipart(headers) {
        return Meaning::Unusable(Unusable::Multipart);
    }
    let (etag, encoding) = (strong_etag(headers), encoding(headers));
    // Stored bytes can be encoded, and then their length is known. A slice that was compressed in transit has no
    // length, or another encoding than the slice before.
    let is_stored = encoding.is_none() || content_length(headers).is_some();
    if !is_stored || asked.version.is_some_and(|version| version.encoding != encoding) {
        return Meaning::Unusable(Unusable::Compressed);
    }
    if let Some(expected) = asked.version.and_then(|version| version.etag.as_ref()) {
        match &etag {
            Some(etag) if etag == expected => {}
            Some(_) => return Meaning::Changed,
            None => return Meaning::Unusable(Unusable::NoVersion),
        }
    }
    match ContentRange::expect(headers, range, asked.version.map(|version| version.total)) {
        Ok((range, total)) => Meaning::Part { range, version: Version { etag, total, encoding } },
        Err(wrong) => Meaning::Unusable(wrong.into()),
    }
}

/// Returns the content encoding; `None` for `identity`.
fn encoding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let all = values.map(|value| value.trim().to_ascii_lowercase()).collect::<Vec<_>>().join(",");
    (!matches!(all.as_str(), "" | "identity")).then_some(all)
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.trim_start().get(..10).is_some_and(|start| start.eq_ignore_ascii_case("multipart/"))
}

/// Returns the entity tag if it is strong: only then equal tags mean equal bytes.
fn strong_etag(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(ETAG).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let text = value.to_str().ok()?;
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('"') && text.len() <= LONGEST_ETAG).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(status: u16, headers: &[(&'static str, &'static str)], asked: &Asked<'_>) -> Meaning {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        meaning(StatusCode::from_u16(status).unwrap(), &headers, asked)
    }

    #[test]
    fn part_is_used_only_if_it_is_of_the_begun_version() {
        let range = 10..20;
        let version = Version { etag: Some("\"a\"".to_owned()), total: 100, encoding: None };
        let asked = Asked { range: Some(&range), version: Some(&version) };
        let right = ("content-range", "bytes 10-19/100");
        let part = Meaning::Part { range: 10..20, version: version.clone() };
        assert_eq!(read(206, &[right, ("etag", "\"a\"")], &asked), part);
        assert_eq!(read(206, &[right, ("etag", "\"b\"")], &asked), Meaning::Changed);
        assert_eq!(read(206, &[right], &asked), Meaning::Unusable(Unusable::NoVersion));
        assert_eq!(read(206, &[right, ("etag", "W/\"a\"")], &asked), Meaning::Unusable(Unusable::NoVersion));
        assert_eq!(
            read(206, &[right, ("etag", "\"a\""), ("etag", "\"a\"")], &asked),
            Meaning::Unusable(Unusable::NoVersion)
        );
        let wrong = read(206, &[("content-range", "bytes 0-9/100"), ("etag", "\"a\"")], &asked);
        assert!(matches!(wrong, Meaning::Unusable(Unusable::Range(WrongRange::Start { .. }))));
        let wrong = read(206, &[("content-range", "bytes 10-19/101"), ("etag", "\"a\"")], &asked);
        assert!(matches!(wrong, Meaning::Unusable(Unusable::Range(WrongRange::Total { .. }))));
    }

    #[test]
    fn whole_response_is_compared_with_the_begun_version() {
        let range = 10..20;
        let version = Version { etag: Some("\"a\"".to_owned()), total: 100, encoding: None };
        let asked = Asked { range: Some(&range), version: Some(&version) };
        let whole = Meaning::Whole { etag: Some("\"a\"".to_owned()), length: Some(100), encoding: None };
        assert_eq!(read(200, &[("etag", "\"a\""), ("content-length", "100")], &asked), whole);
        assert_eq!(read(200, &[("etag", "\"a\""), ("content-length", "99")], &asked), Meaning::Changed);
        assert_eq!(read(200, &[("etag", "\"b\""), ("content-length", "100")], &asked), Meaning::Changed);
        assert_eq!(read(200, &[("content-length", "100")], &asked), Meaning::Changed);
        let first = Asked { range: None, version: None };
        assert_eq!(
            read(200, &[("etag", "W/\"a\"")], &first),
            Meaning::Whole { etag: None, length: None, encoding: None }
        );
        assert_eq!(read(206, &[("content-range", "bytes 0-9/100")], &first), Meaning::Unusable(Unusable::NotRequested));
    }

    #[test]
    fn encoded_responses_are_used_only_as_they_are_stored() {
        let range = 10..20;
        let first = Asked { range: Some(&range), version: None };
        let right = [("content-range", "bytes 10-19/100"), ("etag", "\"a\"")];
        let with = |more: &[(&'static str, &'static str)]| [&right[..], more].concat();
        let stored = with(&[("content-encoding", "GZIP"), ("content-length", "10")]);
        let Meaning::Part { version, .. } = read(206, &stored, &first) else { panic!("the stored bytes are used") };
        assert_eq!(version.encoding.as_deref(), Some("gzip"));
        let later = Asked { range: Some(&range), version: Some(&version) };
        assert!(matches!(read(206, &stored, &later), Meaning::Part { .. }));
        let compressed = Meaning::Unusable(Unusable::Compressed);
        assert_eq!(read(206, &with(&[("content-length", "10")]), &later), compressed, "another encoding");
        assert_eq!(read(206, &with(&[("content-encoding", "gzip")]), &first), compressed, "an unknown length");
        assert_eq!(read(200, &[("content-encoding", "gzip")], &first), compressed);
        let identity = read(206, &with(&[("content-encoding", "identity")]), &first);
        assert!(matches!(identity, Meaning::Part { version, .. } if version.encoding.is_none()));
        let whole = [("etag", "\"a\""), ("content-length", "100")];
        assert_eq!(read(200, &whole, &later), Meaning::Changed);
        let multipart = with(&[("content-type", "Multipart/byteranges; boundary=x"), ("content-length", "10")]);
        assert_eq!(read(206, &multipart, &first), Meaning::Unusable(Unusable::Multipart));
    }

    #[test]
    fn other_statuses_have_their_meaning() {
        let range = 0..20;
        let first = Asked { range: Some(&range), version: None };
        assert_eq!(read(416, &[("content-range", "bytes */0")], &first), Meaning::Empty);
        for status in [400, 401, 403] {
            assert_eq!(read(status, &[], &first), Meaning::Refused, "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let wait = Some(Duration::from_secs(7));
            assert_eq!(read(status, &[("retry-after", "7")], &first), Meaning::Busy { wait }, "{status}");
        }
        for status in [201, 204, 301, 304, 404, 410, 501] {
            assert_eq!(read(status, &[], &first), Meaning::Failed, "{status}");
        }
        let version = Version { etag: Some("\"a\"".to_owned()), total: 100, encoding: None };
        let later = Asked { range: Some(&range), version: Some(&version) };
        assert_eq!(read(416, &[("content-range", "bytes */10")], &later), Meaning::Changed);
    }
}
