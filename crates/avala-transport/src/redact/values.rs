//! Recognizes secrets by the name before them.

use super::names::{Letters, MAX_NAME};
use super::scan::{Found, run};

/// Returns the value of a secret name if the sign between them is at `at`. `floor` is the start of the text that is not
/// copied yet.
pub(super) fn find(bytes: &[u8], at: usize, floor: usize) -> Option<Found> {
    match bytes.get(at)? {
        b',' => second_of_pair(bytes, at, floor),
        b' ' => value_of_flag(bytes, at, floor),
        b':' | b'=' => {
            let name = name_before(bytes, at, floor)?;
            let rest = bytes.get(at + 1..)?;
            // `:=`, `==` and `=>` are signs too.
            let sign = if matches!(rest.first(), Some(b'=' | b'>')) { 2 } else { 1 };
            // A quoted name is a JSON name, whose values are delimited.
            let quoted = at > 0 && matches!(bytes.get(at - 1), Some(b'"' | b'\''));
            let header = bytes.get(at) == Some(&b':') && !quoted && name.takes_the_line();
            value(bytes, at + sign, header)
        }
        // `invalid token "..."`
        b'"' | b'\'' if at > floor && bytes.get(at - 1) == Some(&b' ') => {
            name_before(bytes, at, floor)?;
            quoted(bytes, at)
        }
        _ => None,
    }
}

/// Returns the name that ends before `at`, if it is a secret name.
fn name_before(bytes: &[u8], at: usize, floor: usize) -> Option<Letters> {
    let byte = |index: usize| if index > floor { bytes.get(index - 1).copied() } else { None };
    let mut end = at;
    loop {
        match (byte(end.saturating_sub(1)), byte(end)) {
            // White space in JSON inside a string.
            (Some(b'\\'), Some(b'n' | b'r' | b't')) => end -= 2,
            (_, Some(b' ' | b'\t' | b'\r' | b'\n')) => end -= 1,
            _ => break,
        }
    }
    let quoted = matches!(byte(end), Some(b'"' | b'\'' | b'`'));
    while matches!(byte(end), Some(b'"' | b'\'' | b'`' | b'\\' | b')')) {
        end -= 1;
    }
    let mut letters = Letters::new();
    let mut words = 1;
    let least = end.saturating_sub(2 * MAX_NAME).max(floor);
    while end > least {
        let (letter, length) = letter_before(bytes, end, least);
        let room = match letter {
            b'.' | b'[' | b'/' | b' ' if (words == 1 && letters.is_secret()) || letters.is_exact() => {
                return Some(letters);
            }
            b' ' if quoted || words < 4 => {
                words += 1;
                true
            }
            letter if letter.is_ascii_alphanumeric() => letters.push(letter),
            b'_' | b'-' | b'.' | b'$' | b'[' | b']' | b'\\' | 0x80.. => true,
            _ => false,
        };
        if !room {
            break;
        }
        end -= length;
    }
    let secret = if words == 1 || quoted { letters.is_secret() } else { letters.is_exact() };
    secret.then_some(letters)
}

/// Returns the character before `end`, with escapes of queries and JSON resolved, and its length in the text.
fn letter_before(bytes: &[u8], end: usize, least: usize) -> (u8, usize) {
    let before = bytes.get(least..end).unwrap_or_default();
    let hex = |digits: &[u8]| {
        let text = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(text, 16).ok().map(|code| u8::try_from(code).unwrap_or(0x80))
    };
    match before {
        [.., b'\\', b'u', a, b, c, d] => hex(&[*a, *b, *c, *d]).map(|letter| (letter, 6)),
        _ => None,
    }
    .or_else(|| match before {
        [.., b'%', a, b] => hex(&[*a, *b]).map(|letter| (letter, 3)),
        _ => None,
    })
    .unwrap_or((before.last().copied().unwrap_or(b'\n'), 1))
}

/// Returns the value of a pair such as `("password", "...")`, whose comma is at `at`.
fn second_of_pair(bytes: &[u8], at: usize, floor: usize) -> Option<Found> {
    let before = bytes.get(at.saturating_sub(MAX_NAME).max(floor)..at)?.trim_ascii_end();
    let (quote, before) = before.split_last().filter(|(byte, _)| b"\"'".contains(byte))?;
    let open = before.iter().rposition(|byte| byte == quote)?;
    let (name, before) = (before.get(open + 1..)?, before.get(..open)?);
    // Python marks bytes.
    if !before.strip_suffix(b"b").unwrap_or(before).ends_with(b"(") && !before.ends_with(b"[") {
        return None;
    }
    let mut letters = Letters::new();
    let is_name = name.iter().rev().all(|byte| !byte.is_ascii_whitespace() && letters.push(*byte));
    if !is_name || !letters.is_secret() {
        return None;
    }
    let start = blank(bytes, at + 1);
    let found = quoted(bytes, if bytes.get(start) == Some(&b'b') { start + 1 } else { start })?;
    let close = blank(bytes, run(bytes, found.end, |byte| byte == b'\\') + 1);
    matches!(bytes.get(close), Some(b')' | b']')).then_some(found)
}

