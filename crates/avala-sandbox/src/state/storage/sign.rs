//! Presigned URLs and forms like those of S3: the signature contains the permission, and no state is kept.
//!
//! The signature is an HMAC over method, path, query and signed headers. Only the sandbox knows its key, and the
//! canonical form is shorter than that of AWS: clients send URLs and headers unchanged and never sign themselves.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::state::clock;
use crate::state::hex::hex;

/// Characters that are not encoded in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Characters that are not encoded in the value of a query parameter.
const IN_QUERY: &AsciiSet = &IN_PATH.add(b'/');

/// Parameter of a URL that proves that the request is allowed.
const SIGNATURE: &str = "X-Amz-Signature";

/// A URL to sign.
pub(crate) struct Presign<'a> {
    pub(crate) method: Method,
    /// Origin, and the bucket of path-style URLs.
    pub(crate) base: &'a str,
    pub(crate) key: &'a str,
    /// Parameters that come before those of the signature.
    pub(crate) parameters: &'a [(&'a str, String)],
    /// Headers besides `host` that the request must have with exactly these values; names in lower case.
    pub(crate) headers: &'a [(&'a str, String)],
    pub(crate) lifetime: Duration,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refused {
    /// The URL has no signature.
    Unsigned,
    /// The URL, the method or a signed header was altered.
    SignatureDoesNotMatch,
    Expired,
    /// The request has a header of AWS that is not signed.
    UnsignedHeader,
}

impl Presign<'_> {
    /// Returns the URL with its signature.
    pub(crate) fn sign(&self, now: SystemTime) -> String {
        let date = clock::amz_date(now);
        let mut signed: Vec<(&str, &str)> = self
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .chain([("host", host(self.base))])
            .collect();
        signed.sort_unstable();
        let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
        let own = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            ("X-Amz-Credential", credential(&date)),
            ("X-Amz-Date", date.clone()),
            ("X-Amz-Expires", self.lifetime.as_secs().to_string()),
            ("X-Amz-SignedHeaders", names.join(";")),
        ];
        let pairs = self.parameters.iter().chain(&own);
        let pairs = pairs.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, IN_QUERY)));
        let query = pairs.collect::<Vec<_>>().join("&");
        let address = address(self.base, self.key);
        let signature = hmac(&canonical(&self.method, path_of(&address), &query, &signed));
        format!("{address}?{query}&{SIGNATURE}={signature}")
    }
}

/// Checks that a request matches the signature of its URL.
pub(crate) fn verify(
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    now: SystemTime,
) -> Result<(), Refused> {
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let signature = value(SIGNATURE).ok_or(Refused::Unsigned)?;
    let unsigned: Vec<&str> = query.split('&').filter(|pair| !pair.starts_with(&format!("{SIGNATURE}="))).collect();
    let names = value("X-Amz-SignedHeaders").ok_or(Refused::Unsigned)?.replace("%3B", ";");
    let mut signed = Vec::new();
    for name in names.split(';') {
        let mut values = headers.get_all(name).iter();
        let (Some(Ok(value)), None) = (values.next().map(|value| value.to_str()), values.next()) else {
            return Err(Refused::SignatureDoesNotMatch);
        };
        signed.push((name, value.trim()));
    }
    if hmac(&canonical(method, path, &unsigned.join("&"), &signed)) != signature {
        return Err(Refused::SignatureDoesNotMatch);
    }
    let start = value("X-Amz-Date").and_then(clock::parse_amz_date).ok_or(Refused::SignatureDoesNotMatch)?;
    let lifetime: u64 = value("X-Amz-Expires").and_then(|text| text.parse().ok()).unwrap_or_default();
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(start.saturating_add(lifetime));
    if end <= now {
        return Err(Refused::Expired);
    }
    let is_unsigned = |name: &str| name.starts_with("x-amz-") && !names.split(';').any(|signed| signed == name);
    if headers.keys().any(|name| is_unsigned(name.as_str())) {
        return Err(Refused::UnsignedHeader);
    }
    Ok(())
}

