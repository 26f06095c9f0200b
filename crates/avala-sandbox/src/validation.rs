//! Checks of the fields of a body.

use std::collections::BTreeMap;

use avala_types::Json;
use serde_json::{Map, Value, json};

use crate::error::ApiError;

/// What a field may hold.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// Text with something in it.
    Text,
    /// Text of letters, digits, hyphens and underscores.
    Slug,
    /// One of these values.
    Choice(&'static [&'static str]),
    Boolean,
    /// A whole number that is not negative.
    Integer,
    Object,
    /// A list of texts.
    Texts,
}

/// The fields of a body, and what is wrong with them so far.
pub(crate) struct Fields {
    sent: BTreeMap<String, Json>,
    errors: Map<String, Value>,
}

impl Fields {
    pub(crate) fn new(sent: BTreeMap<String, Json>) -> Self {
        Self { sent, errors: Map::new() }
    }

    /// The field must be there.
    pub(crate) fn required(&mut self, name: &str, kind: Kind) {
        match self.sent.get(name).map(Json::get) {
            None => self.error(name, "This field is required."),
            Some("null") => self.error(name, "This field may not be null."),
            Some(_) => self.optional(name, kind),
        }
    }

    /// The field may be missing or null.
    pub(crate) fn optional(&mut self, name: &str, kind: Kind) {
        if let Some(json) = self.sent.get(name).filter(|json| json.get() != "null")
            && let Err(sentence) = kind.check(json)
        {
            self.error(name, sentence);
        }
    }

    /// Which of these fields were sent with a value.
    pub(crate) fn present<'a>(&self, names: &[&'a str]) -> Vec<&'a str> {
        let is_present = |name: &&str| self.sent.get(*name).is_some_and(|json| json.get() != "null");
        names.iter().copied().filter(is_present).collect()
    }

    /// Notes that a field is wrong.
    pub(crate) fn error(&mut self, name: &str, sentence: impl Into<String>) {
        self.errors.insert(name.to_owned(), json!([sentence.into()]));
    }

    /// 400 when a field is wrong.
    pub(crate) fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(ApiError::fields(self.errors)) }
    }
}

impl Kind {
    fn check(self, json: &Json) -> Result<(), String> {
        match self {
            Self::Text | Self::Slug | Self::Choice(_) => {
                let text: String = json.parse().map_err(|_| "Not a valid string.".to_owned())?;
                self.check_text(&text)
            }
            Self::Boolean => json.parse::<bool>().map(drop).map_err(|_| "Must be a valid boolean.".to_owned()),
            Self::Integer => json.parse::<u64>().map(drop).map_err(|_| "A valid integer is required.".to_owned()),
            Self::Object if json.get().starts_with('{') => Ok(()),
            Self::Object => Err("Expected a dictionary of items.".to_owned()),
            Self::Texts => json.parse::<Vec<String>>().map(drop).map_err(|_| "Expected a list of strings.".to_owned()),
        }
    }

    fn check_text(self, text: &str) -> Result<(), String> {
        match self {
            _ if text.trim().is_empty() => Err("This field may not be blank.".to_owned()),
            Self::Choice(known) if !known.contains(&text) => Err(format!("\"{text}\" is not a valid choice.")),
            Self::Slug if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) => {
                Err("Enter a valid slug of letters, numbers, underscores or hyphens.".to_owned())
            }
            _ => Ok(()),
        }
    }
}
