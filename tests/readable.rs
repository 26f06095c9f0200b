//! Decodes texts as models and payloads, for suites that test all of them.

use std::fmt::Debug;

use avala_types::{Decode, DecodeError, Extra, from_json, from_json_strict};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A model or a payload.
#[derive(Clone, Copy, Debug)]
pub struct Readable {
    /// Name of the type in Rust and in the contract.
    pub name: &'static str,
    /// Decodes strictly; an error begins with the path of the invalid value.
    pub read: fn(&str) -> Result<Reading, String>,
    /// Decodes like the client: leniently, with exact texts.
    pub read_lenient: fn(&str) -> Result<Reading, String>,
    /// Decodes with `Deserialize`: leniently, in one pass.
    pub read_in_one_pass: fn(&str) -> Result<Reading, String>,
}

/// Outcome of decoding a text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The value, encoded again.
    pub encoded: String,
    /// Pretty `Debug` output of the value.
    pub debug: String,
    /// Names of the fields that the model does not know.
    pub unknown: Vec<String>,
    /// Whether `encoded` is decoded as an equal value.
    pub comes_back: bool,
}

impl Readable {
    /// Returns the name in snake case, as in the names of folders and files.
    #[must_use]
    pub fn snake_case(&self) -> String {
        let mut snake = String::new();
        for letter in self.name.chars() {
            if letter.is_ascii_uppercase() && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(letter.to_ascii_lowercase());
        }
        snake
    }
}

/// How a text is decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decoding {
    Strict,
    Lenient,
    OnePass,
}

/// Decodes a text as a `T`. `extra` returns its unknown fields.
pub(crate) fn read<T>(text: &str, decoding: Decoding, extra: fn(&T) -> Option<&Extra>) -> Result<Reading, String>
where
    T: Decode + DeserializeOwned + Serialize + Debug + PartialEq,
{
    let value: T = decode(text, decoding)?;
    let encoded = serde_json::to_string(&value).map_err(|error| format!("cannot be written: {error}"))?;
    Ok(Reading {
        comes_back: decode::<T>(&encoded, decoding).is_ok_and(|again| again == value),
        encoded,
        debug: format!("{value:#?}"),
        unknown: extra(&value).into_iter().flat_map(Extra::iter).map(|(name, _)| name.to_owned()).collect(),
    })
}

fn decode<T: Decode + DeserializeOwned>(text: &str, decoding: Decoding) -> Result<T, String> {
    let located = |error: DecodeError| format!("{}: {}", error.path(), error.message());
    match decoding {
        Decoding::Strict => from_json_strict(text).map_err(located),
        Decoding::Lenient => from_json(text).map_err(located),
        Decoding::OnePass => serde_json::from_str(text).map_err(|error| error.to_string()),
    }
}
