//! Converts between JSON text and the values of any serde format.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeStruct as _, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Json, Text};
use crate::plain_json::{CHECKED_TEXT, PlainJson};

/// The name under which `serde_json` passes the text of a value instead of its parts.
const RAW_TEXT: &str = "$serde_json::private::RawValue";

/// The name under which `serde_json` passes the text of a number, if any crate of a build enables its feature
/// `arbitrary_precision`: numbers then look like objects of one entry, also in serde's own buffers.
const NUMBER_TEXT: &str = "$serde_json::private::Number";

/// Writes the exact text with `serde_json`, and the parsed value in any other format.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize(self, serializer)
    }
}

/// Reads the exact text with `serde_json`, and the value in any other format or out of one of serde's own buffers.
impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize(deserializer)
    }
}

#[inline]
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
    // The reader of `serde_json` itself passes a text that was checked. Adapters around it, and other formats, do
    // not: there the text is checked once more, or created from the value. A miss here costs only time.
    if std::any::type_name::<D>().starts_with("&mut serde_json::de::Deserializer<") {
        return Box::<RawValue>::deserialize(deserializer).map(Json::from);
    }
    if PlainJson::is::<D>() {
        return deserializer.deserialize_newtype_struct(CHECKED_TEXT, CheckedText);
    }
    deserializer.deserialize_newtype_struct(RAW_TEXT, AnyJson)
}

fn serialize<S: Serializer>(json: &Json, serializer: S) -> Result<S::Ok, S::Error> {
    // Every serializer of `serde_json`, and every adapter around one, has its error and takes a text unchanged. Another
    // format would write the text's wrapper instead. Names of types are only compared, so a miss costs no more than
    // the exact text.
    if std::any::type_name::<S::Error>() == std::any::type_name::<serde_json::Error>() {
        return match &json.0 {
            Text::Raw(text) => text.serialize(serializer),
            // The text was checked before, as that of a `RawValue`.
            _ => {
                let mut raw = serializer.serialize_struct(RAW_TEXT, 1)?;
                raw.serialize_field(RAW_TEXT, json.get())?;
                raw.end()
            }
        };
    }
    AnyValue(&json.to_value().map_err(serde::ser::Error::custom)?).serialize(serializer)
}

/// A value as any format writes it. `Value` alone would write its numbers as objects with the feature
/// `arbitrary_precision` of `serde_json`.
struct AnyValue<'a>(&'a Value);

impl Serialize for AnyValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), ..) => serializer.serialize_u64(value),
                (_, Some(value), _) => serializer.serialize_i64(value),
                (.., Some(value)) => serializer.serialize_f64(value),
                _ => Err(serde::ser::Error::custom(format_args!("{number} is out of range"))),
            },
            Value::String(text) => serializer.serialize_str(text),
            Value::Array(list) => serializer.collect_seq(list.iter().map(AnyValue)),
            Value::Object(object) => serializer.collect_map(object.iter().map(|(name, value)| (name, AnyValue(value)))),
        }
    }
}

/// Returns a string as JSON.
pub(crate) fn text<E: de::Error>(text: &str) -> Result<Json, E> {
    scalar(text)
}

/// Returns a string, a boolean or an integer as JSON.
pub(crate) fn scalar<E: de::Error>(value: impl Serialize) -> Result<Json, E> {
    Json::encode(&value).map_err(E::custom)
}

/// Returns a floating point number as JSON, which has no text for the infinite ones.
pub(crate) fn float<E: de::Error>(value: f64) -> Result<Json, E> {
    if value.is_finite() { scalar(value) } else { Err(E::custom(format_args!("JSON cannot express {value}"))) }
}

/// Encodes bytes as a list of numbers, as `serde_json` does.
pub(crate) fn bytes<E: de::Error>(value: &[u8]) -> Result<Json, E> {
    scalar(value)
}

pub(crate) fn list<'de, A: SeqAccess<'de>>(list: A) -> Result<Json, A::Error> {
    let mut text = String::new();
    Writer(&mut text).visit_seq(list)?;
    Ok(Json(Text::Piece(text.into())))
}

/// Returns an object as JSON, or a number that `serde_json` passes as one.
pub(crate) fn object<'de, A: MapAccess<'de>>(map: A) -> Result<Json, A::Error> {
    let mut text = String::new();
    Writer(&mut text).visit_map(map)?;
    Ok(Json(Text::Piece(text.into())))
}

/// Takes the text that [`PlainJson`] has checked.
struct CheckedText;

impl Visitor<'_> for CheckedText {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("checked JSON text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json(Text::Piece(text.into())))
    }
}

/// Takes the exact text if the format has it, and otherwise the text that [`Writer`] creates from the value.
struct AnyJson;

macro_rules! written {
    ($($visit:ident: $ty:ty,)+) => {$(
        fn $visit<E: de::Error>(self, value: $ty) -> Result<Json, E> {
            let mut text = String::new();
            Writer(&mut text).$visit(value)?;
            Ok(Json(Text::Piece(text.into())))
        }
    )+};
}

