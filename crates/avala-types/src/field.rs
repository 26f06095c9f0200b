//! Encoding and decoding of model fields: all rules of tolerance, in one place.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use serde_json::value::RawValue;

use crate::json::Json;
use crate::plain_json;
use crate::refused_text::TEXT;

/// Treatment of optional fields of an unexpected form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Strict: an unexpected form is an error.
    Strict,
    /// The field is kept in `extra`, as far as one pass over the input allows; used by `Deserialize`.
    Tolerant,
    /// The field is kept in `extra` with its exact text. Parses every field twice, so it runs only after a failed
    /// strict pass.
    Exact,
}

/// A decoded optional field.
pub enum Slot<T> {
    /// Null, which counts as absent.
    Null,
    /// A value of the expected form.
    Value(T),
    /// Any other form.
    Odd(Json),
}

impl<T> Slot<T> {
    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Slot<U> {
        match self {
            Self::Null => Slot::Null,
            Self::Value(value) => Slot::Value(f(value)),
            Self::Odd(json) => Slot::Odd(json),
        }
    }
}

/// A type that can be a model field.
///
/// It is `Deserialize` with four differences: it has a [`Mode`], a scalar may have more than one form, an optional
/// field may be null as well as missing, and a field knows whether it is set.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a type of this crate",
    note = "models and payloads are declared in `avala_types`; read your own type with serde, or with `decode_as` of a call"
)]
pub trait Field: Sized {
    /// Whether the type has fields inside whose unexpected forms can be kept one by one.
    const IS_COMPOUND: bool = true;

    /// Decodes a required value.
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error>;

    /// Decodes a value that may be null or of an unexpected form.
    fn read_slot<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Slot<Self>, D::Error> {
        match mode {
            Mode::Strict => Ok(deserializer.deserialize_option(Nullable(PhantomData))?.map_or(Slot::Null, Slot::Value)),
            Mode::Tolerant | Mode::Exact => captured(deserializer),
        }
    }

    /// Returns whether the field is omitted when the model is encoded.
    fn is_absent(&self) -> bool {
        false
    }

    /// Returns whether the field has the value of an absent field.
    fn is_unset(&self) -> bool {
        self.is_absent()
    }

    /// Reports the known fields inside that are kept in an `extra` because of their form.
    fn find_unexpected(&self, _report: &mut Report<'_>) {}
}

/// Decodes a field from its text, which is kept if it has an unexpected form.
pub(crate) fn captured<'de, T: Field, D: Deserializer<'de>>(deserializer: D) -> Result<Slot<T>, D::Error> {
    let json = Json::deserialize(deserializer)?;
    if json.get() == "null" {
        return Ok(Slot::Null);
    }
    let strict = read_text(json.get(), Mode::Strict);
    let read = match strict {
        Err(error) if T::IS_COMPOUND && repeated(&error).is_none() => read_text(json.get(), Mode::Exact),
        read => read,
    };
    match read {
        Ok(value) => Ok(Slot::Value(value)),
        // It is unknown which of two values counts: not an unexpected form, but an invalid text, at any depth.
        Err(error) => repeated(&error).map_or(Ok(Slot::Odd(json)), |message| Err(de::Error::custom(message))),
    }
}

/// Returns the message of [`duplicate`], without a position, which would be one in a part of the text.
#[cold]
pub(crate) fn repeated(error: &serde_json::Error) -> Option<String> {
    let text = error.is_data().then(|| error.to_string()).filter(|text| text.starts_with(DUPLICATE))?;
    let position = format!(" at line {} column {}", error.line(), error.column());
    Some(text.strip_suffix(&position).unwrap_or(&text).to_owned())
}

/// Start of the message of an object that has a field twice; that of serde is the same.
const DUPLICATE: &str = "duplicate field `";

/// Decodes a whole text.
pub(crate) fn read_text<T: Field>(text: &str, mode: Mode) -> Result<T, serde_json::Error> {
    if mode == Mode::Strict
        && let Ok(value) = plain_json::read(text, Required::new(Mode::Strict))
    {
        return Ok(value);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::read(&mut json, mode)?;
    json.end()?;
    Ok(value)
}

/// Decodes a whole text strictly, and leniently only if that failed.
pub(crate) fn read_lenient<T: Field>(text: &str) -> Result<T, serde_json::Error> {
    read_text(text, Mode::Strict).or_else(|strict| match strict.is_data() || is_raw_json(text, &strict) {
        true => read_text(text, Mode::Exact),
        false => Err(strict),
    })
}

/// Returns whether `serde_json` keeps a text that it cannot parse: a number out of range, or half a surrogate pair.
fn is_raw_json(text: &str, error: &serde_json::Error) -> bool {
    error.is_syntax() && serde_json::from_str::<&RawValue>(text).is_ok()
}

struct Nullable<T>(PhantomData<T>);

impl<'de, T: Field> Visitor<'de> for Nullable<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer, Mode::Strict).map(Some)
    }
}

