//! Encoding that rejects numbers which JSON cannot express.

use std::fmt;

use serde::ser::{self, Serialize, Serializer};

/// Encodes a value as JSON, and rejects NaN and infinity anywhere in it.
///
/// `serde_json` alone writes such a number as `null`, which would clear a field instead of setting it.
///
/// ```
/// use avala_types::{CreateQualityTarget, QualityMetric, encode_json};
///
/// let target = CreateQualityTarget::new("Overlap", QualityMetric::Iou, f64::NAN);
/// let error = encode_json(&target).unwrap_err();
/// assert_eq!(error.path(), Some("threshold"));
/// assert_eq!(error.to_string(), "JSON cannot express NaN, the value of threshold");
/// ```
///
/// # Errors
/// If the value holds NaN or an infinity, or cannot be expressed in JSON, such as a map whose keys are lists.
pub fn encode_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let bytes = serde_json::to_vec(value).map_err(|error| EncodeError(Reason::Json(error)))?;
    // Such a number became `null`: without that word there is none to find.
    if bytes.windows(4).any(|word| word == b"null") {
        check_finite(value)?;
    }
    Ok(bytes)
}

/// Returns an error if the value holds NaN or an infinity.
pub(crate) fn check_finite<T: Serialize + ?Sized>(value: &T) -> Result<(), EncodeError> {
    let mut path = Vec::new();
    match value.serialize(Finder { path: &mut path }) {
        Err(Stop::Found(found)) => Err(EncodeError(Reason::NotFinite { path: join(&path), value: found })),
        // The encoder reports all other errors of a value.
        Ok(()) | Err(Stop::Other) => Ok(()),
    }
}

/// Why a value cannot be encoded as JSON.
#[derive(Debug)]
pub struct EncodeError(Reason);

#[derive(Debug)]
enum Reason {
    NotFinite { path: String, value: &'static str },
    Json(serde_json::Error),
}

impl EncodeError {
    /// Returns the JSON path of a NaN or an infinity, such as `boxes[3].score`. Empty if the value itself is one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match &self.0 {
            Reason::NotFinite { path, .. } => Some(path),
            Reason::Json(_) => None,
        }
    }

    /// Returns the name of the number that JSON cannot express: `NaN`, `infinity` or `-infinity`.
    #[must_use]
    pub fn number(&self) -> Option<&'static str> {
        match &self.0 {
            Reason::NotFinite { value, .. } => Some(value),
            Reason::Json(_) => None,
        }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Reason::NotFinite { path, value } if path.is_empty() => write!(f, "JSON cannot express {value}"),
            Reason::NotFinite { path, value } => write!(f, "JSON cannot express {value}, the value of {path}"),
            Reason::Json(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for EncodeError {}

impl From<EncodeError> for serde_json::Error {
    fn from(error: EncodeError) -> Self {
        match error.0 {
            Reason::Json(error) => error,
            Reason::NotFinite { .. } => ser::Error::custom(error),
        }
    }
}

enum Step {
    Key(String),
    Index(usize),
}

fn join(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(index) => text.push_str(&format!("[{index}]")),
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
        }
    }
    text
}

/// Walks a value, writes nothing, and stops at the first number that is not finite.
struct Finder<'a> {
    /// Path of the value that is being encoded; that of the failure after an error.
    path: &'a mut Vec<Step>,
}

/// Why the walk ended early.
#[derive(Debug)]
enum Stop {
    Found(&'static str),
    Other,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stop {}

impl ser::Error for Stop {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self::Other
    }
}

macro_rules! finite {
    ($($method:ident($ty:ty)),+ $(,)?) => {$(
        fn $method(self, _value: $ty) -> Result<(), Stop> {
            Ok(())
        }
    )+};
}

impl<'a> Serializer for Finder<'a> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Elements<'a>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = Elements<'a>;
    type SerializeStructVariant = Elements<'a>;

    finite! {
        serialize_bool(bool), serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64),
        serialize_i128(i128), serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64),
        serialize_u128(u128), serialize_char(char), serialize_str(&str), serialize_bytes(&[u8]),
        serialize_unit_struct(&'static str),
    }

    fn serialize_f32(self, value: f32) -> Result<(), Stop> {
        self.serialize_f64(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Stop> {
        match value {
            value if value.is_nan() => Err(Stop::Found("NaN")),
            f64::INFINITY => Err(Stop::Found("infinity")),
            f64::NEG_INFINITY => Err(Stop::Found("-infinity")),
            _ => Ok(()),
        }
    }

    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_unit_variant(self, _name: &'static str, _index: u32, _variant: &'static str) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.path.push(Step::Key(variant.to_owned()));
        value.serialize(Finder { path: self.path })?;
        self.path.pop();
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Elements<'a>, Stop> {
        Ok(Elements::new(self.path, 0))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Elements<'a>, Stop> {
        Ok(Elements::new(self.path, 0))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<Elements<'a>, Stop> {
        Ok(Elements::new(self.path, 0))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Elements<'a>, Stop> {
        self.path.push(Step::Key(variant.to_owned()));
        Ok(Elements::new(self.path, 1))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Elements<'a>, Stop> {
        Ok(Elements::new(self.path, 0))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Elements<'a>, Stop> {
        Ok(Elements::new(self.path, 0))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Elements<'a>, Stop> {
        self.path.push(Step::Key(variant.to_owned()));
        Ok(Elements::new(self.path, 1))
    }
}

