//! Replaces the secrets in a text.

use std::borrow::Cow;
use std::fmt::{self, Write};

use super::scan::Found;
use super::{escapes, markup, shapes, values};

/// Replacement for a secret.
pub const REDACTED: &str = "***";

/// Maximum number of bytes of a text that [`text`] reads; the rest is dropped.
const MAX_TEXT: usize = 256 * 1024;

/// Marks where a text was cut.
const CUT: char = '…';

/// Replaces every secret in `text` with `***`.
///
/// Recognized by form: API keys of Avala and others, bearer and basic credentials, JSON Web Tokens, keys and tokens of
/// AWS and Google, ARNs, PEM blocks, and user names and passwords in URLs. Recognized by name: the value after a
/// [secret name](crate::redact::is_secret_name) in JSON, in JSON inside a string, in queries, headers, XML, HTML, YAML,
/// flags of a command line, `Debug` output and prose. A secret that is cut off by the end of the text is replaced too.
/// If a secret is only found with the escapes of HTML, of scripts or of queries resolved, so is the result.
///
/// ```
/// use avala_transport::redact;
///
/// assert_eq!(redact::text("key avk_9f8e7d is not valid"), "key avk_*** is not valid");
/// assert_eq!(redact::text(r#"{"password": "hunter2"}"#), r#"{"password": "***"}"#);
/// assert_eq!(redact::text("dataset night-drives not found"), "dataset night-drives not found");
/// ```
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    if text.len() > MAX_TEXT {
        return Cow::Owned(shorten(text, MAX_TEXT));
    }
    let redacted = in_plain(text);
    // Names and signs may be escaped for a page or a query. The text stays unchanged if nothing is found this way.
    match escapes::resolved(&redacted) {
        Some(resolved) => match in_plain(&resolved) {
            Cow::Owned(found) if found != resolved => Cow::Owned(found),
            _ => redacted,
        },
        None => redacted,
    }
}

fn in_plain(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut redacted = String::new();
    // Everything before `copied` is in `redacted`.
    let mut copied = 0;
    let mut at = 0;
    // Whether a word can start at `at`.
    let mut boundary = true;
    while at < bytes.len() {
        let found = shapes::find(bytes, at, boundary, copied)
            .or_else(|| values::find(bytes, at, copied))
            .or_else(|| markup::find(bytes, at, copied));
        if let Some(Found { start, end }) = found {
            redacted.push_str(text.get(copied..start).unwrap_or_default());
            redacted.push_str(REDACTED);
            copied = end;
            at = end;
            boundary = true;
        } else if let Some(length) = escape(bytes, at) {
            at += length;
            boundary = true;
        } else {
            boundary = !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
            at += 1;
        }
    }
    if copied == 0 && redacted.is_empty() {
        return Cow::Borrowed(text);
    }
    redacted.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(redacted)
}