/// Decodes a required [`Field`].
pub(crate) struct Required<T>(pub(crate) Mode, PhantomData<T>);

impl<T> Required<T> {
    pub(crate) fn new(mode: Mode) -> Self {
        Self(mode, PhantomData)
    }
}

impl<T> Clone for Required<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Required<T> {}

impl<'de, T: Field> DeserializeSeed<'de> for Required<T> {
    type Value = T;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer, self.0)
    }
}

/// Decodes a [`Field`] that may be null or of an unexpected form.
pub(crate) struct Optional<T>(Mode, PhantomData<T>);

impl<T> Optional<T> {
    pub(crate) fn new(mode: Mode) -> Self {
        Self(mode, PhantomData)
    }
}

impl<'de, T: Field> DeserializeSeed<'de> for Optional<T> {
    type Value = Slot<T>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Slot<T>, D::Error> {
        T::read_slot(deserializer, self.0)
    }
}

/// Collects the fields of an unexpected form, with their paths.
pub struct Report<'a> {
    pub(crate) path: String,
    pub(crate) found: &'a mut dyn FnMut(&str),
}

impl Report<'_> {
    /// Visits a field of an object.
    pub(crate) fn field(&mut self, name: &str, inside: &impl Field) {
        self.inside(|path| push_key(path, name), |report| inside.find_unexpected(report));
    }

    /// Visits an element of a list.
    pub(crate) fn element(&mut self, index: usize, inside: &impl Field) {
        self.inside(|path| path.push_str(&format!("[{index}]")), |report| inside.find_unexpected(report));
    }

    /// Reports a field of an object.
    pub(crate) fn unexpected(&mut self, name: &str) {
        self.inside(|path| push_key(path, name), |report| (report.found)(&report.path));
    }

    fn inside(&mut self, push: impl FnOnce(&mut String), look: impl FnOnce(&mut Self)) {
        let length = self.path.len();
        push(&mut self.path);
        look(self);
        self.path.truncate(length);
    }
}

/// Adds a key to a path.
pub(crate) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

/// Implements [`Field`] for types that need only their own `Deserialize`.
macro_rules! plain_field {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::field::Field for $ty {
            fn read<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
                _: $crate::field::Mode,
            ) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer)
            }
        }
    )+};
}
pub(crate) use plain_field;

plain_field!(IgnoredAny);

/// Implements `Serialize`, `Deserialize` and [`Field`] for a newtype, as its inner value.
macro_rules! transparent {
    ($name:ident { $held:tt }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.$held.serialize(serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                serde::Deserialize::deserialize(deserializer).map(|held| Self { $held: held })
            }
        }

        $crate::field::plain_field!($name);
    };
}
pub(crate) use transparent;

impl<T: Field> Field for Option<T> {
    const IS_COMPOUND: bool = T::IS_COMPOUND;

    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        match T::read_slot(deserializer, mode)? {
            Slot::Null => Ok(None),
            Slot::Value(value) => Ok(Some(value)),
            Slot::Odd(_) => Err(de::Error::custom("a value of an unexpected form")),
        }
    }

    #[inline]
    fn read_slot<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Slot<Self>, D::Error> {
        Ok(T::read_slot(deserializer, mode)?.map(Some))
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        if let Some(value) = self {
            value.find_unexpected(report);
        }
    }
}

