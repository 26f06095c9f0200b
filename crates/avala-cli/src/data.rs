//! JSON values that keep the order of their members and every digit of their numbers.

use avala_client::types::Json;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::ser::Error as _;
use serde_json::value::RawValue;
use std::fmt;

/// Deepest nesting that is taken apart; `serde_json` itself rejects more than 128 levels.
const MAX_DEPTH: usize = 120;

/// A JSON value as the API sent it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Null,
    Bool(bool),
    /// The text of a number.
    Number(String),
    Text(String),
    List(Vec<Data>),
    Map(Vec<(String, Data)>),
}

impl Data {
    /// Parses a JSON text.
    pub(crate) fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let raw: &RawValue = serde_json::from_str(text)?;
        Self::of_raw(raw, MAX_DEPTH)
    }

    /// Takes apart a value of the client. Invalid JSON cannot occur in it; a text too deeply nested stays a text.
    pub(crate) fn of(json: &Json) -> Self {
        Self::parse(json.get()).unwrap_or_else(|_| Self::Text(json.get().to_owned()))
    }

    fn of_raw(raw: &RawValue, depth: usize) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        Ok(match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'"') => Self::Text(serde_json::from_str(text)?),
            Some(b'[' | b'{') if depth == 0 => return Err(serde_json::Error::custom("nested too deeply")),
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(text)?;
                Self::List(elements.into_iter().map(|raw| Self::of_raw(raw, depth - 1)).collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text)?;
                let member = |(name, raw)| Ok((name, Self::of_raw(raw, depth - 1)?));
                Self::Map(members.into_iter().map(member).collect::<Result<_, serde_json::Error>>()?)
            }
            _ => Self::Number(text.to_owned()),
        })
    }

    /// Returns the member of an object; `None` if it has none of this name, or if this is no object. The last of
    /// repeated names counts.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(members) => members.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Returns the value at a path of names and positions that are separated by dots.
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        if let Some(value) = self.get(path) {
            return Some(value);
        }
        path.split('.').try_fold(self, |value, name| match value {
            Self::List(elements) => elements.get(name.parse::<usize>().ok()?),
            _ => value.get(name),
        })
    }

    /// Returns the text of a string; `None` for anything else.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the text of a member.
    pub(crate) fn text_at(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::as_text)
    }

    /// Returns the number, if it is one.
    pub(crate) fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Returns the identifier of an object: its `uid`, or else its `slug` or `name`.
    pub(crate) fn identity(&self) -> Option<&str> {
        ["uid", "slug", "name", "id"].into_iter().find_map(|name| self.text_at(name))
    }

    pub(crate) fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_))
    }

    /// Creates an object.
    pub(crate) fn map<const N: usize>(members: [(&str, Data); N]) -> Self {
        Self::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Data {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Data {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<u64> for Data {
    fn from(value: u64) -> Self {
        Self::Number(value.to_string())
    }
}

impl From<usize> for Data {
    fn from(value: usize) -> Self {
        Self::Number(value.to_string())
    }
}

impl<T: Into<Data>> From<Option<T>> for Data {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The members of an object in their order.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::with_capacity(map.size_hint().unwrap_or_default().min(1024));
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_are_kept() {
        let text = r#"{"z":1.0,"a":123456789012345678901234567890,"m":{"b":[true,null,"x"]}}"#;
        let data = Data::parse(text).unwrap();
        assert_eq!(crate::output::json::compact(&data), text);
        assert_eq!(data.at("m.b.2").and_then(Data::as_text), Some("x"));
        assert_eq!(data.at("m.c"), None);
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = format!("{}{}", "[".repeat(127), "]".repeat(127));
        assert!(Data::parse(&text).is_err());
    }
}
