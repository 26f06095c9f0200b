//! Checks grants: their target and lifetime, and that all parts of a file have the same target.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use http::Uri;

use crate::error::Error;
use crate::hash::Digest;
use crate::storage::clock::basic_date;
use crate::storage::hosts::{StorageUrl, is_known, is_r2};
use crate::upload::recording::managed::check::ensure;
use crate::upload::recording::managed::document::{Grant, PART_SIZE, is_canonical};

const MAX_URL: usize = 16_384;
const MAX_KEY: usize = 1_024;
const MAX_LIFE: u64 = 300;
/// Maximum time by which the date of a signature may be ahead of the server's clock.
const MAX_LEAD: Duration = Duration::from_secs(30);
const NAMES: [&str; 8] = [
    "uploadId",
    "partNumber",
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
];

/// The expected part of a grant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) session: &'a str,
    pub(crate) path: &'a str,
    pub(crate) size: u64,
    pub(crate) number: u64,
    /// The server's clock.
    pub(crate) now: SystemTime,
}

/// Checks a grant; returns the hash of its target, which is the same for all parts of a file.
pub(crate) fn check(grant: &Grant, url: &StorageUrl, expected: Expected<'_>) -> Result<Digest, Error> {
    let offset = (expected.number - 1) * PART_SIZE;
    let length = PART_SIZE.min(expected.size.saturating_sub(offset));
    let is_part = (grant.part_number, grant.offset, grant.size_bytes) == (expected.number, offset, length);
    ensure(is_part, "the grant is for another part")?;
    ensure(is_canonical(&grant.grant_uid), "the UID of the grant is not a canonical UUID")?;
    let has_length = grant.headers.len() == 1
        && grant
            .headers
            .iter()
            .all(|(name, value)| name.eq_ignore_ascii_case("content-length") && *value == length.to_string());
    ensure(has_length, "the grant has other headers than the length of the part")?;
    ensure(grant.url.len() <= MAX_URL, "the URL is longer than 16,384 characters")?;
    let host = url.host().to_ascii_lowercase();
    // Other hosts are storage endpoints of the caller, or this machine.
    ensure(is_r2(&host) || !is_known(&host), "the URL does not point to the storage of managed uploads")?;
    check_path(url.uri(), &expected)?;
    let query = parameters(url.uri())?;
    let value = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    ensure(value("partNumber") == expected.number.to_string(), "the URL is for another part")?;
    ensure(!value("uploadId").is_empty(), "the URL has no multipart upload")?;
    ensure(value("X-Amz-Algorithm") == "AWS4-HMAC-SHA256", "the URL has another signature algorithm")?;
    ensure(value("X-Amz-SignedHeaders") == "content-length;host", "the URL signs other headers")?;
    let signature = value("X-Amz-Signature");
    let is_hex = signature.len() == 64 && signature.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    ensure(is_hex, "the URL has no valid signature")?;
    check_time(grant, value("X-Amz-Date"), value("X-Amz-Expires"), value("X-Amz-Credential"), expected.now)?;
    let place = serde_json::to_vec(&[host.as_str(), url.uri().path(), value("uploadId")]).unwrap_or_default();
    Ok(Digest::of(&place))
}

/// Checks that the path is `/<bucket>/__o__%3D/<owner>/__cloud__/<session>/<path>`, percent-encoded in one way only.
fn check_path(uri: &Uri, expected: &Expected<'_>) -> Result<(), Error> {
    let wrong = || ensure(false, "the URL points to an object other than the file's");
    let Some((bucket, rest)) = uri.path().strip_prefix('/').and_then(|path| path.split_once('/')) else {
        return wrong();
    };
    let Some((owner, rest)) = rest.strip_prefix("__o__%3D/").and_then(|rest| rest.split_once('/')) else {
        return wrong();
    };
    let encoded: Vec<String> = expected.path.split('/').map(encode).collect();
    let object = format!("__cloud__/{}/{}", expected.session, encoded.join("/"));
    let key = "__o__=//".len() + owner.len() + "__cloud__//".len() + expected.session.len() + expected.path.len();
    ensure(key <= MAX_KEY, "the key of the object is longer than 1,024 bytes")?;
    ensure(
        !bucket.is_empty() && is_canonical(owner) && rest == object,
        "the URL points to an object other than the file's",
    )
}

