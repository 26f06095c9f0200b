//! Checks of the fields of a body.

use std::collections::BTreeMap;

use avala_types::{Json, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// Form that a field must have.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Text that is not empty.
    Text,
    /// Text that may be empty.
    Words,
    /// An email address.
    Email,
    /// A URL.
    Url,
    /// A timestamp.
    Time,
    /// Text of letters, digits, hyphens and underscores.
    Slug,
    /// One of these values.
    Choice(&'static [&'static str]),
    Boolean,
    /// An integer that is not negative.
    Integer,
    Number,
    /// A number from 0 to 1.
    Share,
    Object,
    /// A list of objects.
    Objects,
    /// A list of texts.
    Texts,
    /// A list of integers that are not negative.
    Integers,
    /// A list of these values.
    Choices(&'static [&'static str]),
}

/// The fields of a body, and what is wrong with them so far.
pub(crate) struct Fields {
    sent: BTreeMap<String, Json>,
    errors: Map<String, Value>,
}

impl Fields {
    fn new(sent: BTreeMap<String, Json>) -> Self {
        Self { sent, errors: Map::new() }
    }

    /// Returns the fields of an object in a body.
    pub(crate) fn of(object: &Json) -> Result<Self, ApiError> {
        let sent = object.parse().map_err(|_| ApiError::body("Invalid data. Expected a dictionary."))?;
        Ok(Self::new(sent))
    }

    /// Fails with 400 if `check` finds an error, or a text has a NUL character, which Postgres cannot store.
    pub(crate) fn checked(mut self, check: impl FnOnce(&mut Self)) -> Result<(), ApiError> {
        check(&mut self);
        let with_nul: Vec<String> = self
            .sent
            .iter()
            .filter(|(name, json)| has_nul(json.get()) || name.contains('\0'))
            .map(|(name, _)| name.clone())
            .collect();
        for name in with_nul {
            self.error(&name, "Null characters are not allowed.");
        }
        self.finish()
    }

    /// Checks a required field.
    pub(crate) fn required(&mut self, name: &str, kind: Kind) {
        match self.sent.get(name).map(Json::get) {
            None => self.error(name, "This field is required."),
            Some("null") => self.error(name, "This field may not be null."),
            Some(_) => self.optional(name, kind),
        }
    }

    /// Checks a field that may be missing or null.
    pub(crate) fn optional(&mut self, name: &str, kind: Kind) {
        if let Some(json) = self.sent.get(name).filter(|json| json.get() != "null")
            && let Err(sentence) = kind.check(json)
        {
            self.error(name, sentence);
        }
    }

    /// Checks a field that may be missing, but not null: its value can be changed and not cleared.
    pub(crate) fn changeable(&mut self, name: &str, kind: Kind) {
        match self.sent.get(name) {
            None => {}
            Some(_) => self.required(name, kind),
        }
    }

    /// Returns which of these fields were sent with a value.
    pub(crate) fn present<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        let is_present = |name: &&str| self.sent.get(*name).is_some_and(|json| json.get() != "null");
        names.iter().copied().filter(is_present).collect()
    }

    /// Records that a field is wrong.
    pub(crate) fn error(&mut self, name: &str, sentence: impl Into<String>) {
        self.errors.insert(name.to_owned(), json!([sentence.into()]));
    }

    /// Fails with 400 if a field is wrong.
    fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::fields(self.errors)) }
    }
}

impl Kind {
    fn check(self, json: &Json) -> Result<(), String> {
        match self {
            Self::Text | Self::Words | Self::Slug | Self::Email | Self::Url | Self::Time | Self::Choice(_) => {
                self.check_text(&read::<String>(json, "Not a valid string.")?)
            }
            Self::Boolean => read::<bool>(json, "Must be a valid boolean.").map(drop),
            Self::Integer => read::<u64>(json, "A valid integer is required.").map(drop),
            Self::Number => read::<f64>(json, "A valid number is required.").map(drop),
            Self::Share => match read::<f64>(json, "A valid number is required.")? {
                number if (0.0..=1.0).contains(&number) => Ok(()),
                _ => Err("Ensure this value is between 0 and 1.".to_owned()),
            },
            Self::Object if is_object(json) => Ok(()),
            Self::Object => Err("Expected a dictionary of items.".to_owned()),
            Self::Objects => match read::<Vec<Json>>(json, "Expected a list of items.")? {
                objects if objects.iter().all(is_object) => Ok(()),
                _ => Err("Expected a list of dictionaries.".to_owned()),
            },
            Self::Texts => read::<Vec<String>>(json, "Expected a list of strings.").map(drop),
            Self::Integers => read::<Vec<u64>>(json, "Expected a list of integers.").map(drop),
            Self::Choices(known) => {
                let texts = read::<Vec<String>>(json, "Expected a list of strings.")?;
                texts.iter().try_for_each(|text| Self::Choice(known).check_text(text))
            }
        }
    }

    fn check_text(self, text: &str) -> Result<(), String> {
        let is_valid = match self {
            Self::Words => return Ok(()),
            _ if text.trim().is_empty() => return Err("This field may not be blank.".to_owned()),
            Self::Choice(known) if !known.contains(&text) => return Err(format!("\"{text}\" is not a valid choice.")),
            Self::Slug => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            Self::Email => text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.')),
            Self::Url => text.parse::<http::Uri>().is_ok_and(|url| url.host().is_some() && url.scheme().is_some()),
            Self::Time => text.parse::<Timestamp>().is_ok(),
            _ => true,
        };
        let sentence = match self {
            _ if is_valid => return Ok(()),
            Self::Slug => "Enter a valid slug of letters, numbers, underscores or hyphens.",
            Self::Email => "Enter a valid email address.",
            Self::Url => "Enter a valid URL.",
            _ => "Datetime has wrong format. Use RFC 3339, such as 2025-01-15T09:30:00Z.",
        };
        Err(sentence.to_owned())
    }
}

fn read<T: DeserializeOwned>(json: &Json, sentence: &str) -> Result<T, String> {
    json.parse().map_err(|_| sentence.to_owned())
}

/// Returns whether a JSON text has an escaped NUL character. An escaped backslash before `u0000` does not escape NUL.
pub(crate) fn has_nul(json: &str) -> bool {
    let is_escape = |index: usize| {
        let before = json.as_bytes().get(..index).unwrap_or_default();
        before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    };
    json.match_indices("\\u0000").any(|(index, _)| is_escape(index))
}

fn is_object(json: &Json) -> bool {
    json.get().starts_with('{')
}
