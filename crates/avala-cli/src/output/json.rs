//! JSON output, with the types and digits of the API and escaped control characters.

use std::fmt::Write as _;

use crate::data::Data;
use crate::output::escape::is_hostile;

impl Data {
    /// Returns the value on one line: strings without quotes, lists joined by commas, objects as JSON.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Number(text) | Self::Text(text) => text.clone(),
            Self::List(elements) if elements.iter().all(Self::is_scalar) => {
                elements.iter().map(Self::display).collect::<Vec<_>>().join(", ")
            }
            Self::List(_) | Self::Map(_) => compact(self),
        }
    }
}

/// Returns the value on one line.
pub(crate) fn compact(data: &Data) -> String {
    let mut text = String::new();
    write(&mut text, data, None, 0);
    text
}

/// Returns the value with an indentation of two spaces per level, starting at `level`.
pub(crate) fn pretty(data: &Data, level: usize) -> String {
    let mut text = String::new();
    write(&mut text, data, Some("  "), level);
    text
}

fn write(text: &mut String, data: &Data, indent: Option<&str>, level: usize) {
    let line = |text: &mut String, level: usize| {
        if let Some(indent) = indent {
            text.push('\n');
            (0..level).for_each(|_| text.push_str(indent));
        }
    };
    match data {
        Data::Null => text.push_str("null"),
        Data::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Data::Number(number) => text.push_str(number),
        Data::Text(value) => string(text, value),
        Data::List(elements) if elements.is_empty() => text.push_str("[]"),
        Data::Map(members) if members.is_empty() => text.push_str("{}"),
        Data::List(elements) => {
            text.push('[');
            for (position, element) in elements.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                line(text, level + 1);
                write(text, element, indent, level + 1);
            }
            line(text, level);
            text.push(']');
        }
        Data::Map(members) => {
            text.push('{');
            for (position, (name, value)) in members.iter().enumerate() {
                if position > 0 {
                    text.push(',');
                }
                line(text, level + 1);
                string(text, name);
                text.push_str(if indent.is_some() { ": " } else { ":" });
                write(text, value, indent, level + 1);
            }
            line(text, level);
            text.push('}');
        }
    }
}

/// Writes a string with hostile characters escaped, which does not change the value.
pub(crate) fn string(text: &mut String, value: &str) {
    text.push('"');
    for character in value.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            character if is_hostile(character) => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
            character => text.push(character),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_keeps_its_value() {
        let value = "a\u{1b}[31m\u{9b}\u{202e}\"\\\n\u{e0041}ü";
        let text = compact(&Data::from(value));
        assert!(text.chars().all(|character| !is_hostile(character)), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), value);
    }

    #[test]
    fn pretty_has_two_spaces() {
        let data = Data::parse(r#"{"a":[1,{}],"b":[]}"#).unwrap();
        assert_eq!(pretty(&data, 0), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
    }
}
