//! Recognizes secrets by their form, with any name.

use std::ops::Range;

/// Prefixes of keys and tokens, and the minimum length after them.
const PREFIXES: [(&str, usize); 20] = [
    ("avk_", 1),
    ("whsec_", 1),
    ("sk_live_", 8),
    ("sk_test_", 8),
    ("rk_live_", 8),
    ("ghp_", 16),
    ("gho_", 16),
    ("ghs_", 16),
    ("ghu_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("hf_", 20),
    ("npm_", 20),
    ("pypi-", 20),
    ("ya29.", 16),
    ("AIza", 30),
    ("AKIA", 16),
    ("ASIA", 16),
];

/// Replaces the secrets in a text; `None` if it has none.
pub(super) fn replace(text: &str, replacement: &str) -> Option<String> {
    let mut replaced = String::new();
    let (mut copied, mut at) = (0, 0);
    while let Some(found) = next(text.as_bytes(), at) {
        replaced.push_str(text.get(copied..found.start).unwrap_or_default());
        replaced.push_str(replacement);
        (copied, at) = (found.end, found.end);
    }
    replaced.push_str(text.get(copied..).unwrap_or_default());
    (copied > 0).then_some(replaced)
}

/// Returns whether a text has a secret.
pub(super) fn has(text: &[u8]) -> bool {
    next(text, 0).is_some()
}

/// Finds the next secret at `from` or after it. Its ends are ASCII, so that a text can be cut there.
///
/// Bodies may be large, so most bytes are passed after one look at them and at the one before.
fn next(text: &[u8], from: usize) -> Option<Range<usize>> {
    let mut in_word = from.checked_sub(1).and_then(|before| text.get(before)).is_some_and(u8::is_ascii_alphanumeric);
    for (at, byte) in text.iter().enumerate().skip(from) {
        let starts = !in_word;
        in_word = byte.is_ascii_alphanumeric();
        if !matches!(byte, b'-' | b':') && !(in_word && (starts || follows_escape(text, at))) {
            continue;
        }
        let rest = text.get(at..)?;
        let found = match byte {
            b'-' => pem(rest).map(|length| at..at + length),
            b':' => user_info(rest).map(|length| at + 3..at + 3 + length),
            b'b' | b'B' => bearer(rest).map(|length| at + 7..at + 7 + length),
            b'e' => jwt(rest).map(|length| at..at + length),
            _ => prefixed(rest).map(|length| at..at + length),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Returns whether `at` is after an escape, such as `%20` or `\n`, whose letters are not part of the word.
fn follows_escape(text: &[u8], at: usize) -> bool {
    let byte_before = |distance| at.checked_sub(distance).and_then(|before| text.get(before));
    byte_before(2) == Some(&b'\\') || byte_before(3) == Some(&b'%')
}

/// Returns the length of a token that starts with one of [`PREFIXES`].
fn prefixed(text: &[u8]) -> Option<usize> {
    PREFIXES.iter().find_map(|(prefix, least)| {
        let rest = text.strip_prefix(prefix.as_bytes())?;
        let length = run(rest, |byte| byte.is_ascii_alphanumeric() || b"_-.~+".contains(&byte));
        (length >= *least).then_some(prefix.len() + length)
    })
}

/// Returns the length of a JSON Web Token: parts in base64, of which the first one is an object.
fn jwt(text: &[u8]) -> Option<usize> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    let head = text.strip_prefix(b"eyJ").map(|rest| 3 + run(rest, is_part)).filter(|length| *length >= 10)?;
    let rest = text.get(head..)?.strip_prefix(b".")?;
    (run(rest, is_part) >= 2).then(|| head + 1 + run(rest, |byte| is_part(byte) || byte == b'.'))
}

/// Returns the length of a key or a certificate in PEM, to its end or that of the text.
fn pem(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"-----BEGIN ")?;
    let end = find(rest, b"-----END ")
        .map(|end| end + 9 + find(rest.get(end + 9..).unwrap_or_default(), b"-----").map_or(0, |at| at + 5));
    Some(11 + end.unwrap_or(rest.len()))
}

/// Returns the length of a token after `Bearer `.
fn bearer(text: &[u8]) -> Option<usize> {
    text.get(..7).filter(|word| word.eq_ignore_ascii_case(b"bearer "))?;
    let length = run(text.get(7..)?, |byte| byte.is_ascii_alphanumeric() || b"_-.~+/=".contains(&byte));
    (length >= 8).then_some(length)
}

/// Returns the length of the name and the password in `https://name:password@host`.
fn user_info(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"://")?;
    let length = run(rest, |byte| byte.is_ascii_graphic() && !b"/?#@\"'<>\\".contains(&byte));
    (length > 0 && rest.get(length) == Some(&b'@')).then_some(length)
}

fn run(text: &[u8], fits: impl Fn(u8) -> bool) -> usize {
    text.iter().position(|byte| !fits(*byte)).unwrap_or(text.len())
}

/// Finds the first place of a part in a text.
pub(super) fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    let (first, mut from) = (part.first()?, 0);
    while let Some(offset) = text.get(from..)?.iter().position(|byte| byte == first) {
        if text.get(from + offset..)?.starts_with(part) {
            return Some(from + offset);
        }
        from += offset + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_the_rest_is_kept() {
        for (text, expected) in [
            ("use avk_live_1 here", "use [x] here"),
            ("é avk_1,whsec_2.", "é [x],[x]"),
            ("a%20avk_1\\navk_2", "a%20[x]\\n[x]"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln, next", "[x], next"),
            ("Bearer abcdefgh12 and bearer of news", "Bearer [x] and bearer of news"),
            ("https://ada:hunter2@h.example/x?y", "https://[x]@h.example/x?y"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\nend", "[x]\nend"),
            ("-----BEGIN EC PRIVATE KEY-----\nMIIE", "[x]"),
            ("AKIAIOSFODNN7EXAMPLE", "[x]"),
            ("ghp_0123456789abcdef0123", "[x]"),
        ] {
            assert_eq!(replace(text, "[x]").as_deref(), Some(expected), "{text}");
            assert!(has(text.as_bytes()));
        }
        for plain in ["", "avk", "avk_ is a prefix", "eyJ.x", "eyJhbGciOiJ", "https://h.example/a@b", "ghp_short", "ü"]
        {
            assert_eq!(replace(plain, "[x]"), None, "{plain}");
        }
    }
}
