//! Cursors: positions at which a page of a list starts.

use http::StatusCode;

use crate::error::ApiError;
use crate::state::hex::hex;
use crate::state::table::fnv1a;

/// Position of a row in its list: the value that the list is ordered by, then the row's number.
///
/// Unlike an offset, it stays valid when rows are added or removed.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// Empty in a list in the order of creation.
    pub(super) key: String,
    pub(super) number: u64,
}

/// A page: the rows after a position, or the rows before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cursor {
    After(Position),
    Before(Position),
}

impl Cursor {
    /// Encodes the cursor as opaque text. `scope` is the list that it belongs to.
    pub(super) fn encode(&self, scope: &str) -> String {
        let (direction, Position { key, number }) = match self {
            Self::After(position) => ('a', position),
            Self::Before(position) => ('b', position),
        };
        let text = format!("{direction}{number:x}.{key}");
        format!("{}{:08x}", hex(text.as_bytes()), checksum(scope, text.as_bytes()))
    }

    /// Decodes a cursor of this list; 404 if it is of another list or invalid.
    pub(super) fn decode(text: &str, scope: &str) -> Result<Self, ApiError> {
        Self::read(text)
            // Each cursor has one spelling, and this compares the checksum too.
            .filter(|cursor| cursor.encode(scope) == text)
            .ok_or_else(|| ApiError::detail(StatusCode::NOT_FOUND, "Invalid cursor"))
    }

    fn read(text: &str) -> Option<Self> {
        let (text_hex, _checksum) = text.split_at_checked(text.len().checked_sub(8)?)?;
        let text = String::from_utf8(from_hex(text_hex)?).ok()?;
        let (number, key) = text.get(1..)?.split_once('.')?;
        let position = Position { key: key.to_owned(), number: u64::from_str_radix(number, 16).ok()? };
        match text.as_bytes().first()? {
            b'a' => Some(Self::After(position)),
            b'b' => Some(Self::Before(position)),
            _ => None,
        }
    }
}

/// Returns a checksum that finds typing errors and cursors of other lists. It is not a signature.
fn checksum(scope: &str, text: &[u8]) -> u32 {
    fnv1a(&[scope.as_bytes(), b"?", text].concat())
}

fn from_hex(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = hex.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cursors() -> [Cursor; 3] {
        let position = |key: &str, number| Position { key: key.to_owned(), number };
        [
            Cursor::After(position("", 0)),
            Cursor::After(position("Été. 夏", u64::MAX)),
            Cursor::Before(position("2025-01-15T09:30:00Z", 7)),
        ]
    }

    #[test]
    fn a_cursor_is_read_back() {
        for cursor in cursors() {
            let text = cursor.encode("/tasks/");
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
            assert_eq!(Cursor::decode(&text, "/tasks/"), Ok(cursor));
        }
    }

    #[test]
    fn a_cursor_with_another_character_anywhere_is_refused() {
        for text in cursors().map(|cursor| cursor.encode("/tasks/")) {
            for index in 0..text.len() {
                for other in ["0", "7", "f", "A", "z", "é", ""] {
                    let tampered = format!("{}{other}{}", &text[..index], &text[index + 1..]);
                    if tampered != text {
                        assert!(Cursor::decode(&tampered, "/tasks/").is_err(), "{tampered}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_cursor_of_another_list_and_nonsense_are_refused() {
        let text = cursors()[0].encode("/tasks/");
        assert!(Cursor::decode(&text, "/exports/").is_err());
        for text in ["", "1", "00000000", "cD0yMDI1", "2", "é", "ééééé"] {
            assert!(Cursor::decode(text, "/tasks/").is_err(), "{text}");
        }
    }
}
