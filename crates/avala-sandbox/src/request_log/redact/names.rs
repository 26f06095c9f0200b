//! Recognizes secrets by their names.

/// Names of secrets, compared only by letters and digits. Each matches all names that contain it.
const PARTS: [&str; 14] = [
    "accesskey",
    "accountkey",
    "apikey",
    "authjson",
    "authorization",
    "cookie",
    "credential",
    "passcode",
    "passphrase",
    "passw",
    "privatekey",
    "secret",
    "signature",
    "token",
];

/// Names of secrets that are parts of other words, so that the whole name counts.
const WHOLE: [&str; 11] = ["auth", "bearer", "grant", "jwt", "key", "otp", "pass", "pwd", "sessionid", "sid", "sig"];

/// Words in the names of headers that carry secrets, as in `X-Auth` and `X-Session-Id`.
const HEADER_WORDS: [&str; 14] =
    ["auth", "bearer", "csrf", "jwt", "key", "nonce", "otp", "pass", "pin", "pwd", "session", "sid", "sig", "xsrf"];

/// A header with a word of a secret in its name that tests need.
const PUBLIC_HEADER: &str = "idempotency-key";

/// Returns whether the values of a header are secrets.
pub(super) fn is_header(name: &str) -> bool {
    let has_word = || name.split(['-', '_']).any(|word| HEADER_WORDS.contains(&word.to_ascii_lowercase().as_str()));
    has_part(name) || (has_word() && !name.eq_ignore_ascii_case(PUBLIC_HEADER))
}

/// Returns whether a parameter of a query or a form is a secret.
pub(super) fn is_parameter(name: &str) -> bool {
    has_part(name) || WHOLE.contains(&letters(name).as_str())
}

/// Returns whether a field of a body is a secret. The `key` of an item is not.
pub(super) fn is_field(name: &str) -> bool {
    name != "key" && is_parameter(name)
}

fn has_part(name: &str) -> bool {
    let letters = letters(name);
    PARTS.iter().any(|part| letters.contains(part))
}

/// Returns whether a text has the name of a secret anywhere.
pub(super) fn has_name(text: &[u8]) -> bool {
    words(text).any(|(name, _)| is_field(&String::from_utf8_lossy(name)))
}

/// Returns whether a text has the name of a secret before a colon or an equals sign, as JSON, headers and forms have.
pub(super) fn has_assignment(text: &[u8]) -> bool {
    words(text).any(|(name, rest)| {
        let after = rest.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\"'\\`*".contains(byte));
        matches!(after, Some(b':' | b'=')) && is_field(&String::from_utf8_lossy(name))
    })
}

/// Iterates over the words of a text that may be names, each with the text after it.
fn words(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|byte| is_name_byte(*byte))?;
        let from = rest.get(start..)?;
        let length = from.iter().position(|byte| !is_name_byte(*byte)).unwrap_or(from.len());
        let (word, after) = from.split_at(length);
        rest = after;
        // In a long word, such as an image in base64, only the end can be next to a value.
        let word = word.get(word.len().saturating_sub(MAX_NAME)..).unwrap_or_default();
        Some((word, after))
    })
}

/// Maximum number of bytes of a name that are compared.
const MAX_NAME: usize = 256;

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.%\\".contains(&byte)
}

/// Returns the letters and digits of a name, in lower case, with the escapes of URLs and JSON resolved.
fn letters(name: &str) -> String {
    let mut letters = String::with_capacity(name.len());
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let mut rest = &*name;
    while let Some(next) = rest.chars().next() {
        let escaped = rest.strip_prefix("\\u").and_then(|code| code.get(..4));
        let decoded = escaped.and_then(|code| char::from_u32(u32::from_str_radix(code, 16).ok()?));
        let (letter, length) = decoded.map_or((next, next.len_utf8()), |letter| (letter, 6));
        if letter.is_ascii_alphanumeric() {
            letters.push(letter.to_ascii_lowercase());
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_headers_are_recognized() {
        for name in [
            "auth",
            "x-auth",
            "authorization",
            "proxy-authorization",
            "cookie",
            "set-cookie",
            "x-csrf-token",
            "x-key",
            "x-session-id",
            "x-avala-api-key",
            "x-jwt-assertion",
            "x_auth_user",
            "x-amz-security-token",
            "x-hub-signature",
        ] {
            assert!(is_header(name), "{name}");
        }
        for name in ["accept", "host", "idempotency-key", "user-agent", "x-author", "x-request-id", "keep-alive"] {
            assert!(!is_header(name), "{name}");
        }
    }

    #[test]
    fn names_in_texts_are_recognized() {
        for text in
            ["password=x", "a;PassWord : x", "\"api_key\": 1", "pass%77ord=x", "pass\\u0077ord:x", "{'sig': 1", "jwt=x"]
        {
            assert!(has_assignment(text.as_bytes()) && has_name(text.as_bytes()), "{text}");
        }
        for text in ["", "key: front", "authors = 3", "design=x", "no names at all"] {
            assert!(!has_assignment(text.as_bytes()) && !has_name(text.as_bytes()), "{text}");
        }
        assert!(!has_assignment(b"a secret place: here") && has_name(b"<password>"));
    }
}
