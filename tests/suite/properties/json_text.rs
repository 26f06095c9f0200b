//! Random JSON, as text: with numbers that no type holds, spaces in strange places and every way to write a letter.

use proptest::prelude::*;

/// Generates any JSON.
pub(super) fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number_text(),
        string_text(),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        let elements = prop::collection::vec((spaces(), inner.clone(), spaces()), 0..5);
        let fields = prop::collection::vec((spaces(), string_text(), spaces(), inner, spaces()), 0..5);
        prop_oneof![
            elements.prop_map(|elements| {
                let elements: Vec<_> = elements.into_iter().map(|(a, value, b)| format!("{a}{value}{b}")).collect();
                format!("[{}]", elements.join(","))
            }),
            fields.prop_map(|fields| {
                let field = |(a, name, b, value, c)| format!("{a}{name}{b}:{value}{c}");
                format!("{{{}}}", fields.into_iter().map(field).collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// Generates any number, however long.
pub(super) fn number_text() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,60})?([eE][+-]?[0-9]{1,6})?"
}

/// Generates any text, with some of its letters escaped.
pub(super) fn string_text() -> impl Strategy<Value = String> {
    prop::collection::vec((any::<char>(), any::<bool>()), 0..12).prop_map(|letters| {
        let letter = |(letter, escaped): (char, bool)| {
            if escaped { escape(letter) } else { serde_json::to_string(&letter).unwrap().trim_matches('"').to_owned() }
        };
        // `trim_matches` takes the quote of `\"` along with its own.
        format!("\"{}\"", letters.into_iter().filter(|(letter, _)| *letter != '"').map(letter).collect::<String>())
    })
}

/// Returns a letter as one or two `\u` escapes.
fn escape(letter: char) -> String {
    letter.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// Generates white space of JSON.
pub(super) fn spaces() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}
