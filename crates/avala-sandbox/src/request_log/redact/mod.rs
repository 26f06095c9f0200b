//! Keeps credentials out of the log of requests: values with the name of a secret, and values with the form of one.
//!
//! The transport has its own redaction. This crate shares no code with it, so that a mistake there is noticed here.

mod names;
mod shapes;

use std::collections::HashSet;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde::de::IgnoredAny;
use serde_json::Value;

/// Replacement of a secret in the log.
const REDACTED: &str = "[redacted]";

/// Minimum length of a credential of a header that is searched for in the rest of its request.
const MIN_KNOWN: usize = 6;

/// Redacts one request. The credentials in its headers are secrets in its other parts too.
pub(super) struct Redaction<'a> {
    headers: &'a HeaderMap,
    known: HashSet<&'a [u8]>,
}

impl<'a> Redaction<'a> {
    pub(super) fn new(headers: &'a HeaderMap) -> Self {
        let secrets = headers.iter().filter(|(name, _)| names::is_header(name.as_str()));
        // Of `Bearer x`, the token is the secret.
        let words = secrets.flat_map(|(_, value)| value.as_bytes().split(|byte| b" ;,".contains(byte)));
        Self {
            headers,
            known: words.filter(|word| word.len() >= MIN_KNOWN && !word.eq_ignore_ascii_case(b"bearer")).collect(),
        }
    }

