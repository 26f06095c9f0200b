//! Keeps credentials out of the log of requests.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value;

use crate::protocol::API_KEY_HEADER;

/// Replacement of a secret in the log.
const REDACTED: &str = "[redacted]";

/// Headers whose values are credentials.
const SECRET_HEADERS: [&str; 5] =
    [API_KEY_HEADER, "authorization", "proxy-authorization", "cookie", "x-amz-security-token"];

/// Names of secrets, compared by letters and digits alone. Each stands for all names that contain it.
const SECRET_PARTS: [&str; 13] = [
    "accesskey",
    "accountkey",
    "apikey",
    "authjson",
    "authorization",
    "cookie",
    "credential",
    "passphrase",
    "passw",
    "privatekey",
    "secret",
    "signature",
    "token",
];

/// Names of secrets that are parts of other words.
const SECRET_WORDS: [&str; 6] = ["auth", "grant", "key", "pwd", "sessionid", "sig"];

/// Returns headers without the values that are credentials.
pub(super) fn headers(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for (name, value) in &mut headers {
        if SECRET_HEADERS.contains(&name.as_str()) || is_secret(name.as_str()) {
            *value = HeaderValue::from_static(REDACTED);
        }
    }
    headers
}

/// Replaces the values of secret parameters.
pub(super) fn query(query: &str) -> String {
    let redact = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) || SECRET_WORDS.contains(&letters(name).as_str()) => {
            format!("{name}={REDACTED}")
        }
        _ => pair.to_owned(),
    };
    query.split('&').map(redact).collect::<Vec<_>>().join("&")
}

/// Replaces the values of JSON whose names are those of secrets. A body without such a name stays as it is; one that
/// has such a name and cannot be read is replaced as a whole.
pub(super) fn body(body: &Bytes) -> Bytes {
    if !has_secret_name(body) {
        return body.clone();
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return Bytes::from_static(REDACTED.as_bytes()) };
    if redact(&mut value, false) { value.to_string().into() } else { body.clone() }
}

/// Returns whether a JSON text has a field with the name of a secret, found in one pass, as bodies may be large.
fn has_secret_name(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(start) = rest.iter().position(|byte| *byte == b'"') {
        let quoted = rest.get(start + 1..).unwrap_or_default();
        let mut escaped = false;
        let end = quoted.iter().position(|byte| {
            let is_end = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            is_end
        });
        let Some(end) = end else { return false };
        let (name, after) = quoted.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        let is_name = rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
        // An escaped name is decoded first: it is rare.
        let decoded = || serde_json::from_slice::<String>(&[b"\"", name, b"\""].concat()).unwrap_or_default();
        let is_secret =
            |name: &str| if name.contains('\\') { is_secret_field(&decoded()) } else { is_secret_field(name) };
        if is_name && std::str::from_utf8(name).is_ok_and(is_secret) {
            return true;
        }
    }
    false
}

/// Replaces every scalar below the name of a secret; null stays. Returns whether there was one.
fn redact(value: &mut Value, is_below_secret: bool) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter_mut()
            .fold(false, |any, (name, value)| redact(value, is_below_secret || is_secret_field(name)) | any),
        Value::Array(values) => values.iter_mut().fold(false, |any, value| redact(value, is_below_secret) | any),
        Value::Null => false,
        scalar if is_below_secret => {
            *scalar = REDACTED.into();
            true
        }
        _ => false,
    }
}

/// Returns whether a field of a body is a secret. The `key` of an item is none.
fn is_secret_field(name: &str) -> bool {
    is_secret(name) || (name != "key" && SECRET_WORDS.contains(&letters(name).as_str()))
}

fn is_secret(name: &str) -> bool {
    let letters = letters(name);
    SECRET_PARTS.iter().any(|part| letters.contains(part))
}

/// Returns the letters and digits of a name, in lower case.
fn letters(name: &str) -> String {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().to_lowercase();
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_queries_are_replaced() {
        let shown = query("limit=5&X-Amz-Signature=a&api%5Fkey=b&Sig=c&grant=d&cursor=e&keyword=f");
        let expected = "limit=5&X-Amz-Signature=[redacted]&api%5Fkey=[redacted]&Sig=[redacted]&grant=[redacted]\
                        &cursor=e&keyword=f";
        assert_eq!(shown, expected);
    }

    #[test]
    fn secrets_of_bodies_are_replaced_at_any_depth() {
        let shown = body(&Bytes::from(
            r#"{"name": "n", "Pass_Word": "a", "config": {"headers": [{"X-Api-Key": "b"}], "auth": {"user": "c"}},
                "key": "front", "s3_secret_access_key": null, "pwd": 7}"#,
        ));
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        let expected = serde_json::json!({
            "name": "n", "Pass_Word": "[redacted]", "key": "front", "s3_secret_access_key": null, "pwd": "[redacted]",
            "config": {"headers": [{"X-Api-Key": "[redacted]"}], "auth": {"user": "[redacted]"}},
        });
        assert_eq!(shown, expected);
    }

    #[test]
    fn body_with_a_secret_that_cannot_be_read_is_replaced() {
        let deep = format!(r#"{{"password": "hunter2", "deep": {}{}}}"#, "[".repeat(200), "]".repeat(200));
        for text in [r#"{"password": "hunter2""#, r#"{"name" "n", "token": "hunter2"}"#, &*deep] {
            assert_eq!(body(&Bytes::from(text.to_owned())), REDACTED, "{text}");
        }
        assert_eq!(body(&Bytes::from(r#"{"pass\u0077ord":"hunter2"}"#)), r#"{"password":"[redacted]"}"#);
    }

    #[test]
    fn headers_with_the_name_of_a_secret_are_replaced() {
        let mut map = HeaderMap::new();
        for name in ["x-avala-api-key", "authorization", "x-api-key", "x-access-token", "cookie"] {
            let name: http::HeaderName = name.parse().unwrap();
            map.append(&name, HeaderValue::from_static("hunter2"));
            map.append(&name, HeaderValue::from_static("hunter3"));
        }
        map.insert("accept", HeaderValue::from_static("application/json"));
        let shown = format!("{:?}", headers(&map));
        assert!(!shown.contains("hunter") && shown.contains("application/json"), "{shown}");
    }

    #[test]
    fn bodies_without_secrets_stay_as_they_are() {
        for text in [r#"{"n":  1.10, "key": "k"}"#, "no JSON", r#"{"name": "a secret place"}"#, ""] {
            assert_eq!(body(&Bytes::from(text)), text);
        }
    }
}