impl<'de> Visitor<'de> for AnyJson {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    written! {
        visit_bool: bool,
        visit_i64: i64,
        visit_u64: u64,
        visit_i128: i128,
        visit_u128: u128,
        visit_f64: f64,
        visit_str: &str,
        visit_bytes: &[u8],
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::default())
    }

    fn visit_none<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        self.visit_newtype_struct(deserializer)
    }

    /// Reads the value: every format but `serde_json` ignores the name.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        let mut text = String::new();
        Writer(&mut text).deserialize(deserializer)?;
        Ok(Json(Text::Piece(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<Json, A::Error> {
        list(sequence)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let first = map.next_key::<Key>()?;
        if first.as_ref().is_some_and(|Key(key)| key == RAW_TEXT) {
            return map.next_value_seed(RawText);
        }
        let mut text = String::new();
        entries(&mut text, first, map)?;
        Ok(Json(Text::Piece(text.into())))
    }
}

/// The text that `serde_json` passes. It was checked there, and is checked again in case another format does so.
struct RawText;

impl<'de> DeserializeSeed<'de> for RawText {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for RawText {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Json, E> {
        RawValue::from_string(text).map(Json::from).map_err(E::custom)
    }
}

/// An object's key. Formats other than JSON may have numbers and booleans there.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyKey;

        macro_rules! printed {
            ($($visit:ident: $ty:ty,)+) => {$(
                fn $visit<E: de::Error>(self, key: $ty) -> Result<Key, E> {
                    Ok(Key(key.to_string()))
                }
            )+};
        }

        impl Visitor<'_> for AnyKey {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key that JSON can express: a string, a number or a boolean")
            }

            printed! {
                visit_bool: bool,
                visit_i64: i64,
                visit_u64: u64,
                visit_f64: f64,
                visit_str: &str,
            }

            fn visit_string<E: de::Error>(self, key: String) -> Result<Key, E> {
                Ok(Key(key))
            }
        }

        deserializer.deserialize_any(AnyKey)
    }
}

/// Writes the value of any format as JSON text.
struct Writer<'a>(&'a mut String);

impl Writer<'_> {
    fn push<E: de::Error>(self, json: Result<Json, E>) -> Result<(), E> {
        self.0.push_str(json?.get());
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

fn entry<'de, A: MapAccess<'de>>(text: &mut String, key: &str, map: &mut A) -> Result<(), A::Error> {
    Writer(text).push(scalar::<A::Error>(key))?;
    text.push(':');
    map.next_value_seed(Writer(text))
}

/// Writes an object whose first key was read, or the number that `serde_json` passes as one.
fn entries<'de, A: MapAccess<'de>>(text: &mut String, first: Option<Key>, mut map: A) -> Result<(), A::Error> {
    let start = text.len();
    let is_number = first.as_ref().is_some_and(|Key(key)| key == NUMBER_TEXT);
    let mut next = first;
    text.push('{');
    while let Some(Key(key)) = next {
        if text.len() > start + 1 {
            text.push(',');
        }
        entry(text, &key, &mut map)?;
        next = map.next_key()?;
        if is_number
            && next.is_none()
            && let Some(number) = text.get(start..).and_then(number_of)
        {
            text.truncate(start);
            text.push_str(&number);
            return Ok(());
        }
    }
    text.push('}');
    Ok(())
}

/// Returns the number in an object without its last brace, if it has no other content. Such an object may also be data
/// of a user.
fn number_of(text: &str) -> Option<String> {
    let value = text.strip_prefix('{')?.strip_prefix('"')?.strip_prefix(NUMBER_TEXT)?.strip_prefix("\":\"")?;
    let number =
        value.strip_suffix('"').filter(|text| text.starts_with(|next: char| next == '-' || next.is_ascii_digit()))?;
    let raw: &RawValue = serde_json::from_str(number).ok()?;
    (raw.get() == number).then(|| number.to_owned())
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<(), E> {
        self.push(scalar(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<(), E> {
        self.push(scalar(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<(), E> {
        self.push(scalar(value))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<(), E> {
        self.push(scalar(value))
    }

    fn visit_u128<E: de::Error>(self, value: u128) -> Result<(), E> {
        self.push(scalar(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<(), E> {
        self.push(float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.push(text(value))
    }

    fn visit_bytes<E: de::Error>(self, value: &[u8]) -> Result<(), E> {
        self.push(bytes(value))
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        self.push(Ok(Json::default()))
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.push('[');
        let start = self.0.len();
        loop {
            let end = self.0.len();
            if end > start {
                self.0.push(',');
            }
            if list.next_element_seed(Writer(self.0))?.is_none() {
                self.0.truncate(end);
                break;
            }
        }
        self.0.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let first = map.next_key()?;
        entries(self.0, first, map)
    }
}
