//! Positions and paths in a JSON text, found after decoding failed.

use crate::field::push_key;

/// Returns the number of bytes before a position that `serde_json` reports.
pub(crate) fn offset_of(text: &str, line: usize, column: usize) -> usize {
    let lines = text.split_inclusive('\n').take(line.saturating_sub(1));
    (lines.map(str::len).sum::<usize>() + column).min(text.len())
}

/// Maximum number of levels of a path that are kept; deeper ones are left out.
const MAX_LEVELS: usize = 64;

/// Finds the path of the value that was read last in the first `offset` bytes of a text.
///
/// Decoding does not track paths, which would slow down every response; this scan follows a failure. It needs
/// no more memory than the path.
#[must_use]
pub fn json_path_at(text: &str, offset: usize) -> String {
    enum Level<'a> {
        Key(Option<&'a str>),
        Index(usize),
    }
    let bytes = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let (mut levels, mut omitted): (Vec<Level<'_>>, usize) = (Vec::new(), 0);
    // Whether a string would be a key.
    let mut before_key = false;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                at = end_of_string(bytes, start);
                if before_key
                    && omitted == 0
                    && let Some(Level::Key(key)) = levels.last_mut()
                {
                    *key = text.get(start..at.min(bytes.len()));
                }
                before_key = false;
            }
            b'{' | b'[' if levels.len() >= MAX_LEVELS => {
                omitted += 1;
                before_key = false;
            }
            b'{' => {
                levels.push(Level::Key(None));
                before_key = true;
            }
            b'[' => {
                levels.push(Level::Index(0));
                before_key = false;
            }
            b'}' | b']' if omitted > 0 => omitted -= 1,
            b'}' | b']' => {
                levels.pop();
                before_key = false;
            }
            b',' if omitted == 0 => match levels.last_mut() {
                Some(Level::Index(index)) => *index += 1,
                Some(Level::Key(key)) => {
                    *key = None;
                    before_key = true;
                }
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Key(Some(key)) => push_key(&mut path, key),
            Level::Key(None) => {}
            Level::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    if omitted > 0 {
        path.push('…');
    }
    if path.is_empty() { ".".to_owned() } else { path }
}

/// Returns where the closing quote of a string is, or a position after the text if the string does not end.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(byte) = bytes.get(at).filter(|byte| **byte != b'"') {
        at += if *byte == b'\\' { 2 } else { 1 };
    }
    at
}

/// Returns the line, starting at 1, and the number of bytes of the line before an offset.
pub(crate) fn position_at(text: &str, offset: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    (line, before.iter().rev().take_while(|byte| **byte != b'\n').count())
}

/// Returns the end of the first key of this name that its object already has, as far as [`json_path_at`] keeps levels.
pub(crate) fn repeated_key(text: &str, name: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    // For each level whether it has the key, and the number of levels that are left out.
    let (mut levels, mut omitted): (Vec<bool>, usize) = (Vec::new(), 0);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let start = at + 1;
                at = end_of_string(bytes, start);
                let rest = bytes.get(at + 1..).unwrap_or_default();
                let is_key = rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                if is_key
                    && omitted == 0
                    && text.get(start..at) == Some(name)
                    && let Some(has_it) = levels.last_mut()
                    && std::mem::replace(has_it, true)
                {
                    return Some(at + 1);
                }
            }
            b'{' | b'[' if levels.len() >= MAX_LEVELS => omitted += 1,
            b'{' | b'[' => levels.push(false),
            b'}' | b']' if omitted > 0 => omitted -= 1,
            b'}' | b']' => drop(levels.pop()),
            _ => {}
        }
        at += 1;
    }
    None
}
