//! Makes texts printable on one line, and shortens them.

use std::fmt::{self, Write};

/// Marks where a text was cut.
const CUT: char = '…';

/// Returns `text` as one printable line: line breaks and tabs become spaces, and characters that are invisible or
/// change the order of others (control characters, U+2028, bidi overrides, zero-width characters) become `\u{...}`.
///
/// ```
/// assert_eq!(avala_transport::redact::one_line("a\r\nb \u{1b}[31m\u{202e}"), "a b \\u{1b}[31m\\u{202e}");
/// ```
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    let mut after_break = false;
    for character in text.chars() {
        let is_break = matches!(character, '\r' | '\n' | '\t' | '\u{b}' | '\u{c}');
        if is_break {
            if !after_break && !line.ends_with(' ') {
                line.push(' ');
            }
        } else if is_printable(character) {
            line.push(character);
        } else {
            line.extend(character.escape_unicode());
        }
        after_break = is_break;
    }
    line
}

fn is_printable(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Redacts the first `max` bytes of `text`. If the text is longer, the last word is dropped too and `…` marks the cut,
/// because half a secret cannot be recognized.
#[must_use]
pub fn shorten(text: &str, max: usize) -> String {
    let start = text.get(..text.floor_char_boundary(max)).unwrap_or_default();
    if start.len() == text.len() {
        return super::text(text).into_owned();
    }
    cut(super::text(without_last_word(start)).into_owned())
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
    if complete {
        super::text(&start.text).into_owned()
    } else {
        cut(super::text(without_last_word(&start.text)).into_owned())
    }
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
    fn invisible_characters_are_escaped() {
        for character in [
            '\0',
            '\u{7}',
            '\u{1b}',
            '\u{85}',
            '\u{200b}',
            '\u{200e}',
            '\u{2028}',
            '\u{2029}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
        ] {
            let line = one_line(&format!("a{character}b"));
            assert_eq!(line, format!("a{}b", character.escape_unicode()));
        }
        assert_eq!(one_line("größe \u{1F916} 漢字"), "größe \u{1F916} 漢字");
        assert_eq!(one_line("a \r\n\t b"), "a  b");
    }

    #[test]
    fn a_cut_leaves_no_half_of_a_secret() {
        for max in 0..40 {
            let shown = shorten("the key avk_9f8e7d6c5b4a and \"password\": \"hunter2 hunter2\"", max);
            assert!(!shown.contains("9f8e") && !shown.contains("hunt") && shown.ends_with('…'), "{max}: {shown}");
        }
        assert_eq!(shorten("short", 5), "short");
    }

    #[test]
    fn a_long_value_is_formatted_to_the_cap_alone() {
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
