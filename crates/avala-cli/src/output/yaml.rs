//! YAML in block style. Strings are quoted as in JSON unless they are plain words.

use crate::data::Data;
use crate::output::json;

/// Longest key that a reader has to take without a mark in front of it, in bytes.
const LONGEST_KEY: usize = 1000;

/// Returns the value as a YAML document without markers, ending in a line break.
pub(crate) fn document(data: &Data) -> String {
    let mut text = String::new();
    match data {
        Data::List(elements) if !elements.is_empty() => {
            elements.iter().for_each(|element| item(&mut text, element, 0));
        }
        Data::Map(members) if !members.is_empty() => members_of(&mut text, members, 0, false),
        scalar => {
            text.push_str(&flow(scalar));
            text.push('\n');
        }
    }
    text
}

/// Writes an element of a list.
pub(crate) fn item(text: &mut String, element: &Data, level: usize) {
    indent(text, level);
    text.push('-');
    match element {
        Data::Map(members) if !members.is_empty() => {
            text.push(' ');
            members_of(text, members, level + 1, true);
        }
        Data::List(elements) if !elements.is_empty() => {
            text.push('\n');
            elements.iter().for_each(|element| item(text, element, level + 1));
        }
        scalar => {
            text.push(' ');
            text.push_str(&flow(scalar));
            text.push('\n');
        }
    }
}

fn members_of(text: &mut String, members: &[(String, Data)], level: usize, is_first_on_line: bool) {
    for (position, (name, value)) in members.iter().enumerate() {
        if position > 0 || !is_first_on_line {
            indent(text, level);
        }
        key(text, name, level);
        match value {
            Data::Map(members) if !members.is_empty() => {
                text.push('\n');
                members_of(text, members, level + 1, false);
            }
            Data::List(elements) if !elements.is_empty() => {
                text.push('\n');
                elements.iter().for_each(|element| item(text, element, level + 1));
            }
            value => {
                text.push(' ');
                text.push_str(&flow(value));
                text.push('\n');
            }
        }
    }
}

/// Writes the name of a member and its colon. Readers look for the colon of a plain key in its first 1024 characters.
fn key(text: &mut String, name: &str, level: usize) {
    let name = scalar(name);
    if name.len() > LONGEST_KEY {
        text.push_str("? ");
        text.push_str(&name);
        text.push('\n');
        indent(text, level);
    } else {
        text.push_str(&name);
    }
    text.push(':');
}

fn indent(text: &mut String, level: usize) {
    (0..level).for_each(|_| text.push_str("  "));
}

fn flow(data: &Data) -> String {
    match data {
        Data::Text(text) => scalar(text),
        other => json::compact(other),
    }
}

/// Returns a string, without quotes if every YAML reader reads it as a string.
fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-')
        && text.len() <= 64
        && !matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    if is_word {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    json::string(&mut quoted, text);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_of_yaml_get_the_same_value() {
        let text = r#"{"name":"a: b\n\u001b[31m","yes":"no","list":[1,2.50,[],{},[["x"]],{"k":null,"m":[{"z":true}]}],
            "n":"1e3","empty":"","é":"- x"}"#;
        let yaml = document(&Data::parse(text).unwrap());
        let read: serde_json::Value = serde_yaml_ng::from_str(&yaml).unwrap();
        assert_eq!(read, serde_json::from_str::<serde_json::Value>(text).unwrap(), "{yaml}");
        assert!(!yaml.contains('\u{1b}'));
        let long = format!(r#"{{"{0}":1,"b":[{{"{0}":{{"{0}":[{{"{0}":2}}]}},"c":[3]}}]}}"#, "k".repeat(5000));
        let yaml = document(&Data::parse(&long).unwrap());
        let read: serde_json::Value = serde_yaml_ng::from_str(&yaml).unwrap();
        assert_eq!(read, serde_json::from_str::<serde_json::Value>(&long).unwrap(), "{yaml}");
    }
}
