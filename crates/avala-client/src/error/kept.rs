//! The part of a body that an error keeps, without secrets.

use std::borrow::Cow;

use avala_transport::redact;
use avala_transport::redact::is_secret_name;

use super::json::{End, Node, parse};
use super::limits;

/// Number of levels of JSON inside strings of JSON that are parsed.
const EMBEDDED: usize = 3;

/// A body, parsed as far as it is valid, and redacted.
#[derive(Debug)]
pub(super) struct Kept {
    /// The complete values; `None` if there are none.
    pub(super) node: Option<Node>,
    /// Valid JSON if the body was valid JSON, and otherwise its start.
    pub(super) text: String,
}

impl Kept {
    /// Reads a body that may lack its end.
    pub(super) fn read(body: &[u8], was_cut: bool) -> Self {
        let (body, was_cut) = match body.get(..limits::READ) {
            Some(start) if body.len() > limits::READ => (start, true),
            _ => (body, was_cut),
        };
        let text = decoded(body);
        let text = text.trim_matches(|c: char| c == '\u{feff}' || c.is_ascii_whitespace());
        let parsed = parse(text, was_cut);
        let mut node = parsed.node;
        let changed = node.as_mut().is_some_and(|node| redact_node(node, false, EMBEDDED));
        let text = match (&node, parsed.end) {
            (Some(_), End::Complete) if !changed && parsed.is_strict => text.to_owned(),
            (Some(node), End::Complete) => node.to_json(),
            (Some(node @ (Node::List(_) | Node::Object(_))), End::Cut) if was_cut => {
                format!("{}… (truncated)", node.to_json())
            }
            _ if was_cut => format!("{} (truncated)", start_of(text, true)),
            _ => start_of(text, false),
        };
        Self { node, text }
    }
}

/// Returns a body as text, in any encoding.
fn decoded(body: &[u8]) -> Cow<'_, str> {
    let units = |pair: fn([u8; 2]) -> u16| {
        let units = body.as_chunks::<2>().0.iter().skip(1).map(|unit| pair(*unit));
        let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        // In UTF-32, every other unit is zero.
        Cow::Owned(text.filter(|character| *character != '\0').collect())
    };
    match body {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        // A secret is not recognized with zeros between its letters.
        _ if body.contains(&0) => Cow::Owned(String::from_utf8_lossy(body).replace('\0', "")),
        _ => String::from_utf8_lossy(body),
    }
}

/// Returns the start of a text that is not JSON. It is redacted before it is cut, so that no secret is cut into
/// something that is not recognized.
fn start_of(text: &str, was_cut: bool) -> String {
    let mut redacted = if was_cut {
        // Longer than the text, so that the last word is dropped.
        redact::shorten(&format!("{text}x"), text.len())
    } else {
        redact::text(text).into_owned()
    };
    if redacted.len() > limits::KEPT_TEXT {
        redacted.truncate(redacted.floor_char_boundary(limits::KEPT_TEXT));
        redacted.push('…');
    }
    redacted
}

/// Redacts a value and everything in it; `secret` says that it is below a secret name. Returns whether it changed.
fn redact_node(node: &mut Node, secret: bool, embedded: usize) -> bool {
    match node {
        Node::Null => false,
        Node::Scalar(_) | Node::Text(_) | Node::TooDeep if secret => {
            *node = Node::Text(redact::REDACTED.to_owned());
            true
        }
        Node::Scalar(_) | Node::TooDeep => false,
        Node::Text(text) => redact_text(text, embedded),
        Node::List(items) => {
            let is_pair = is_secret_pair(items);
            let items = items.iter_mut().enumerate();
            let changed = items.map(|(index, item)| redact_node(item, secret || (is_pair && index == 1), embedded));
            changed.fold(false, |any, changed| any | changed)
        }
        Node::Object(pairs) => {
            let about_secret = names_a_secret(pairs);
            let mut any = false;
            for (name, value) in pairs {
                let is_value = about_secret && !is_label(name) && !NOT_VALUES.contains(&name.as_str());
                let secret = secret || is_secret_name(name) || is_value;
                any |= redact_node(value, secret, embedded);
                if let Cow::Owned(redacted) = redact::text(name) {
                    *name = redacted;
                    any = true;
                }
            }
            any
        }
    }
}

/// Keys under which an object names a field, or their ends: `field`, `propertyName`, `instance_path`.
const LABELS: &[&str] = &[
    "argument",
    "attribute",
    "column",
    "element",
    "field",
    "header",
    "key",
    "loc",
    "location",
    "name",
    "param",
    "parameter",
    "path",
    "pointer",
    "property",
    "source",
    "target",
    "variable",
];

/// Keys of an object about a field that hold no value of the field.
const NOT_VALUES: &[&str] = &["code", "index", "keyword", "kind", "line", "rule", "severity", "status", "type"];

/// Returns whether a key names a field.
fn is_label(key: &str) -> bool {
    let letters: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    LABELS.iter().any(|label| letters.to_ascii_lowercase().ends_with(label))
}

/// Returns whether an object is about a field whose values are secrets, such as
/// `{"loc": ["body", "password"], "input": "..."}`.
fn names_a_secret(pairs: &[(String, Node)]) -> bool {
    // In the path of a request, as in `{"status": 404, "path": "/auth/token"}`, no value follows the name.
    let is_url =
        |name: &str, value: &Node| name == "path" && matches!(value, Node::Text(path) if path.starts_with('/'));
    let mut labels = pairs.iter().filter(|(name, value)| is_label(name) && !is_url(name, value));
    labels.any(|(_, value)| is_secret_label(value))
}

