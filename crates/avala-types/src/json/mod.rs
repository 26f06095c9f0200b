//! Free-form JSON, kept as its own text.

pub(crate) mod any;
mod field;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A piece of free-form JSON, kept as the text that the server sent and parsed on demand.
///
/// Nothing is lost: integers of any size, decimals of any length and the order of keys stay as they
/// are, and unused JSON costs no parsing. Equality compares values and not text: white space, the
/// order of keys and the spelling of a number do not matter, and numbers are compared exactly.
///
/// ```
/// use avala_types::Json;
///
/// let metadata: Json = r#"{"width": 1920, "frame_id": 123456789012345678901234567890}"#.parse()?;
///
/// #[derive(serde::Deserialize)]
/// struct Size { width: u32 }
/// assert_eq!(metadata.parse::<Size>()?.width, 1920);
/// assert!(metadata.get().contains("123456789012345678901234567890"));
/// assert_eq!(metadata, r#"{"frame_id":123456789012345678901234567890,"width":1.92e3}"#.parse()?);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Editing
/// One level of an object or a list is edited as a map or a `Vec` of `Json`, which keeps the text of all that is not
/// touched. A [`Value`] would round large integers and long decimals.
///
/// ```
/// use std::collections::BTreeMap;
/// use avala_types::Json;
///
/// let metadata: Json = r#"{"frame_id": 123456789012345678901234567890, "width": 1920}"#.parse()?;
/// let mut fields: BTreeMap<String, Json> = metadata.parse()?;
/// fields.insert("width".to_owned(), 3840.into());
/// let edited = Json::encode(&fields)?;
/// assert_eq!(edited.get(), r#"{"frame_id":123456789012345678901234567890,"width":3840}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Formats
/// `serde_json` reads and writes the exact text. Any other format, and serde's own buffers (`#[serde(tag)]`,
/// `#[serde(flatten)]`, `#[serde(untagged)]`), read and write the parsed value: white space and the order of keys may
/// change, and a number beyond 64 bits is rounded. Bytes become a list of numbers; a number that is not finite is an
/// error, because JSON cannot express it.
#[derive(Clone)]
pub struct Json(Text);

#[derive(Clone)]
enum Text {
    /// The value of `serde_json`, which writes it without parsing it again.
    Raw(Box<RawValue>),
    /// A part of a text that was already parsed. Creating a `RawValue` from it would parse it again.
    Piece(Box<str>),
    /// A part of a response, which is not copied, and is UTF-8.
    #[cfg(feature = "bytes")]
    Shared(bytes::Bytes),
}

impl Json {
    /// Returns the JSON text, as it was sent.
    #[must_use]
    pub fn get(&self) -> &str {
        match &self.0 {
            Text::Raw(text) => text.get(),
            Text::Piece(text) => text,
            // Checked when it was made, so the other text is never returned.
            #[cfg(feature = "bytes")]
            Text::Shared(text) => std::str::from_utf8(text).unwrap_or("null"),
        }
    }

    /// Creates JSON from a part of a response, without copying it. It must be valid JSON.
    #[cfg(feature = "bytes")]
    pub(crate) fn shared(text: bytes::Bytes) -> Self {
        Self(Text::Shared(text))
    }