/// Walks the content of a list or an object.
struct Elements<'a> {
    path: &'a mut Vec<Step>,
    index: usize,
    key: String,
    /// The part of the path that belongs to this level.
    steps: usize,
}

impl<'a> Elements<'a> {
    fn new(path: &'a mut Vec<Step>, steps: usize) -> Self {
        Self { path, index: 0, key: String::new(), steps }
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let step = Step::Index(self.index);
        self.index += 1;
        self.walk(step, value)
    }

    fn walk<T: Serialize + ?Sized>(&mut self, step: Step, value: &T) -> Result<(), Stop> {
        self.path.push(step);
        value.serialize(Finder { path: self.path })?;
        self.path.pop();
        Ok(())
    }

    fn leave(self) -> Result<(), Stop> {
        self.path.truncate(self.path.len().saturating_sub(self.steps));
        Ok(())
    }
}

macro_rules! list {
    ($($name:ident::$method:ident),+) => {$(
        impl ser::$name for Elements<'_> {
            type Ok = ();
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.element(value)
            }

            fn end(self) -> Result<(), Stop> {
                self.leave()
            }
        }
    )+};
}

list!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

macro_rules! object {
    ($($name:ident),+) => {$(
        impl ser::$name for Elements<'_> {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Stop> {
                self.walk(Step::Key(key.to_owned()), value)
            }

            fn end(self) -> Result<(), Stop> {
                self.leave()
            }
        }
    )+};
}

object!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.key = key_text(key);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let key = std::mem::take(&mut self.key);
        self.walk(Step::Key(key), value)
    }

    fn end(self) -> Result<(), Stop> {
        self.leave()
    }
}

/// Returns a key as it is written, without its quotes.
fn key_text<T: Serialize + ?Sized>(key: &T) -> String {
    let text = serde_json::to_string(key).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::json::Json;
    use crate::patch::Patch;

    #[derive(serde::Serialize)]
    enum Shape {
        Unit,
        Circle(f32),
        Line(f64, f64),
        Rect { width: f64, note: Option<u8> },
    }

    fn path<T: Serialize>(value: T) -> Option<String> {
        encode_json(&value).err().and_then(|error| error.path().map(str::to_owned))
    }

    #[test]
    fn numbers_that_are_not_finite_are_found_with_their_path() {
        let nan = f64::NAN;
        let map = |value: f64| BTreeMap::from([("a".to_owned(), vec![Some(1.0), None, Some(value)])]);
        for (found, expected) in [
            (path(nan), ""),
            (path(Some(f64::INFINITY)), ""),
            (path(vec![1.0, f64::NEG_INFINITY]), "[1]"),
            (path(map(nan)), "a[2]"),
            (path(BTreeMap::from([(7, nan)])), "7"),
            (path(Shape::Circle(f32::NAN)), "Circle"),
            (path(Shape::Line(0.0, nan)), "Line[1]"),
            (path((Shape::Unit, Shape::Rect { width: nan, note: None })), "[1].Rect.width"),
            (path((Shape::Line(0.0, 0.0), Shape::Rect { width: 0.0, note: None }, nan)), "[2]"),
            (path(Patch::Value(nan)), ""),
        ] {
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn null_and_the_word_null_are_not_numbers() {
        let raw: Json = r#"{"a": [null, "null"]}"#.parse().unwrap();
        assert_eq!(
            encode_json(&(raw, None::<f64>, "null", ())).unwrap(),
            br#"[{"a": [null, "null"]},null,"null",null]"#
        );
        assert_eq!(path(Shape::Rect { width: 1.0, note: None }), None);
    }

    #[test]
    fn json_value_is_not_made_of_a_number_that_is_not_finite() {
        let error = Json::encode(&BTreeMap::from([("gain", f32::INFINITY)])).unwrap_err();
        assert_eq!(error.to_string(), "JSON cannot express infinity, the value of gain");
    }

    #[test]
    fn other_errors_are_those_of_the_encoder() {
        let error = encode_json(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
        assert!(error.path().is_none() && error.to_string().contains("key must be a string"), "{error}");
    }
}
