//! Objects that are fetched, whole or in part.

use std::ops::Range;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::content_body::ContentBody;
use crate::state::clock;
use crate::state::storage::Object;
use crate::storage_error::StorageError;

/// Responds with an object: whole, the requested range, or 304 and 412 according to conditions.
pub(super) fn respond(object: &Object, headers: &HeaderMap) -> Response {
    let etag = format!("\"{}\"", object.etag);
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let names = |list: &str| list.split(',').any(|one| one.trim() == "*" || one.trim() == etag);
    let content_type = object.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let common = [
        (header::ETAG, etag.clone()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, content_type),
        (header::LAST_MODIFIED, clock::http_date(object.modified_at)),
    ];
    if text(header::IF_MATCH).is_some_and(|list| !names(list)) {
        return StorageError::EXISTS.into_response();
    }
    if text(header::IF_NONE_MATCH).is_some_and(names) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    if !object.content.is_kept() {
        return StorageError::NOT_KEPT.into_response();
    }
    let size = object.size();
    let part = |range: Range<u64>| Body::new(ContentBody::new(&object.content, range));
    // A range of another version of the object is useless: the whole object is sent.
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    match text(header::RANGE).filter(|_| is_same).map(|range| range_of(range, size)) {
        Some(Wanted::Part(range)) => {
            let content_range = format!("bytes {}-{}/{size}", range.start, range.end - 1);
            (StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, content_range)], part(range)).into_response()
        }
        Some(Wanted::Unsatisfiable) => {
            let error = StorageError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            );
            ([(header::CONTENT_RANGE, format!("bytes */{size}"))], error).into_response()
        }
        Some(Wanted::Whole) | None => (common, part(0..size)).into_response(),
    }
}

#[derive(Debug, PartialEq)]
enum Wanted {
    Part(Range<u64>),
    Unsatisfiable,
    /// The header is malformed, or names several ranges: it is ignored, as S3 does.
    Whole,
}

fn range_of(header: &str, length: u64) -> Wanted {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Wanted::Whole;
    };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let range = match (number(first), number(last)) {
        (Some(start), None) if last.trim().is_empty() => start..length,
        (Some(start), Some(end)) if start <= end => start..length.min(end.saturating_add(1)),
        (None, Some(count)) if first.trim().is_empty() && count > 0 => length.saturating_sub(count)..length,
        (None, Some(0)) if first.trim().is_empty() => return Wanted::Unsatisfiable,
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Unsatisfiable } else { Wanted::Part(range) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_s3_reads_them() {
        for (header, expected) in [
            ("bytes=0-0", Wanted::Part(0..1)),
            ("bytes=2-", Wanted::Part(2..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-30", Wanted::Part(0..10)),
            ("bytes=8-99", Wanted::Part(8..10)),
            ("bytes=10-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=5-4", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("items=0-1", Wanted::Whole),
        ] {
            assert_eq!(range_of(header, 10), expected, "{header}");
        }
    }
}