    /// Parses the text into your own type, which may borrow from it.
    ///
    /// # Errors
    /// If the text does not have the shape of `T`.
    pub fn parse<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.get())
    }

    /// Parses the text into a [`Value`]. Numbers that a `Value` cannot hold are rounded there, not in `self`.
    ///
    /// # Errors
    /// If it is nested deeper than `serde_json` reads (128 levels).
    pub fn to_value(&self) -> Result<Value, serde_json::Error> {
        self.parse()
    }

    /// Returns whether the value is null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.get() == "null"
    }

    /// Encodes a value of yours.
    ///
    /// # Errors
    /// If JSON cannot express the value, such as a map whose keys are not strings, NaN or an infinity: the
    /// message names its path. A [`Value`] cannot hold such a number, and `json!` turns it into null.
    pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        let text = serde_json::value::to_raw_value(value)?;
        // Such a number became `null`: without that word there is none to find.
        if text.get().contains("null") {
            crate::encode::check_finite(value)?;
        }
        Ok(Self::from(text))
    }

    /// Returns the elements of a list, found one at a time: elements that are not requested are not read.
    ///
    /// Empty when the text is not a list.
    ///
    /// ```
    /// let views: avala_types::Json = r#"[{"camera": "front"}, {"camera": "rear"}]"#.parse()?;
    /// let cameras: Vec<_> = views.elements().map(|view| view.get()).collect();
    /// assert_eq!(cameras, [r#"{"camera": "front"}"#, r#"{"camera": "rear"}"#]);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn elements(&self) -> Elements<'_> {
        Elements { rest: self.get().strip_prefix('[').unwrap_or_default() }
    }
}

impl FromStr for Json {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str::<Box<RawValue>>(text).map(Self::from)
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Self::from(&value)
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        // JSON can express every `Value`, so the error does not occur; null replaces it.
        Self::encode(value).unwrap_or_else(|_| RawValue::NULL.to_owned().into())
    }
}

/// Creates JSON from scalars. A `&str` becomes a JSON string; to parse JSON text there is `FromStr`.
macro_rules! from_scalar {
    ($($ty:ty),+) => {$(
        impl From<$ty> for Json {
            fn from(value: $ty) -> Self {
                Self::from(Value::from(value))
            }
        }
    )+};
}

