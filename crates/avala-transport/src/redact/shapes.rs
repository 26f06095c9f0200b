//! Recognizes secrets by their form.

use super::scan::{Found, find as search, has_word, run};

/// Returns the secret that starts at `at`. `floor` is the start of the text that is not copied yet.
pub(super) fn find(bytes: &[u8], at: usize, boundary: bool, floor: usize) -> Option<Found> {
    let first = *bytes.get(at)?;
    match first {
        b'-' => pem(bytes, at, floor),
        b'/' | b'\\' | b'%' => user_information(bytes, at),
        // A PEM block in base64, as in secrets of Kubernetes.
        b'L' => prefixed(bytes, at, "LS0tLS1CRUdJTi", 1, |byte| is_token(byte) || b"+/=%".contains(&byte)),
        b'e' => prefixed(bytes, at, "eyJ", 8, |byte| is_token(byte) || byte == b'.'),
        b'a' => prefixed(bytes, at, "avk_", 1, is_token)
            .or_else(|| prefixed(bytes, at, "avala_sk_", 1, is_token))
            .or_else(|| if boundary { arn(bytes, at) } else { None }),
        _ => None,
    }
    .or_else(|| if boundary { word(bytes, at, first) } else { None })
}

/// Returns the secret that is the word at `at`.
fn word(bytes: &[u8], at: usize, first: u8) -> Option<Found> {
    let aws = |prefix| prefixed(bytes, at, prefix, 8, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let session = |prefix| prefixed(bytes, at, prefix, 8, |byte| is_token(byte) || b"+/=%".contains(&byte));
    match first {
        b'A' => aws("AKIA").or_else(|| aws("ASIA")),
        b'F' => session("FwoG"),
        b'I' => session("IQoJ"),
        b'1' => prefixed(bytes, at, "1//", 10, is_token),
        b'b' | b'B' => credentials(bytes, at, "bearer").or_else(|| credentials(bytes, at, "basic")),
        b's' | b'S' | b'p' | b'P' | b'k' | b'K' | b't' | b'T' => dashed_key(bytes, at).or_else(|| named_key(bytes, at)),
        _ => None,
    }
    .or_else(|| forty_hex(bytes, at))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Keeps a prefix and redacts at least `least` bytes after it.
fn prefixed(bytes: &[u8], at: usize, prefix: &str, least: usize, keep: impl Fn(u8) -> bool) -> Option<Found> {
    if !bytes.get(at..)?.starts_with(prefix.as_bytes()) {
        return None;
    }
    let start = at + prefix.len();
    let end = run(bytes, start, keep);
    (end - start >= least).then_some(Found { start, end })
}

/// Recognizes `sk-...`, `sk-ant-...` and `sk-proj-...`.
fn dashed_key(bytes: &[u8], at: usize) -> Option<Found> {
    let Found { start, end } = prefixed(bytes, at, "sk-", 1, is_token)?;
    let key = bytes.get(start..end)?;
    let known = [&b"ant-"[..], b"proj-"].iter().any(|kind| key.starts_with(kind) && key.len() > kind.len());
    // `sk-learn` and `sk-SK` are words.
    let looks_random = key.len() >= 6 && key.iter().any(u8::is_ascii_digit);
    (known || looks_random || key.len() >= 16).then_some(Found { start, end })
}

/// Recognizes `sk_live_...`, `pk_test_...`, `secret_...` and `token_prod_...` with 16 characters or more.
fn named_key(bytes: &[u8], at: usize) -> Option<Found> {
    let name = ["sk_", "pk_", "secret_", "key_", "token_"].into_iter().find(|name| has_word(bytes, at, name))?;
    let start = at + name.len();
    let stage = ["live_", "test_", "prod_"].into_iter().find(|stage| has_word(bytes, start, stage));
    let key = start + stage.map_or(0, str::len);
    // Without a stage, only letters and digits count: `key_constraint_violation` is an ordinary word.
    let counted = run(bytes, key, |byte| if stage.is_some() { is_token(byte) } else { byte.is_ascii_alphanumeric() });
    (counted - key >= 16).then(|| Found { start, end: run(bytes, counted, is_token) })
}

/// Words after "bearer" or "basic" that show that a sentence about credentials follows.
const PROSE: &[&str] = &[
    "access",
    "and",
    "auth",
    "authentication",
    "authorization",
    "credential",
    "credentials",
    "error",
    "header",
    "info",
    "is",
    "of",
    "or",
    "plan",
    "plans",
    "realm",
    "required",
    "scheme",
    "schemes",
    "tier",
    "token",
    "tokens",
    "was",
];

/// Recognizes `Bearer x` and `Basic x`, with credentials of any length.
fn credentials(bytes: &[u8], at: usize, scheme: &str) -> Option<Found> {
    if !has_word(bytes, at, scheme) {
        return None;
    }
    let mut start = at + scheme.len();
    let separator = start;
    while let Some(rest) = bytes.get(start..) {
        match rest {
            [b' ' | b'\t' | b'\r' | b'\n' | b'+' | b':' | b'=' | b'"' | b'\'' | b'<' | b'[' | b'(' | b'`', ..] => {
                start += 1;
            }
            [b'%', b'2', b'0', ..] | [b'%', b'0', b'9', ..] => start += 3,
            _ => break,
        }
    }
    let end = run(bytes, start, |byte| is_token(byte) || b"._~+/=%".contains(&byte));
    let word = bytes.get(start..end)?;
    let sentence = PROSE.iter().any(|prose| word.trim_ascii_end().eq_ignore_ascii_case(prose.as_bytes()))
        || word.iter().all(|byte| *byte == b'.');
    (start > separator && end > start && !sentence).then_some(Found { start, end })
}

fn arn(bytes: &[u8], at: usize) -> Option<Found> {
    if !bytes.get(at..)?.starts_with(b"arn:") {
        return None;
    }
    let start = at + 4;
    let end = run(bytes, start, |byte| !byte.is_ascii_whitespace() && !b"\"'`,;<>()[]{}\\&".contains(&byte));
    (bytes.get(start..end)?.contains(&b':')).then_some(Found { start, end })
}

/// Recognizes exactly 40 hexadecimal digits, an older form of API key.
fn forty_hex(bytes: &[u8], at: usize) -> Option<Found> {
    let end = at + 40;
    let all_hex = bytes.get(at..end)?.iter().all(u8::is_ascii_hexdigit);
    let alone = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (all_hex && alone).then_some(Found { start: at, end })
}

/// Recognizes PEM blocks, also if the text ends or starts within the block.
fn pem(bytes: &[u8], at: usize, floor: usize) -> Option<Found> {
    let rest = bytes.get(at..)?;
    let after_label = |end: usize| search(bytes, end + 8, b"-----").map_or(bytes.len(), |dashes| dashes + 5);
    if rest.starts_with(b"-----BEGIN ") {
        let end = search(bytes, at + 11, b"-----END").map_or(bytes.len(), after_label);
        return Some(Found { start: at + 11, end });
    }
    if !rest.starts_with(b"-----END ") {
        return None;
    }
    let before = bytes.get(floor..at)?.iter().rev();
    let key = before.take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=\r\n\\ ".contains(byte)).count();
    Some(Found { start: at - key, end: after_label(at) })
}

/// Maximum number of bytes read of a user name and a password with signs that end a host.
const MAX_PASSWORD: usize = 256;

/// Recognizes `//user:password@host`, with slashes plain or escaped for JSON or a query.
fn user_information(bytes: &[u8], at: usize) -> Option<Found> {
    let start = slash(bytes, slash(bytes, at)?)?;
    let rest = bytes.get(start..)?;
    let mut last = None;
    // A password may contain signs that end a host, although they are not valid there in a URL.
    let mut in_password = false;
    for (offset, byte) in rest.iter().enumerate() {
        match byte {
            _ if in_password && offset > MAX_PASSWORD => break,
            b'@' => last = Some(start + offset),
            b'%' if has_word(bytes, start + offset, "%40") => last = Some(start + offset),
            b'/' | b'?' | b'#' if last.is_none() && (in_password || has_password(rest.get(..offset)?)) => {
                in_password = true;
            }
            b'%' if has_word(bytes, start + offset, "%2F") => break,
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>' | b'`' | b'\\' | b',' => break,
            byte if byte.is_ascii_whitespace() => break,
            _ => {}
        }
    }
    last.filter(|end| *end > start).map(|end| Found { start, end })
}

/// Returns whether the start of an address is a name and a password, and not a host and a port.
fn has_password(text: &[u8]) -> bool {
    let colon = text.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0 && text.first() != Some(&b'['));
    let after = colon.and_then(|colon| text.get(colon + 1..)).unwrap_or_default();
    after.iter().any(|byte| !byte.is_ascii_digit())
}

/// Returns the end of the slash at `at`.
fn slash(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at..)? {
        [b'/', ..] => Some(at + 1),
        [b'\\', b'/', ..] => Some(at + 2),
        [b'%', b'2', b'F' | b'f', ..] => Some(at + 3),
        _ => None,
    }
}