fn encode(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

/// Returns the parameters of the query: exactly the eight known parameters, once each.
fn parameters(uri: &Uri) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for pair in uri.query().unwrap_or_default().split('&') {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        ensure(NAMES.contains(&name), "the query of the URL has an unknown parameter")?;
        let value = decode(text);
        // The encoding is canonical if decoding and encoding return the same text.
        let is_canonical = value.as_deref().is_some_and(|value| encode(value) == text);
        ensure(is_canonical, "the query of the URL is not canonically encoded")?;
        let is_new = found.insert(name.to_owned(), value.unwrap_or_default()).is_none();
        ensure(is_new, "the query of the URL has a parameter twice")?;
    }
    ensure(found.len() == NAMES.len(), "the query of the URL lacks a parameter")?;
    Ok(found)
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

fn check_time(grant: &Grant, date: &str, seconds: &str, credential: &str, now: SystemTime) -> Result<(), Error> {
    let Some(signed_at) = basic_date(date) else { return ensure(false, "the URL has no valid date") };
    let day = date.split('T').next().unwrap_or_default();
    let scope: Vec<&str> = credential.split('/').collect();
    let is_scope = matches!(scope.as_slice(), [id, of, "auto", "s3", "aws4_request"] if !id.is_empty() && *of == day);
    ensure(is_scope, "the URL has another credential scope")?;
    let life = seconds.parse::<u64>().ok().filter(|life| (1..=MAX_LIFE).contains(life));
    let Some(life) = life else { return ensure(false, "the URL does not live 1 to 300 s") };
    ensure(signed_at <= now + MAX_LEAD, "the URL is dated more than 30 s ahead of the server's clock")?;
    let end = signed_at + Duration::from_secs(life);
    let named = u64::try_from(grant.expires_at.unix_seconds()).unwrap_or_default();
    let is_end = end == SystemTime::UNIX_EPOCH + Duration::from_secs(named);
    ensure(is_end, "the grant and its URL have different expiries")?;
    ensure(end > now, "the grant has expired")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::storage::hosts::StorageHosts;

    const SESSION: &str = "00000000-0000-4000-8000-000000000001";
    const OWNER: &str = "00000000-0000-4000-8000-000000000002";

    fn url() -> String {
        format!(
            "https://0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com/bucket/__o__%3D/{OWNER}/__cloud__/\
             {SESSION}/run%201/%C3%BC.mcap?uploadId=u%2F1&partNumber=2&X-Amz-Algorithm=AWS4-HMAC-SHA256&\
             X-Amz-Credential=id%2F20250115%2Fauto%2Fs3%2Faws4_request&X-Amz-Date=20250115T093000Z&X-Amz-Expires=300&\
             X-Amz-SignedHeaders=content-length%3Bhost&X-Amz-Signature={}",
            "ab".repeat(32)
        )
    }

    fn grant() -> Value {
        json!({
            "grant_uid": OWNER, "part_number": 2, "offset": PART_SIZE, "size_bytes": 5, "url": url(),
            "headers": { "content-length": "5" }, "expires_at": "2025-01-15T09:35:00+00:00",
        })
    }

    fn check_value(value: Value) -> Result<Digest, String> {
        let grant: Grant = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let url = StorageHosts::default().check(&grant.url).map_err(|error| error.to_string())?;
        let now = basic_date("20250115T093001Z").unwrap();
        let expected = Expected { session: SESSION, path: "run 1/ü.mcap", size: PART_SIZE + 5, number: 2, now };
        check(&grant, &url, expected).map_err(|error| error.to_string())
    }

    #[test]
    fn grant_of_the_part_is_accepted_and_pinned() {
        let pin = check_value(grant()).unwrap();
        let path = format!("/bucket/__o__%3D/{OWNER}/__cloud__/{SESSION}/run%201/%C3%BC.mcap");
        let host = "0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com";
        assert_eq!(pin, Digest::of(format!("[\"{host}\",\"{path}\",\"u/1\"]").as_bytes()));
    }

    #[test]
    fn every_deviation_of_a_grant_is_refused() {
        for (name, value) in [
            ("grant_uid", json!("x")),
            ("part_number", json!(1)),
            ("offset", json!(0)),
            ("size_bytes", json!(6)),
            ("headers", json!({})),
            ("headers", json!({ "content-length": "6" })),
            ("headers", json!({ "content-length": "5", "x": "y" })),
            ("expires_at", json!("2025-01-15T09:35:01+00:00")),
            ("newer", json!(1)),
        ] {
            let mut grant = grant();
            grant[name] = value.clone();
            check_value(grant).expect_err(&format!("{name} {value}"));
        }
        let changes = [
            ("0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com", "bucket.s3.amazonaws.com"),
            ("https:", "http:"),
            ("/bucket/", "/"),
            (OWNER, "x"),
            (SESSION, OWNER),
            ("run%201", "run%202"),
            ("__o__%3D", "__o__="),
            ("%C3%BC", "%c3%bc"),
            ("uploadId=u%2F1", "uploadId=u/1"),
            ("uploadId=u%2F1&", ""),
            ("partNumber=2", "partNumber=3"),
            ("partNumber=2", "partNumber=2&partNumber=2"),
            ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"),
            ("%2Fauto%2F", "%2Fus-east-1%2F"),
            ("%2F20250115%2F", "%2F20250114%2F"),
            ("20250115T093000Z", "20250115T093100Z"),
            ("X-Amz-Expires=300", "X-Amz-Expires=301"),
            ("X-Amz-Expires=300", "X-Amz-Expires=0"),
            ("content-length%3Bhost", "host"),
            ("X-Amz-Signature=ab", "X-Amz-Signature=AB"),
            ("&X-Amz-Signature", "&x-id=PutObject&X-Amz-Signature"),
        ];
        for (from, to) in changes {
            let mut grant = grant();
            assert!(url().contains(from), "{from}");
            grant["url"] = json!(url().replace(from, to));
            check_value(grant).expect_err(to);
        }
    }

    #[test]
    fn error_holds_no_signature() {
        let mut grant = grant();
        grant["url"] = json!(url().replace("partNumber=2", "partNumber=3"));
        let error = check_value(grant).unwrap_err();
        assert!(!error.contains("abab"), "{error}");
    }
}