// A floating point number that is not finite becomes null, as in `serde_json`.
from_scalar!(&str, String, Cow<'_, str>, bool, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, f32, f64);

impl From<&String> for Json {
    fn from(text: &String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<Box<RawValue>> for Json {
    fn from(text: Box<RawValue>) -> Self {
        Self(Text::Raw(text))
    }
}

impl From<&Json> for Json {
    fn from(value: &Json) -> Self {
        value.clone()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({})", self.get())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

/// Null.
impl Default for Json {
    fn default() -> Self {
        RawValue::NULL.to_owned().into()
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        same_value(self.get(), other.get())
    }
}

impl Eq for Json {}

/// Hashes the value and not its spelling, down to a few levels: enough to distinguish values, and bounded in time.
impl Hash for Json {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_value(self.get(), 4, state);
    }
}

fn hash_value<H: Hasher>(text: &str, levels: usize, state: &mut H) {
    match Level::of(text) {
        Some(Level::Scalar(scalar)) => scalar.hash(state),
        Some(Level::Text(text)) => text.hash(state),
        Some(Level::Number(number)) => match Decimal::of(number) {
            Some(decimal) => decimal.hash(state),
            None => number.hash(state),
        },
        Some(Level::List(list)) => {
            list.len().hash(state);
            if levels > 0 {
                list.iter().for_each(|value| hash_value(value.get(), levels - 1, state));
            }
        }
        Some(Level::Object(object)) => {
            object.len().hash(state);
            for (key, value) in object.iter().filter(|_| levels > 0) {
                key.hash(state);
                hash_value(value.get(), levels - 1, state);
            }
        }
        None => {}
    }
}

/// One level of a JSON text; its values stay text.
enum Level<'a> {
    Scalar(&'a str),
    Text(String),
    Number(&'a str),
    List(Vec<&'a RawValue>),
    Object(BTreeMap<String, &'a RawValue>),
}

impl<'a> Level<'a> {
    /// Parses `text`, which is known to be valid JSON. `None` if `serde_json` still refuses it, such as for a lone
    /// surrogate.
    fn of(text: &'a str) -> Option<Self> {
        Some(match text.as_bytes().first()? {
            b'{' => Level::Object(serde_json::from_str(text).ok()?),
            b'[' => Level::List(serde_json::from_str(text).ok()?),
            b'"' => Level::Text(serde_json::from_str(text).ok()?),
            b't' | b'f' | b'n' => Level::Scalar(text),
            _ => Level::Number(text),
        })
    }
}

/// Returns a JSON text without the white space between its tokens.
fn without_spaces(text: &str) -> impl Iterator<Item = u8> {
    let (mut in_string, mut escaped) = (false, false);
    text.bytes().filter(move |byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            _ => {}
        }
        in_string || !byte.is_ascii_whitespace()
    })
}

/// Compares two JSON texts by value. It keeps its own stack: the texts may be nested deeper than the stack of the
/// thread allows.
fn same_value(left: &str, right: &str) -> bool {
    // Most equal values are equal texts except for spaces, and this is linear, while the walk below rescans each level.
    if without_spaces(left).eq(without_spaces(right)) {
        return true;
    }
    let mut pairs = vec![(left, right)];
    while let Some((left, right)) = pairs.pop() {
        if left == right {
            continue;
        }
        match (Level::of(left), Level::of(right)) {
            (Some(Level::Scalar(a)), Some(Level::Scalar(b))) if a == b => {}
            (Some(Level::Text(a)), Some(Level::Text(b))) if a == b => {}
            (Some(Level::Number(a)), Some(Level::Number(b))) if same_number(a, b) => {}
            (Some(Level::List(a)), Some(Level::List(b))) if a.len() == b.len() => {
                pairs.extend(a.into_iter().zip(b).map(|(a, b)| (a.get(), b.get())));
            }
            (Some(Level::Object(a)), Some(Level::Object(b))) if a.keys().eq(b.keys()) => {
                pairs.extend(a.into_values().zip(b.into_values()).map(|(a, b)| (a.get(), b.get())));
            }
            _ => return false,
        }
    }
    true
}

/// Compares two JSON numbers exactly: `1`, `1.0` and `10e-1` are the same, 2^64 and 2^64 + 1 are not.
fn same_number(left: &str, right: &str) -> bool {
    match (Decimal::of(left), Decimal::of(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// A number as sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq, Hash)]
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Parses a number. `None` if the exponent is extreme; such numbers are equal only to their own text.
    fn of(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit).collect();
        let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
        let dropped = i64::try_from(digits.len() - kept).ok()?;
        digits.truncate(kept);
        digits.drain(..digits.iter().take_while(|digit| **digit == b'0').count());
        if digits.is_empty() {
            return Some(Self { negative: false, digits, exponent: 0 });
        }
        let exponent: i64 = exponent.parse().ok()?;
        let exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(dropped)?;
        Some(Self { negative: whole.starts_with('-'), digits, exponent })
    }
}

/// The elements of a list in a [`Json`], each as its own text. Returned by [`Json::elements`].
#[derive(Clone, Debug, Default)]
pub struct Elements<'a> {
    /// The text after the elements that were read.
    rest: &'a str,
}

impl<'a> Elements<'a> {
    fn start_of_next(&self) -> &'a str {
        self.rest.trim_start_matches([' ', '\t', '\r', '\n', ','])
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a RawValue;

    fn next(&mut self) -> Option<&'a RawValue> {
        let rest = self.start_of_next();
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
        // The text is known to be valid, so the only "error" here is the bracket that closes the list.
        let element = values.next().and_then(Result::ok);
        self.rest = if element.is_some() { rest.get(values.byte_offset()..).unwrap_or_default() } else { "" };
        element
    }
}

crate::setter::converted!(Json);

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        text.parse().unwrap()
    }

    #[test]
    fn the_text_is_kept_to_the_last_byte() {
        let text = "{\"b\" : 1.0,\n \"a\":[340282366920938463463374607431768211456,0.10000000000000000000001e-7]}";
        assert_eq!(json(text).get(), text);
        assert_eq!(serde_json::to_string(&json(text)).unwrap(), text);
        assert!("{\"a\":}".parse::<Json>().is_err());
        assert!("1 2".parse::<Json>().is_err());
    }

    #[test]
    fn equality_is_by_value_and_exact() {
        for (left, right) in [
            (r#"{"a":1,"b":[true,null]}"#, "{ \"b\": [true , null], \"a\": 1.0 }"),
            ("\"\\u0041\"", "\"A\""),
            ("100", "1e2"),
            ("0.50", "5E-1"),
            ("[ \"a \\\" b\" ]", "[\"a \\\" b\"]"),
            ("-0", "0.0e9"),
            ("1200.0", "12e+2"),
        ] {
            assert_eq!(json(left), json(right));
        }
        for (left, right) in [
            ("18446744073709551616", "18446744073709551617"),
            ("0.1", "0.10000000000000001"),
            ("1", "-1"),
            ("1", "\"1\""),
            ("\"a b\"", "\"ab\""),
            ("\"\\\" \"", "\"\\\"\""),
            ("[1,2]", "[2,1]"),
            ("[1]", "[1,1]"),
            (r#"{"a":1}"#, r#"{"b":1}"#),
            (r#"{"a":null}"#, "{}"),
            ("true", "false"),
            ("10", "1"),
            ("1e99999999999999999999", "1e99999999999999999998"),
        ] {
            assert_ne!(json(left), json(right));
        }
    }

    #[test]
    fn nesting_deeper_than_the_stack_is_kept_and_compared() {
        let deep = |close: &str| json(&format!("{}{}", "[".repeat(10_000), close.repeat(10_000)));
        let value = deep("]");
        assert_eq!(value, deep(" ]"));
        assert!(value.to_value().is_err(), "serde_json reads 128 levels");
        let nested = |number: &str| json(&format!("{}{number}{}", "[".repeat(300), "]".repeat(300)));
        assert_eq!(nested("1.0"), nested("1"));
        assert_ne!(nested("1.5"), nested("1"));
    }

    #[test]
    fn elements_are_read_in_one_pass_and_skipped_in_other_shapes() {
        #[derive(Debug)]
        struct Size {
            width: u32,
        }
        crate::plain_struct::read_struct!(Size { required { width } optional {} });
        crate::field::plain_field!(Size);
        let list = json("[ {\"width\": 1, \"more\": [{}]} ,{\"width\":\"2\"}, 3,\n{\"width\":4}]");
        let mut elements = list.elements();
        let mut next = || elements.next_as::<Size>();
        let (text, size) = next().unwrap().unwrap();
        assert_eq!((text.get(), size.width), ("{\"width\": 1, \"more\": [{}]}", 1));
        assert_eq!(serde_json::to_string(&text).unwrap(), text.get());
        assert!(next().unwrap().is_err());
        assert!(next().unwrap().is_err());
        assert_eq!(next().unwrap().unwrap().1.width, 4);
        assert!(next().is_none());
        assert!(next().is_none());
    }

    #[test]
    fn elements_are_the_list_without_its_separators() {
        let elements = |text: &str| json(text).elements().map(|e| e.get().to_owned()).collect::<Vec<_>>();
        assert_eq!(
            elements("[ 1 , \"a,]\",\n[2,[3]], {\"b\":[4]},null ]"),
            ["1", "\"a,]\"", "[2,[3]]", "{\"b\":[4]}", "null"]
        );
        for none in ["[]", "[ ]", "{\"a\":1}", "1", "\"[1]\"", "null"] {
            assert!(elements(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn it_comes_from_values_and_goes_to_types() {
        let value = serde_json::json!({"a": [1, "x"]});
        assert_eq!(Json::from(&value).to_value().unwrap(), value);
        assert_eq!(Json::from(value).get(), r#"{"a":[1,"x"]}"#);
        let owned = "te\"xt".to_owned();
        assert_eq!(Json::from(&owned), json("\"te\\\"xt\""));
        assert_eq!(Json::from(Cow::Borrowed(&*owned)), Json::from(owned));
        assert!(Json::default().is_null() && !Json::from("null").is_null());
        assert_eq!(Json::encode("text").unwrap().parse::<&str>().unwrap(), "text");
        assert!(Json::encode(&BTreeMap::from([((), 1)])).is_err());
    }
}