/// Returns the query of a URL of the edge network, which is valid for a path until `expires_at`.
pub(crate) fn edge_query(path: &str, expires_at: u64) -> String {
    format!("grant={expires_at}.{}", hmac(&format!("edge {path} {expires_at}")))
}

/// Checks a query of the edge network; `None` if it is another query.
pub(crate) fn verify_edge(path: &str, query: &str, now: SystemTime) -> Option<Result<(), Refused>> {
    let (expires_at, _) = query.strip_prefix("grant=")?.split_once('.')?;
    let expires_at = expires_at.parse().ok()?;
    Some(match edge_query(path, expires_at) == query {
        false => Err(Refused::SignatureDoesNotMatch),
        true if expires_at <= clock::unix_seconds(now) => Err(Refused::Expired),
        true => Ok(()),
    })
}

/// Returns the fields of a form that sends a file of this size under a key, without the file.
pub(crate) fn form_fields(key: &str, size: u64, lifetime: Duration, now: SystemTime) -> Vec<(&'static str, String)> {
    let date = clock::amz_date(now);
    let policy = json!({
        "expires_at": clock::unix_seconds(now).saturating_add(lifetime.as_secs()),
        "conditions": [{ "key": key }, ["content-length-range", size, size]],
    });
    let policy = STANDARD.encode(policy.to_string());
    let signature = hmac(&policy);
    vec![
        ("key", key.to_owned()),
        ("policy", policy),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
        ("x-amz-credential", credential(&date)),
        ("x-amz-date", date),
        ("x-amz-signature", signature),
    ]
}

/// Checks the fields of a form, and returns the size that the file must have.
pub(crate) fn verify_form(key: &str, policy: &str, signature: &str, now: SystemTime) -> Result<u64, Refused> {
    if hmac(policy) != signature {
        return Err(Refused::SignatureDoesNotMatch);
    }
    let policy = STANDARD.decode(policy).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let policy = policy.ok_or(Refused::SignatureDoesNotMatch)?;
    let size = policy.pointer("/conditions/1/1").and_then(Value::as_u64);
    let is_key = policy.pointer("/conditions/0/key").and_then(Value::as_str) == Some(key);
    let size = size.filter(|_| is_key).ok_or(Refused::SignatureDoesNotMatch)?;
    let expires_at = policy.get("expires_at").and_then(Value::as_u64).unwrap_or_default();
    if expires_at <= clock::unix_seconds(now) { Err(Refused::Expired) } else { Ok(size) }
}

/// Returns the URL of a key, unsigned.
pub(crate) fn address(base: &str, key: &str) -> String {
    format!("{base}/{}", utf8_percent_encode(key, IN_PATH))
}

/// Returns the key of a path, or `None` if the path is not UTF-8.
pub(crate) fn key_of(path: &str) -> Option<String> {
    let path = path.strip_prefix('/').unwrap_or(path);
    Some(percent_encoding::percent_decode_str(path).decode_utf8().ok()?.into_owned())
}

/// Returns the path of a URL, with a slash at its start.
fn path_of(url: &str) -> &str {
    let start = url.find("://").map_or(0, |index| index + 3);
    let rest = url.get(start..).unwrap_or_default();
    rest.find('/').and_then(|index| rest.get(index..)).unwrap_or("/")
}

