//! Escapes texts of the API for a terminal: control codes, colors and line breaks have no effect.

use std::borrow::Cow;

/// Returns whether a character can change the state of a terminal or the display of other characters.
///
/// Control characters (C0, DEL, C1), line and paragraph separators, and characters that change the direction of text.
pub(crate) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Returns the text on one line, with hostile characters as `\n`, `\t` or `\u{...}`.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape(text, |_| false)
}

/// Returns the text with hostile characters escaped, except line breaks and tabs.
pub(crate) fn block(text: &str) -> Cow<'_, str> {
    escape(text, |character| matches!(character, '\n' | '\t'))
}

fn escape(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let needs = |character: char| is_hostile(character) && !is_kept(character);
    if !text.contains(needs) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            character if !needs(character) => escaped.push(character),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            other => escaped.extend(other.escape_unicode()),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_codes_become_text() {
        let hostile = "a\u{1b}[31m\r\n\tb\u{9b}2J\u{202e}c\u{7f}";
        assert_eq!(line(hostile), r"a\u{1b}[31m\r\n\tb\u{9b}2J\u{202e}c\u{7f}");
        assert_eq!(block("a\n\tb\u{1b}"), "a\n\tb\\u{1b}");
        assert!(matches!(line("größe 漢字 🤖"), Cow::Borrowed(_)));
    }
}