    /// Returns the headers without the values that are credentials.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for (name, value) in &mut headers {
            let shown = match value.to_str() {
                _ if names::is_header(name.as_str()) => Some(REDACTED.to_owned()),
                Ok(text) => self.text(text),
                Err(_) => self.is_suspect(value.as_bytes()).then(|| REDACTED.to_owned()),
            };
            if let Some(shown) = shown {
                *value = HeaderValue::from_str(&shown).unwrap_or(HeaderValue::from_static(REDACTED));
            }
        }
        headers
    }

    /// Replaces the segments of a path that hold a secret.
    pub(super) fn path(&self, path: &str) -> String {
        self.each(path, '/', |_| false)
    }

    /// Replaces the values of secret parameters, and values that hold a secret.
    pub(super) fn query(&self, query: &str) -> String {
        self.each(query, '&', names::is_parameter)
    }

    /// Redacts each part of a text: its value if its name is that of a secret, or if it holds one.
    fn each(&self, text: &str, separator: char, is_secret: impl Fn(&str) -> bool) -> String {
        let redact = |part: &str| {
            let (name, value) = part.split_once('=').map_or((None, part), |(name, value)| (Some(name), value));
            let holds = |text: &str| {
                let decoded = percent_encoding::percent_decode_str(text).decode_utf8_lossy().replace('+', " ");
                self.is_known(text.as_bytes()) || self.text(&decoded).is_some() || shapes::has(text.as_bytes())
            };
            match name {
                Some(name) if is_secret(name) || (holds(value) && !holds(name)) => format!("{name}={REDACTED}"),
                _ if holds(part) => REDACTED.to_owned(),
                _ => part.to_owned(),
            }
        };
        text.split(separator).map(redact).collect::<Vec<_>>().join(&separator.to_string())
    }

    /// Redacts a body. In JSON, the values with the names or the form of secrets are replaced, and in a form those of
    /// its fields. In any other text the end of a value is unknown, so that one with a secret is replaced as a whole,
    /// as is one that is compressed. A body without a secret stays unchanged.
    pub(super) fn body(&self, body: &Bytes) -> Bytes {
        let whole = || Bytes::from_static(REDACTED.as_bytes());
        let header = |name| self.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or("");
        if !body.is_empty() && !matches!(header("content-encoding").trim(), "" | "identity") {
            return whole();
        }
        if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            if !self.is_suspect(body) {
                return body.clone();
            }
            let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return whole() };
            return if self.value(&mut value, false) { value.to_string().into() } else { body.clone() };
        }
        let form = std::str::from_utf8(body).ok();
        let is_form = header("content-type").starts_with("application/x-www-form-urlencoded");
        if let Some(form) = form.filter(|_| is_form) {
            let shown = self.query(form);
            return if shown == form { body.clone() } else { shown.into() };
        }
        if names::has_name(body) || self.is_suspect(body) { whole() } else { body.clone() }
    }

    /// Returns whether a text may hold a secret, found in few passes, because bodies may be large.
    fn is_suspect(&self, text: &[u8]) -> bool {
        let is_escaped = || shapes::find(text, b"\\u").is_some();
        shapes::has(text) || names::has_assignment(text) || self.is_known(text) || is_escaped()
    }

    /// Replaces every scalar below the name of a secret, and every string with a secret; null stays. Returns whether
    /// there was one.
    fn value(&self, value: &mut Value, is_below_secret: bool) -> bool {
        match value {
            Value::Object(fields) => {
                let redact = |any, (name, value): (&String, &mut Value)| {
                    self.value(value, is_below_secret || names::is_field(name)) | any
                };
                fields.iter_mut().fold(false, redact) | self.names(fields)
            }
            Value::Array(values) => {
                values.iter_mut().fold(false, |any, value| self.value(value, is_below_secret) | any)
            }
            Value::Null => false,
            scalar if is_below_secret => {
                *scalar = REDACTED.into();
                true
            }
            Value::String(text) => self.text(text).map(|shown| *text = shown).is_some(),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Replaces names of fields that are secrets themselves.
    fn names(&self, fields: &mut serde_json::Map<String, Value>) -> bool {
        let is_secret = |name: &&String| self.is_known(name.as_bytes()) || shapes::has(name.as_bytes());
        let secrets: Vec<String> = fields.keys().filter(is_secret).cloned().collect();
        for name in &secrets {
            fields.remove(name);
            fields.insert(REDACTED.to_owned(), REDACTED.into());
        }
        !secrets.is_empty()
    }

    /// Replaces the secrets in a text; `None` if it has none.
    fn text(&self, text: &str) -> Option<String> {
        if self.is_known(text.as_bytes()) || names::has_assignment(text.as_bytes()) {
            return Some(REDACTED.to_owned());
        }
        shapes::replace(text, REDACTED)
    }

    /// Returns whether a text repeats a credential of the headers.
    fn is_known(&self, text: &[u8]) -> bool {
        self.known.iter().any(|known| shapes::find(text, known).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
        headers.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    fn body(text: &str) -> Bytes {
        Redaction::new(&HeaderMap::new()).body(&Bytes::from(text.to_owned()))
    }

    fn body_as(content_type: &'static str, text: &str) -> Bytes {
        Redaction::new(&map(&[("content-type", content_type)])).body(&Bytes::from(text.to_owned()))
    }

    #[test]
    fn secrets_of_queries_are_replaced() {
        let shown = |query| Redaction::new(&HeaderMap::new()).query(query);
        assert_eq!(
            shown("limit=5&X-Amz-Signature=a&api%5Fkey=b&Sig=c&grant=d&cursor=e&keyword=f"),
            "limit=5&X-Amz-Signature=[redacted]&api%5Fkey=[redacted]&Sig=[redacted]&grant=[redacted]&cursor=e&keyword=f"
        );
        assert_eq!(shown("q=avk%5Flive&n=a+b&to=https%3A%2F%2Fa:b%40h"), "q=[redacted]&n=a+b&to=[redacted]");
        assert_eq!(shown("avk_live&name=x"), "[redacted]&name=x");
    }

    #[test]
    fn secrets_of_paths_are_replaced() {
        let headers = map(&[("x-auth", "Token hunter2")]);
        let redaction = Redaction::new(&headers);
        let shown = redaction.path("/api/v1/keys/avk_live/hunter2/a%20avk%5Fb/secrets/");
        assert_eq!(shown, "/api/v1/keys/[redacted]/[redacted]/[redacted]/secrets/");
    }

    #[test]
    fn secrets_of_bodies_are_replaced_at_any_depth() {
        let shown = body(
            r#"{"name": "n", "Pass_Word": "a", "config": {"headers": [{"X-Api-Key": "b"}], "auth": {"user": "c"}},
                "key": "front", "s3_secret_access_key": null, "pwd": 7, "note": "see avk_live", "text": "password=d"}"#,
        );
        let shown: Value = serde_json::from_slice(&shown).unwrap();
        let expected = serde_json::json!({
            "name": "n", "Pass_Word": "[redacted]", "key": "front", "s3_secret_access_key": null, "pwd": "[redacted]",
            "config": {"headers": [{"X-Api-Key": "[redacted]"}], "auth": {"user": "[redacted]"}},
            "note": "see [redacted]", "text": "[redacted]",
        });
        assert_eq!(shown, expected);
        assert_eq!(body(r#"{"pass\u0077ord":"hunter2"}"#), r#"{"password":"[redacted]"}"#);
        assert_eq!(body(r#"{"n":"avk\u005flive"}"#), r#"{"n":"[redacted]"}"#);
        assert_eq!(body(r#"{"avk_live":1}"#), r#"{"[redacted]":"[redacted]"}"#);
        assert_eq!(body(r#""avk_live""#), r#""[redacted]""#);
    }

    #[test]
    fn body_that_is_neither_json_nor_a_form_is_replaced() {
        let deep = format!(r#"{{"password": "hunter2", "deep": {}{}}}"#, "[".repeat(200), "]".repeat(200));
        for text in [
            r#"{"password": "hunter2""#,
            r#"{"name" "n", "token": "hunter2"}"#,
            r#"{"password: hunter2}"#,
            "{'password': 'hunter2'}",
            "password hunter2",
            "--x\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nhunter2\r\n--x--",
            "<login><password>hunter2</password></login>",
            "machine h login l avk_hunter2",
            "\u{0}\u{1} secret\u{2}",
            &*deep,
        ] {
            assert_eq!(body(text), REDACTED, "{text}");
        }
        let gzip = Redaction::new(&map(&[("content-encoding", "gzip")])).body(&Bytes::from_static(b"\x1f\x8bhunter2"));
        assert_eq!(gzip, REDACTED);
    }

    #[test]
    fn secrets_of_forms_are_replaced() {
        let shown = body_as("application/x-www-form-urlencoded; charset=utf-8", "user=a&pass%77ord=b&x=avk_c&n=1+2");
        assert_eq!(shown, "user=a&pass%77ord=[redacted]&x=[redacted]&n=1+2");
        assert_eq!(body_as("text/plain", "user=a&password=b"), REDACTED);
    }

    #[test]
    fn headers_with_the_name_or_the_form_of_a_secret_are_replaced() {
        let names = ["x-avala-api-key", "authorization", "x-api-key", "x-access-token", "cookie", "set-cookie", "auth"];
        let mut all: Vec<_> = names.iter().flat_map(|name| [(*name, "hunter2"), (*name, "hunter3")]).collect();
        all.extend([
            ("x-auth", "hunter2"),
            ("x-debug", "avk_hunter2"),
            ("referer", "https://a:huntress@h/?x"),
            ("x-copy", "a hunter2"),
        ]);
        all.push(("accept", "application/json"));
        let headers = map(&all);
        let shown = format!("{:?}", Redaction::new(&headers).headers());
        assert!(!shown.contains("hunt") && shown.contains("application/json"), "{shown}");
        assert!(shown.contains("https://[redacted]@h/?x"), "{shown}");
    }

    #[test]
    fn credential_of_a_header_is_replaced_in_the_body() {
        let headers = map(&[("authorization", "Basic aHVudGVyMg"), ("accept", "application/json")]);
        let shown = Redaction::new(&headers).body(&Bytes::from_static(br#"{"copy": "x aHVudGVyMg", "n": 1.0}"#));
        assert_eq!(shown, r#"{"copy":"[redacted]","n":1.0}"#);
    }

    #[test]
    fn bodies_without_secrets_stay_as_they_are() {
        for text in [
            r#"{"n":  1.10, "key": "k"}"#,
            "no JSON",
            r#"{"name": "a secret place"}"#,
            r#"{"name":"\u00e4"}"#,
            r#"{"s3_secret_access_key": null}"#,
            "",
        ] {
            assert_eq!(body(text), text);
        }
    }
}