/// Returns whether a value is a secret name, or a path or an object with one.
fn is_secret_label(value: &Node) -> bool {
    match value {
        Node::Text(label) => is_secret_name(label) && !label.contains(char::is_whitespace),
        Node::List(path) => path.iter().any(|part| matches!(part, Node::Text(label) if is_secret_name(label))),
        // `"source": {"pointer": "/data/password"}`
        Node::Object(pairs) => pairs
            .iter()
            .any(|(name, value)| is_label(name) && matches!(value, Node::Text(label) if is_secret_name(label))),
        _ => false,
    }
}

/// Returns whether a list is a pair of a secret name and its value, such as a header.
fn is_secret_pair(items: &[Node]) -> bool {
    matches!(items, [Node::Text(name), Node::Text(_)] if is_secret_name(name) && !name.contains(char::is_whitespace))
}

fn redact_text(text: &mut String, embedded: usize) -> bool {
    if embedded > 0 && text.trim_start().starts_with(['{', '[']) {
        let mut parsed = parse(text, false);
        if let (Some(node), End::Complete) = (&mut parsed.node, parsed.end) {
            let changed = redact_node(node, false, embedded - 1);
            if changed {
                *text = node.to_json();
            }
            return changed;
        }
    }
    match redact::text(text) {
        Cow::Borrowed(_) => false,
        Cow::Owned(redacted) => {
            *text = redacted;
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(body: &str) -> String {
        Kept::read(body.as_bytes(), false).text
    }

    #[test]
    fn a_body_without_secrets_is_kept_as_it_is() {
        let about =
            r#"{"name":"No password.","message":"Wrong token.","key":"uid","value":"u1","list":["token is","b"]}"#;
        let gateway = r#"{"timestamp":1,"status":404,"error":"Not Found","message":"No.","path":"/api/v1/auth/token"}"#;
        for body in
            [about, gateway, r#"{"a" : [1.50, null],  "b":"é"}"#, "<html>502</html>", "", "null", r#"{"a": "[1, 2]"}"#]
        {
            assert_eq!(kept(body), body);
        }
        assert_eq!(kept("\u{feff} {\"a\": 1}\n"), "{\"a\": 1}");
    }

    #[test]
    fn values_below_secret_names_go_at_every_level() {
        for (body, shown) in [
            (r#"{"password":["hunter2",{"x":[1,null,true]}]}"#, r#"{"password":["***",{"x":["***",null,"***"]}]}"#),
            (r#"{"p\u0061ssword":"hunter2"}"#, r#"{"password":"***"}"#),
            (r#"{"\n password":"hunter2"}"#, r#"{"\n password":"***"}"#),
            (r#"{"a":"{\"api-key\":\"hunter2\"}"}"#, r#"{"a":"{\"api-key\":\"***\"}"}"#),
            (r#"{"avk_hunter2":1}"#, r#"{"avk_***":1}"#),
            (
                r#"[{"loc":["body","pwd"],"msg":"hunter2","type":"short","input":"hunter2"}]"#,
                r#"[{"loc":["body","pwd"],"msg":"***","type":"short","input":"***"}]"#,
            ),
            (
                r#"{"field":"apiKey","rejectedValue":"hunter2","code":"Size","errors":[{"text":"hunter2"}]}"#,
                r#"{"field":"apiKey","rejectedValue":"***","code":"Size","errors":[{"text":"***"}]}"#,
            ),
            (
                r#"{"errors":[{"source":{"pointer":"/data/password"},"detail":"hunter2","status":"422"}]}"#,
                r#"{"errors":[{"source":{"pointer":"/data/password"},"detail":"***","status":"422"}]}"#,
            ),
            (
                r#"[{"instancePath":"/secret","data":"hunter2"},{"property_name":"token","attempted":7}]"#,
                r#"[{"instancePath":"/secret","data":"***"},{"property_name":"token","attempted":"***"}]"#,
            ),
            (r#"{"headers":[["X-Api-Key","hunter2"],["a","b"]]}"#, r#"{"headers":[["X-Api-Key","***"],["a","b"]]}"#),
        ] {
            assert_eq!(kept(body), shown);
        }
    }

    #[test]
    fn a_body_in_utf_16_or_32_is_read() {
        let mut body = vec![0xff, 0xfe];
        body.extend(r#"{"password":"hunter2"}"#.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(Kept::read(&body, false).text, r#"{"password":"***"}"#);
        // UTF-32 begins with the same mark as UTF-16.
        for (mark, bytes) in
            [(&[0xff, 0xfe, 0, 0], u32::to_le_bytes as fn(u32) -> [u8; 4]), (&[0, 0, 0xfe, 0xff], u32::to_be_bytes)]
        {
            let mut body = mark.to_vec();
            body.extend(r#"{"password":"hunter2"}"#.chars().flat_map(|character| bytes(character.into())));
            let kept = Kept::read(&body, false).text;
            assert!(kept.ends_with(r#"{"password":"***"}"#) && !kept.contains("hunter2"), "{kept:?}");
        }
        let without_mark: Vec<u8> = "password=hunter2".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(Kept::read(&without_mark, false).text, "password=***");
    }

    #[test]
    fn a_cut_body_is_marked_and_half_a_secret_dropped() {
        let body = r#"{"detail":"No.","x":"avk_9f8e7d6c"}"#;
        for length in 0..body.len() {
            let kept = Kept::read(&body.as_bytes()[..length], true);
            assert!(kept.text.ends_with("(truncated)") && !kept.text.contains("9f"), "{}", kept.text);
        }
        let text = "the key is avk_9f8e7d6c and more";
        for length in 0..text.len() {
            let kept = Kept::read(&text.as_bytes()[..length], true);
            assert!(kept.text.ends_with("(truncated)") && !kept.text.contains("9f"), "{}", kept.text);
        }
    }
}