impl<T: Field> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        struct List<T>(Required<T>);

        impl<'de, T: Field> Visitor<'de> for List<T> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            crate::refused_text::refuse_text!();

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element_seed(self.0)? {
                    items.push(item);
                }
                Ok(items)
            }
        }

        deserializer.deserialize_seq(List(Required::new(mode)))
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        for (index, item) in self.iter().enumerate() {
            report.element(index, item);
        }
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        struct Entries<T>(Required<T>);

        impl<'de, T: Field> Visitor<'de> for Entries<T> {
            type Value = BTreeMap<String, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            crate::refused_text::refuse_text!();

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if entries.contains_key(&key) {
                        return Err(duplicate(&key));
                    }
                    entries.insert(key, map.next_value_seed(self.0)?);
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Entries(Required::new(mode)))
    }

    fn is_unset(&self) -> bool {
        self.is_empty()
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        for (name, value) in self {
            report.field(name, value);
        }
    }
}

/// Decodes a value from a string, without allocating the string; the conversion may fail. The error does not repeat the
/// string.
pub(crate) fn try_read_str<'de, D, T, E>(
    deserializer: D,
    expected: &'static str,
    make: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text<F>(&'static str, F);

    impl<T, E, F: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Text<F> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }

        fn visit_str<X: de::Error>(self, text: &str) -> Result<T, X> {
            let Self(expected, make) = self;
            make(text).map_err(|_| X::invalid_value(TEXT, &expected))
        }
    }

    deserializer.deserialize_string(Text(expected, make))
}

/// Returns the error of a field that an object has twice.
#[cold]
pub(crate) fn duplicate<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("{DUPLICATE}{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot<T: Field>(json: &str, mode: Mode) -> Result<Slot<T>, serde_json::Error> {
        T::read_slot(&mut serde_json::Deserializer::from_str(json), mode)
    }

    #[test]
    fn null_is_no_value_where_one_is_required() {
        assert!(matches!(slot::<Vec<String>>("null", Mode::Strict), Ok(Slot::Null)));
        assert!(matches!(slot::<Vec<String>>("[\"a\"]", Mode::Strict), Ok(Slot::Value(list)) if list == ["a"]));
        assert!(read_text::<Vec<String>>("null", Mode::Strict).is_err());
        let error = slot::<Vec<String>>("\"a\"", Mode::Strict).err().unwrap();
        assert!(error.to_string().contains("expected a list"), "{error}");
    }

    #[test]
    fn list_with_an_unexpected_element_is_kept_whole() {
        for mode in [Mode::Tolerant, Mode::Exact] {
            let read = slot::<Vec<String>>("[\"a\", 1.50]", mode).unwrap();
            assert!(matches!(read, Slot::Odd(json) if json.get() == "[\"a\", 1.50]"));
        }
    }

    #[test]
    fn repeated_field_is_an_error_at_any_depth() {
        type Deep = BTreeMap<String, Option<Vec<BTreeMap<String, u64>>>>;
        for mode in [Mode::Strict, Mode::Tolerant, Mode::Exact] {
            for json in [r#"{"a":[{"b":1},{"b":1,"c":2,"b":1}]}"#, r#"{"a":[],"d":null,"a":[]}"#] {
                let error = read_text::<Deep>(json, mode).unwrap_err().to_string();
                assert!(error.starts_with("duplicate field `") && error.matches("line").count() == 1, "{error}");
            }
        }
    }

    #[test]
    fn map_refuses_a_key_that_it_has_already() {
        let error = read_text::<BTreeMap<String, u64>>(r#"{"a":1,"a":1}"#, Mode::Exact).unwrap_err();
        assert!(error.to_string().contains("duplicate field `a`"), "{error}");
    }
}
