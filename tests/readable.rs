//! Reading a text as a model or a payload, and what the suites want to know of the outcome.

use std::fmt::Debug;

use avala_types::Extra;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A model or a payload by its name.
#[derive(Clone, Copy, Debug)]
pub struct Readable {
    /// Its name in Rust and in the contract.
    pub name: &'static str,
    /// Reads a text as one; an error begins with the path to what is wrong.
    pub read: fn(&str) -> Result<Reading, String>,
}

/// What became of a text.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The value, written again.
    pub encoded: String,
    /// Its pretty `Debug` output.
    pub debug: String,
    /// The names of its fields that the model does not know.
    pub unknown: Vec<String>,
    /// Whether what was written is read as the same value.
    pub comes_back: bool,
}

impl Readable {
    /// Its name in lower case and with underscores, as folders and files have it.
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

/// Reads a text as a `T`, whose unknown fields `extra` finds.
pub(crate) fn read<T>(text: &str, extra: fn(&T) -> Option<&Extra>) -> Result<Reading, String>
where
    T: DeserializeOwned + Serialize + Debug + PartialEq,
{
    let value: T = decode(text)?;
    let encoded = serde_json::to_string(&value).map_err(|error| format!("cannot be written: {error}"))?;
    Ok(Reading {
        comes_back: decode::<T>(&encoded).is_ok_and(|again| again == value),
        encoded,
        debug: format!("{value:#?}"),
        unknown: extra(&value).into_iter().flat_map(Extra::iter).map(|(name, _)| name.to_owned()).collect(),
    })
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    Ok(value)
}