/// Words after a flag that start a sentence about it.
const ABOUT_A_FLAG: &[&str] = &[
    "and", "argument", "cannot", "flag", "for", "has", "in", "is", "must", "needs", "not", "option", "or", "requires",
    "to", "was", "with",
];

/// Returns the value of a flag such as `--password ...`, if the space between them is at `at`.
fn value_of_flag(bytes: &[u8], at: usize, floor: usize) -> Option<Found> {
    let mut letters = Letters::new();
    let mut start = at;
    while start > floor
        && let Some(byte) = bytes.get(start - 1).filter(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        && letters.push(*byte)
    {
        start -= 1;
    }
    if !bytes.get(start..at)?.starts_with(b"--") || !letters.is_secret() {
        return None;
    }
    let found = value(bytes, at + 1, false)?;
    let text = bytes.get(found.start..found.end)?;
    let is_word = ABOUT_A_FLAG.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()));
    (!is_word && !text.starts_with(b"-")).then_some(found)
}

/// Returns the value after a name and its sign.
fn value(bytes: &[u8], after_sign: usize, header: bool) -> Option<Found> {
    let start = blank(bytes, after_sign);
    if let Some(found) = quoted(bytes, start) {
        return Some(found);
    }
    if matches!(bytes.get(start), Some(b'[' | b'{')) {
        return Some(Found { start, end: balanced(bytes, start) });
    }
    if let Some(end) = block(bytes, start) {
        return Some(Found { start, end });
    }
    if header {
        let end = run(bytes, start, |byte| !b"\r\n\"\\".contains(&byte));
        return (end > start).then_some(Found { start, end });
    }
    let first = word(bytes, start);
    let text = bytes.get(start..first)?;
    let nothing = ["null", "none", "nil", "undefined"];
    if first == start || nothing.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes())) {
        return None;
    }
    let schemes = ["bearer", "basic", "digest", "token", "apikey", "hmac", "key"];
    let next = run(bytes, first, |byte| byte == b' ');
    let end = if next > first && schemes.iter().any(|scheme| text.eq_ignore_ascii_case(scheme.as_bytes())) {
        word(bytes, next)
    } else if next <= first + 1 && matches!(bytes.get(next), Some(b'{' | b'[')) {
        // `Debug` output of a struct or list.
        balanced(bytes, next)
    } else {
        first
    };
    Some(Found { start, end })
}

/// Returns the end of the block of text in YAML at `at`, such as `|` and the indented lines below it.
fn block(bytes: &[u8], at: usize) -> Option<usize> {
    matches!(bytes.get(at), Some(b'|' | b'>')).then_some(())?;
    let mark = run(bytes, at + 1, |byte| b"+-123456789 \r".contains(&byte));
    let mut end = mark;
    while bytes.get(end) == Some(&b'\n') && matches!(bytes.get(end + 1), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        end = run(bytes, end + 1, |byte| byte != b'\n');
    }
    (end > mark).then_some(end)
}

/// Returns the end of the white space at `at`, plain or escaped.
fn blank(bytes: &[u8], mut at: usize) -> usize {
    loop {
        match bytes.get(at..) {
            Some([b' ' | b'\t' | b'\r' | b'\n', ..]) => at += 1,
            Some([b'\\', b'n' | b'r' | b't', ..]) => at += 2,
            _ => return at,
        }
    }
}

/// Returns the text inside the quotes at `at`, which may be escaped to any depth; the whole rest if they are not
/// closed.
fn quoted(bytes: &[u8], at: usize) -> Option<Found> {
    let open = run(bytes, at, |byte| byte == b'\\');
    let quote = *bytes.get(open).filter(|byte| b"\"'`".contains(byte))?;
    let (start, depth) = (open + 1, open - at);
    let mut slashes = 0;
    for (offset, byte) in bytes.get(start..)?.iter().enumerate() {
        match *byte {
            b'\\' => slashes += 1,
            byte if byte == quote && if depth == 0 { slashes % 2 == 0 } else { slashes <= depth } => {
                let end = start + offset - if depth == 0 { 0 } else { slashes };
                return (end > start).then_some(Found { start, end });
            }
            _ => slashes = 0,
        }
    }
    (bytes.len() > start).then_some(Found { start, end: bytes.len() })
}

/// Returns the end of an unquoted value. Quotes inside, as in `Some("x")`, are part of it.
fn word(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    loop {
        at = run(bytes, at, |byte| !byte.is_ascii_whitespace() && !b",;&{}[]\"'`<>\\".contains(&byte));
        if at > start
            && matches!(bytes.get(at), Some(b'"' | b'\''))
            && let Some(Found { end, .. }) = quoted(bytes, at)
        {
            at = (end + 1).min(bytes.len());
        } else {
            return at;
        }
    }
}

/// Returns the end of the list or object at `at`; the whole rest if it is not closed.
fn balanced(bytes: &[u8], at: usize) -> usize {
    let mut depth = 0_usize;
    let mut in_quotes = false;
    let mut escaped = false;
    for (offset, byte) in bytes.get(at..).unwrap_or_default().iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_quotes => escaped = true,
            b'"' => in_quotes = !in_quotes,
            b'[' | b'{' if !in_quotes => depth += 1,
            b']' | b'}' if !in_quotes => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + offset + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}