/// Returns the host and port of an origin.
fn host(base: &str) -> &str {
    let rest = base.split_once("://").map_or(base, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

fn credential(date: &str) -> String {
    format!("AKIASANDBOX/{}/auto/s3/aws4_request", date.split('T').next().unwrap_or_default())
}

/// Returns the text to sign. Parameters are sorted, so that their order does not matter, as for S3.
fn canonical(method: &Method, path: &str, query: &str, headers: &[(&str, &str)]) -> String {
    let mut pairs: Vec<&str> = query.split('&').collect();
    pairs.sort_unstable();
    let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}:{value}")).collect();
    format!("{method}\n{path}\n{}\n{}", pairs.join("&"), headers.join("\n"))
}

/// Signs with a key that only the sandbox knows.
fn hmac(text: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(b"avala-sandbox") else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const NOW: SystemTime = SystemTime::UNIX_EPOCH;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn url() -> String {
        let parameters = [("partNumber", "1".to_owned())];
        let signed = [("content-length", "5".to_owned())];
        let lifetime = Duration::from_secs(60);
        let presign = Presign {
            method: Method::PUT,
            base: "http://h:1/b",
            key: "a b/ü",
            parameters: &parameters,
            headers: &signed,
            lifetime,
        };
        presign.sign(NOW)
    }

    fn check(url: &str, method: Method, pairs: &[(&'static str, &'static str)], age: u64) -> Result<(), Refused> {
        let (address, query) = url.split_once('?').unwrap();
        verify(&method, path_of(address), query, &headers(pairs), NOW + Duration::from_secs(age))
    }

    #[test]
    fn signed_request_is_accepted_and_altered_one_is_refused() {
        const SIGNED: &[(&str, &str)] = &[("host", "h:1"), ("content-length", "5")];
        let url = url();
        assert!(url.starts_with("http://h:1/b/a%20b/%C3%BC?partNumber=1&X-Amz-Algorithm="), "{url}");
        assert_eq!(check(&url, Method::PUT, SIGNED, 59), Ok(()));
        assert_eq!(check(&url, Method::PUT, SIGNED, 60), Err(Refused::Expired));
        let mismatch = Err(Refused::SignatureDoesNotMatch);
        assert_eq!(check(&url, Method::GET, SIGNED, 0), mismatch);
        assert_eq!(check(&url.replace("/b/", "/c/"), Method::PUT, SIGNED, 0), mismatch);
        assert_eq!(check(&url.replace("partNumber=1", "partNumber=2"), Method::PUT, SIGNED, 0), mismatch);
        assert_eq!(check(&url.replace("Expires=60", "Expires=99"), Method::PUT, SIGNED, 0), mismatch);
        assert_eq!(check(&format!("{url}&x=1"), Method::PUT, SIGNED, 0), mismatch);
        assert_eq!(check(&url, Method::PUT, &[("host", "h:1"), ("content-length", "6")], 0), mismatch);
        assert_eq!(check(&url, Method::PUT, &[("host", "h:1")], 0), mismatch);
        let token = [SIGNED[0], SIGNED[1], ("x-amz-security-token", "t")];
        assert_eq!(check(&url, Method::PUT, &token, 0), Err(Refused::UnsignedHeader));
        let sorted = url.replace("?partNumber=1&", "?").replace("&X-Amz-Date", "&partNumber=1&X-Amz-Date");
        assert_eq!(check(&sorted, Method::PUT, SIGNED, 0), Ok(()), "order does not matter");
        assert_eq!(check("http://h:1/b/x?a=1", Method::PUT, SIGNED, 0), Err(Refused::Unsigned));
    }

    #[test]
    fn form_is_good_for_its_key_until_it_expires() {
        let fields = form_fields("a/b", 7, Duration::from_secs(9), NOW);
        let field = |name: &str| &fields.iter().find(|(known, _)| *known == name).unwrap().1;
        let (policy, signature) = (field("policy"), field("x-amz-signature"));
        assert_eq!(verify_form("a/b", policy, signature, NOW), Ok(7));
        assert_eq!(verify_form("a/c", policy, signature, NOW), Err(Refused::SignatureDoesNotMatch));
        assert_eq!(verify_form("a/b", policy, "00", NOW), Err(Refused::SignatureDoesNotMatch));
        assert_eq!(verify_form("a/b", policy, signature, NOW + Duration::from_secs(9)), Err(Refused::Expired));
    }

    #[test]
    fn key_is_the_decoded_path() {
        assert_eq!(key_of("/a%20b/%C3%BC").as_deref(), Some("a b/ü"));
        assert_eq!(key_of("/%ff"), None);
    }
}
