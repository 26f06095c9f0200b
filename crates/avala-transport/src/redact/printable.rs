//! Makes texts printable on one line.

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
}
