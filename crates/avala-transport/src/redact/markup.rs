//! Recognizes secrets in XML and HTML by the names of elements and attributes.

use std::ops::Range;

use super::names::{Letters, MAX_NAME};
use super::scan::{Found, find as search, has_word, run};

/// Maximum number of bytes of a tag that are read.
const MAX_TAG: usize = 512;

/// Attributes that hold a value, named by another attribute of the tag.
const VALUES: [&str; 4] = ["value", "content", "data-value", "placeholder"];

/// Returns the secret of the tag that starts or ends at `at`. `floor` is the start of the text that is not copied yet.
pub(super) fn find(bytes: &[u8], at: usize, floor: usize) -> Option<Found> {
    match bytes.get(at)? {
        b'<' => attribute(bytes, at),
        b'>' => content(bytes, at, floor),
        _ => None,
    }
}

/// Returns the value in a tag such as `<input name="password" value="...">`.
fn attribute(bytes: &[u8], at: usize) -> Option<Found> {
    let limit = bytes.len().min(at + MAX_TAG);
    let end = run(bytes.get(..limit)?, at, |byte| byte != b'>');
    let is_value = |name: &[u8]| VALUES.iter().any(|value| name.eq_ignore_ascii_case(value.as_bytes()));
    let (mut names_a_secret, mut value) = (false, None);
    let mut next = at;
    while let Some((name, held)) = next_attribute(bytes, next, end) {
        next = held.end.max(name.end + 1);
        if bytes.get(name).is_some_and(is_value) {
            value = value.or(Some(held));
        } else {
            names_a_secret |= bytes.get(held).is_some_and(is_secret);
        }
    }
    let value = value.filter(|value| names_a_secret && !value.is_empty())?;
    Some(Found { start: value.start, end: value.end })
}

/// Returns where the name and the value of the next attribute before `end` are.
fn next_attribute(bytes: &[u8], at: usize, end: usize) -> Option<(Range<usize>, Range<usize>)> {
    let sign = at + bytes.get(at..end)?.iter().position(|byte| *byte == b'=')?;
    let before = bytes.get(at..sign)?.trim_ascii_end();
    let name = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |space| space + 1);
    let name = at + name..at + before.len();
    let start = run(bytes, sign + 1, |byte| byte.is_ascii_whitespace()).min(end);
    let value = match bytes.get(start) {
        Some(quote @ (b'"' | b'\'')) => {
            let closed = bytes.get(start + 1..end)?.iter().position(|byte| byte == quote);
            start + 1..closed.map_or(end, |length| start + 1 + length)
        }
        _ => start..run(bytes, start, |byte| !byte.is_ascii_whitespace()).min(end),
    };
    Some((name, value))
}

/// Returns the text after the tag that ends at `at`, if the tag or the text before it names a secret:
/// `<password>...`, `<entry key="password">...`, `<td>password</td><td>...`.
fn content(bytes: &[u8], at: usize, floor: usize) -> Option<Found> {
    let least = at.saturating_sub(2 * MAX_NAME).max(floor);
    let open = bytes.get(least..at)?.iter().rposition(|byte| b"<>".contains(byte))? + least;
    if bytes.get(open) != Some(&b'<') || bytes.get(open + 1) == Some(&b'/') {
        return None;
    }
    if !has_secret_name(bytes, open, at) && !follows_secret_name(bytes, open, least) {
        return None;
    }
    let start = run(bytes, at + 1, |byte| byte.is_ascii_whitespace());
    let end = if has_word(bytes, start, "<![CDATA[") {
        search(bytes, start, b"]]>").unwrap_or(bytes.len())
    } else {
        run(bytes, start, |byte| byte != b'<')
    };
    (end > start).then_some(Found { start, end })
}

/// Returns whether the tag from `open` to `end` has the name of a secret, or an attribute that is one.
fn has_secret_name(bytes: &[u8], open: usize, end: usize) -> bool {
    let name = open + 1..run(bytes, open + 1, |byte| !byte.is_ascii_whitespace() && byte != b'>');
    let name = bytes.get(name).unwrap_or_default();
    // Without the prefix of its namespace.
    if name.rsplit(|byte| *byte == b':').next().is_some_and(is_secret) {
        return true;
    }
    let mut next = open;
    while let Some((name, value)) = next_attribute(bytes, next, end) {
        next = value.end.max(name.end + 1);
        if bytes.get(value).is_some_and(is_secret) {
            return true;
        }
    }
    false
}

/// Maximum number of tags between a name and its value.
const MAX_TAGS: usize = 6;

/// Returns whether the element before the tag at `open` has the name of a secret, as in a table.
fn follows_secret_name(bytes: &[u8], open: usize, least: usize) -> bool {
    let mut before = bytes.get(least..open).unwrap_or_default().trim_ascii_end();
    let mut is_closed = false;
    for _ in 0..MAX_TAGS {
        let Some(start) = before.strip_suffix(b">").and_then(|tag| tag.iter().rposition(|byte| *byte == b'<')) else {
            break;
        };
        is_closed |= before.get(start + 1) == Some(&b'/');
        before = before.get(..start).unwrap_or_default().trim_ascii_end();
    }
    let name = before.iter().rposition(|byte| *byte == b'>').and_then(|end| before.get(end + 1..));
    is_closed && name.is_some_and(is_secret)
}

fn is_secret(name: &[u8]) -> bool {
    let mut letters = Letters::new();
    if !name.iter().rev().all(|byte| letters.push(*byte)) {
        return false;
    }
    // Several words may be a sentence about a secret.
    let is_word = !name.trim_ascii().iter().any(u8::is_ascii_whitespace);
    if is_word { letters.is_secret() } else { letters.is_exact() }
}