/// Returns the length of the escape sequence at `at`: its letters do not belong to the next word.
fn escape(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes.get(at..)?;
    match rest {
        [b'%', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => Some(3),
        [b'\\', b'u', a, b, c, d, ..] if [a, b, c, d].iter().all(|digit| digit.is_ascii_hexdigit()) => Some(6),
        [b'\\', b'x', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => Some(4),
        [b'\\', b'n' | b'r' | b't' | b'b' | b'f' | b'0', ..] => Some(2),
        _ => None,
    }
}

/// Redacts the first `max` bytes of `text`. If the text is longer, the last word is dropped too and `…` marks the cut,
/// because half a secret cannot be recognized.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    let start = text.get(..text.floor_char_boundary(max)).unwrap_or_default();
    if start.len() == text.len() {
        return self::text(text).into_owned();
    }
    cut(self::text(without_last_word(start)).into_owned())
}

fn without_last_word(text: &str) -> &str {
    let end = text.rfind(|c: char| c.is_whitespace() || ",;()[]{}<>".contains(c));
    text.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn cut(mut text: String) -> String {
    text.push(CUT);
    text
}

/// Formats `value`, stops after `max` bytes, and redacts the result. A value of many megabytes costs no more than
/// `max`.
#[must_use]
pub fn display(value: &dyn fmt::Display, max: usize) -> String {
    let mut start = Start { text: String::new(), max };
    let complete = write!(start, "{value}").is_ok();
    if complete { text(&start.text).into_owned() } else { cut(text(without_last_word(&start.text)).into_owned()) }
}

/// Accepts the first bytes that are written, and then fails.
pub(super) struct Start {
    pub(super) text: String,
    pub(super) max: usize,
}

impl Write for Start {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.max.saturating_sub(self.text.len());
        if text.len() <= room {
            self.text.push_str(text);
            return Ok(());
        }
        self.text.push_str(text.get(..text.floor_char_boundary(room)).unwrap_or_default());
        Err(fmt::Error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_form_is_redacted() {
        let hex = "0123456789abcdef0123456789ABCDEF01234567";
        for (given, shown) in [
            ("key avk_live-9f8e_7d is bad".to_owned(), "key avk_*** is bad"),
            ("avala_sk_12345678".to_owned(), "avala_sk_***"),
            (format!("key {hex}."), "key ***."),
            (format!("key%3D{hex}"), "key%3D***"),
            (format!("a\\n{hex}"), "a\\n***"),
            ("use sk-abc123def".to_owned(), "use sk-***"),
            ("sk-ant-x, sk-proj-y".to_owned(), "sk-***, sk-***"),
            ("sk_live_abcdefghij012345".to_owned(), "sk_***"),
            ("token_abcdefghij0123456".to_owned(), "token_***"),
            ("Authorization: Bearer abc.def-123==, x".to_owned(), "Authorization: ***"),
            ("a bearer x y".to_owned(), "a bearer *** y"),
            ("Basic dTpw!".to_owned(), "Basic ***!"),
            ("Bearer%20abc".to_owned(), "Bearer%20***"),
            ("got eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl!".to_owned(), "got eyJ***!"),
            ("AKIAIOSFODNN7EXAMPLE".to_owned(), "AKIA***"),
            ("ASIAIOSFODNN7EXAMPLE not found".to_owned(), "ASIA*** not found"),
            ("FwoGZXIvYXdzEBYaDH+/x= IQoJb3JpZ2luX2VjEJr".to_owned(), "FwoG*** IQoJ***"),
            ("1//0gabcdefghijkl-_x".to_owned(), "1//***"),
            ("arn:aws:iam::123456789012:role/x is gone".to_owned(), "arn:*** is gone"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMII\nE\n-----END RSA PRIVATE KEY-----.".to_owned(), "-----BEGIN ***."),
            ("-----BEGIN PRIVATE KEY-----\nMIIE".to_owned(), "-----BEGIN ***"),
            ("MIIE\nabc=\n-----END PRIVATE KEY-----, x".to_owned(), "***, x"),
            ("key LS0tLS1CRUdJTiBQUklWQVRFIEtFWQ==, x".to_owned(), "key LS0tLS1CRUdJTi***, x"),
            ("https://user:hun/ter#2?@host:1/x@y".to_owned(), "https://***@host:1/x@y"),
            ("https://host:80/a@b".to_owned(), "https://host:80/a@b"),
            ("http://[::1]:80/a@b".to_owned(), "http://[::1]:80/a@b"),
            ("https://user:hunter2@host:1/x".to_owned(), "https://***@host:1/x"),
            ("https:\\/\\/user:hunter2@host".to_owned(), "https:\\/\\/***@host"),
            ("u=https%3A%2F%2Fuser%3Apw%40host".to_owned(), "u=https%3A%2F%2F***%40host"),
        ] {
            assert_eq!(text(&given), shown, "{given}");
        }
    }

    #[test]
    fn values_after_secret_names_are_redacted() {
        for given in [
            r#"{"password":"hunter2","name":"ada"}"#,
            r#"{"password": ["hunter2", {"x": "hunter2]"}], "name": "ada"}"#,
            r#"{"password": "hunter2 with spaces, and hunter2", "name":"ada"}"#,
            r#"{"p\u0061ssword":"hunter2","name":"ada"}"#,
            r#"{"detail":"{\"device_token\":\"hunter2\"}","name":"ada"}"#,
            r#"{"detail":"{\\\"device_token\\\":\\\"hunter2\\\"}","name":"ada"}"#,
            r#"{\"token\":\n\"hunter2\", \"name\": \"ada\"}"#,
            "{'private_key': 'hunter2', 'name': 'ada'}",
            r#"{"secret": "hunter\"2 hunter2", "name": "ada"}"#,
            r#"{"pwd": 4711.17, "name": "ada"}"#,
            "token=hunter2;name=ada",
            "{\"client_secret\"\n :\n  \"hunter2\",\n  \"name\":\"ada\"}",
            r#"Config { api_key: Some("hunter2"), name: "ada" }"#,
            r#"Config { secret: Secret { text: "hunter2" }, name: "ada" }"#,
            "{:password=>\"hunter2\", :name=>\"ada\"}",
            "<Password>hunter2</Password><name>ada</name>",
            "<ns:AWSAccessKeyId x=\"1\">hunter2</ns:AWSAccessKeyId><name>ada</name>",
            "name=ada&user%5Bpassword%5D=hunter2",
            "name=ada&user[token]=hunter2",
            "https://x/?name=ada&sig=hunter2%2B",
            "AccountName=ada;AccountKey=hunter2+/==;EndpointSuffix=x",
            "ada: API key: hunter2 is wrong",
            "x-avala-api-key: hunter2\r\nname: ada",
            "{\"authorization\": [\"hunter2\"], \"name\": \"ada\", oops",
            "Cookie: a=hunter2; b=hunter2\nname: ada",
            "token: Token hunter2, ada",
            "ada: invalid token 'hunter2'",
            "ada: invalid token \"hunter2",
            "pass\u{200b}word=hunter2 ada",
            "{\"password\": [\"hunter2\", \"ada",
            "{&quot;password&quot;: &quot;hunter2&quot;, &quot;name&quot;: &quot;ada&quot;}",
            "{&#x27;password&#x27;: &#x27;hunter2&#x27;, &#39;name&#39;: &#39;ada&#39;}",
            "&amp;quot;api_key&amp;quot;:&amp;quot;hunter2&amp;quot; ada",
            "?filter=%7B%22password%22%3A%22hunter2%22%2C%22name%22%3A%22ada%22%7D",
            "?filter=%257B%2522password%2522%253A%2522hunter2%2522%257D&name=ada",
            "{\\u0022password\\u0022: \\u0022hunter2\\u0022, \\u0022name\\u0022: \\u0022ada\\u0022}",
            "<entry key=\"password\">hunter2</entry><entry key=\"name\">ada</entry>",
            "<input type='password' name='p' value='hunter2'><input value=ada>",
            "<param value=\"hunter2\" name=\"secret\"/><param name=\"ada\">",
            "<tr><th>API key</th> <td class=\"v\">hunter2</td></tr><tr><th>name</th><td>ada</td></tr>",
            "<tr><td><b>token</b></td>\n<td><pre>hunter2</pre></td></tr><td>name</td><td>ada</td>",
            "<dt>Password</dt>\n<dd>hunter2</dd> <dt>Name</dt><dd>ada</dd>",
            "password: |\n  hunter2\n  hunter2\nname: ada",
            "secret: >-\n\n  hunter2\n\n  hunter2\nname: ada",
            "curl --api-key hunter2 --name ada",
            "--password 'hunter2 hunter2' --name ada",
            "[('x-avala-api-key', 'hunter2'), ('name', 'ada')]",
            "((b'token', b'hunter2'), (b'name', b'ada'))",
            "[[\"token\", \"hunter2\"], [\"name\", \"ada\"]]",
            "{\"tokens\": [\"hunter2\"], \"name\": \"ada\"}",
        ] {
            let shown = text(given);
            assert!(!shown.contains("hunter2") && !shown.contains("4711") && shown.contains("***"), "{given}: {shown}");
            assert!(shown.contains("ada") || given.ends_with("\"ada"), "{given}: {shown}");
            assert_eq!(text(&shown), shown, "redacting twice changes nothing");
        }
    }

    #[test]
    fn ordinary_text_stays() {
        for given in [
            "",
            "No Dataset matches the given query.",
            "cursor=cD0y&limit=5",
            "550e8400-e29b-41d4-a716-446655440000 and task-1234, risk-based, disk-0",
            "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855, md5 9e107d9d372bb6826bd81d3542a419d6",
            "write to ada@example.com at https://docs.avala.ai/errors?x=1#top, 12:30, /data/a.mcap",
            "Basic authentication failed; a basic plan has 5 seats, the bearer token is missing",
            r#"{"author":"ada","count":5,"token_count":7,"keyboard":["x"],"password":null}"#,
            "expected value at line 1 column 1: invalid type: integer `7`",
            "größe \u{1F916} [1, 2, 3] C:\\new\\table",
            "missing fields: 'token', 'name'; pass --token or --password for each; --secret is required",
            "&quot;name&quot;: 100%25 of \\u0022ada\\u0022",
            "<p>the password is wrong</p><p>try again</p><input type=\"text\" value=\"ada\">",
            "size: | 5",
        ] {
            assert_eq!(text(given), given);
        }
    }

    #[test]
    fn work_is_linear_in_hostile_texts() {
        // Quadratic work on any of these would take minutes in a debug build, and the test runner would time out.
        for piece in [
            "-----BEGIN",
            "-----END",
            "//",
            "\\",
            ":",
            "= ",
            "password ",
            "[",
            "eyJ",
            "a.b:",
            "%2F",
            "<a>",
            "\" ",
            "key_",
            "arn:",
            "sk-",
            "bearer ",
            "<a b=\"",
            "<a b=password ",
            "</td><td>",
            "(\"token\", ",
            "(\"token\", '",
            "--token ",
            "token: |\n ",
            "&quot;",
            "%2522",
            "//a:b/",
        ] {
            let given = piece.repeat(200_000 / piece.len());
            assert!(text(&given).len() <= 4 * given.len());
        }
    }

    #[test]
    fn text_over_the_cap_loses_its_end() {
        let given = format!("{} avk_9f8e7d6c", "x ".repeat(MAX_TEXT));
        assert!(text(&given).len() <= MAX_TEXT + 8);
    }

    #[test]
    fn cut_leaves_no_half_of_a_secret() {
        for max in 0..40 {
            let shown = shorten("the key avk_9f8e7d6c5b4a and \"password\": \"hunter2 hunter2\"", max);
            assert!(!shown.contains("9f8e") && !shown.contains("hunt") && shown.ends_with('…'), "{max}: {shown}");
        }
        assert_eq!(shorten("short", 5), "short");
    }

    #[test]
    fn long_value_is_formatted_to_the_cap_alone() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    f.write_str("word ")?;
                }
            }
        }
        assert!(display(&Endless, 100).len() <= 104);
    }
}
