//! Files that are fetched, whole or in part.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::state::hex::hex;

/// Responds with a file: whole, the range that was asked for, or 304 and 412 as conditions say.
pub(super) fn respond(file: Bytes, headers: &HeaderMap) -> Response {
    let digest: String = hex(&Sha256::digest(&file)).chars().take(32).collect();
    let etag = format!("\"{digest}\"");
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let names = |list: &str| list.split(',').any(|one| one.trim() == "*" || one.trim() == etag);
    let common = [
        (header::ETAG, etag.clone()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    if text(header::IF_MATCH).is_some_and(|list| !names(list)) {
        return (StatusCode::PRECONDITION_FAILED, common).into_response();
    }
    if text(header::IF_NONE_MATCH).is_some_and(names) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    // A range of another version of the file is of no use: the whole file is sent.
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == etag);
    match text(header::RANGE).filter(|_| is_same).map(|range| range_of(range, file.len())) {
        Some(Range::Part(start, end)) => {
            let content_range = format!("bytes {start}-{}/{}", end - 1, file.len());
            let part = Body::from(file.slice(start..end));
            (StatusCode::PARTIAL_CONTENT, common, [(header::CONTENT_RANGE, content_range)], part).into_response()
        }
        Some(Range::Unsatisfiable) => {
            let content_range = format!("bytes */{}", file.len());
            (StatusCode::RANGE_NOT_SATISFIABLE, common, [(header::CONTENT_RANGE, content_range)]).into_response()
        }
        Some(Range::Whole) | None => (common, Body::from(file)).into_response(),
    }
}

#[derive(Debug, PartialEq)]
enum Range {
    /// From a byte, up to another that is not included.
    Part(usize, usize),
    Unsatisfiable,
    /// The header is malformed, or names several ranges: it is ignored, as S3 does.
    Whole,
}

fn range_of(header: &str, length: usize) -> Range {
    let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Range::Whole;
    };
    let number = |text: &str| text.trim().parse::<usize>().ok();
    let range = match (number(first), number(last)) {
        (Some(start), None) if last.trim().is_empty() => (start, length),
        (Some(start), Some(end)) if start <= end => (start, length.min(end.saturating_add(1))),
        (None, Some(count)) if first.trim().is_empty() && count > 0 => (length.saturating_sub(count), length),
        (None, Some(0)) if first.trim().is_empty() => return Range::Unsatisfiable,
        _ => return Range::Whole,
    };
    if range.0 < range.1 { Range::Part(range.0, range.1) } else { Range::Unsatisfiable }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_s3_reads_them() {
        for (header, expected) in [
            ("bytes=0-0", Range::Part(0, 1)),
            ("bytes=2-", Range::Part(2, 10)),
            ("bytes=-3", Range::Part(7, 10)),
            ("bytes=-30", Range::Part(0, 10)),
            ("bytes=8-99", Range::Part(8, 10)),
            ("bytes=10-", Range::Unsatisfiable),
            ("bytes=-0", Range::Unsatisfiable),
            ("bytes=5-4", Range::Whole),
            ("bytes=0-1,3-4", Range::Whole),
            ("items=0-1", Range::Whole),
        ] {
            assert_eq!(range_of(header, 10), expected, "{header}");
        }
    }
}
