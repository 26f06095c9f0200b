//! Reads and checks API keys from files, stdin and variables.

use std::io::Read;

use avala_client::types::Secret;

use crate::failure::{Failure, Outcome};

/// Maximum size in bytes: more than any key, so that a large file given by mistake is not read into memory.
const LONGEST: u64 = 8 * 1024;

/// Reads a key from a file or stdin.
pub(crate) fn read(source: &str, reader: impl Read) -> Outcome<Secret> {
    let mut bytes = Vec::new();
    reader
        .take(LONGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("cannot read the API key from {source}: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(Failure::usage(format!("{source} is too long for an API key: over {LONGEST} bytes")));
    }
    clean(source, &bytes)
}

/// Removes a byte order mark, white space and line ends around a key.
///
/// # Errors
/// Fails with wrong usage if the key is empty, or has a character that is invalid in a header. The message has the
/// source and the position, but not the key.
pub(crate) fn clean(source: &str, bytes: &[u8]) -> Outcome<Secret> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Failure::usage(format!("the API key from {source} is UTF-16; save it as UTF-8 or ASCII")));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let position = error.valid_up_to() + 1;
        Failure::usage(format!("the API key from {source} is not UTF-8 at byte {position}; copy it again"))
    })?;
    let is_around = |character: char| character.is_whitespace() || character == '\u{feff}';
    let key = text.trim_matches(is_around);
    if key.is_empty() {
        return Err(Failure::usage(format!("the API key from {source} is empty")));
    }
    if let Some((at, character)) = key.char_indices().find(|(_, character)| !('!'..='~').contains(character)) {
        let position = text[..text.len() - text.trim_start_matches(is_around).len() + at].chars().count() + 1;
        let what = match character {
            '\n' | '\r' => "a line break",
            character if character.is_whitespace() => "a space",
            character if character.is_control() => "a control character",
            _ => "a character that no header can carry",
        };
        return Err(Failure::usage(format!(
            "the API key from {source} has {what} at position {position}; copy it again"
        )));
    }
    Ok(Secret::from(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_key_is_removed() {
        for text in ["avk_1", "avk_1\n", "avk_1\r\n", " \tavk_1 \n\n", "\u{feff}avk_1\r\n", "\u{feff} avk_1\u{a0}"] {
            assert_eq!(clean("x", text.as_bytes()).unwrap().expose(), "avk_1", "{text:?}");
        }
    }

    #[test]
    fn what_is_inside_is_an_error_with_its_position() {
        for (text, part) in [
            ("avk_1\navk_2", "a line break at position 6"),
            ("\u{feff}avk_\u{1}2", "a control character at position 6"),
            ("avk 2", "a space at position 4"),
            ("avk_é", "a character that no header can carry at position 5"),
            (" \n", "is empty"),
        ] {
            let failure = clean("the file k", text.as_bytes()).unwrap_err();
            let line = failure.line();
            assert!(line.contains(part) && line.contains("the file k") && !line.contains("avk"), "{line}");
            assert_eq!(failure.code.number(), 2);
        }
        assert!(clean("x", b"\xff\xfea\0").unwrap_err().line().contains("UTF-16"));
        assert!(read("x", std::io::repeat(b'a')).unwrap_err().line().contains("too long"));
    }
}
