//! A fast reader of JSON.
//!
//! `serde_json` defines what is read: this reader takes a part of what `serde_json` takes, with equal results, and stops
//! at anything else ([`Unusual`]). Then the same text is read once more by `serde_json`, which handles it or says what is
//! wrong. So this reader has no error messages, and nothing depends on it but speed.

pub(crate) mod find;
mod scan;
mod skip;
mod unusual;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use self::find::find;
use self::scan::{Number, Scan, Text};
use self::unusual::Unusual;

/// The name under which [`PlainJson`] hands out the text of a value, which it has checked.
pub(crate) const CHECKED_TEXT: &str = "$avala_types::CheckedText";

/// Reads a whole text.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Result<S::Value, Unusual> {
    let mut reader = PlainJson::new(text);
    let value = seed.deserialize(&mut reader)?;
    if reader.scan.peek().is_none() { Ok(value) } else { Err(Unusual) }
}

/// Reads the value at the start of a text, and returns it with the length of its text.
pub(crate) fn read_first<'de, S: DeserializeSeed<'de>>(text: &'de str, seed: S) -> Result<(S::Value, usize), Unusual> {
    let mut reader = PlainJson::new(text);
    let value = seed.deserialize(&mut reader)?;
    Ok((value, reader.scan.offset()))
}

/// Returns where the value of a member of an object is; `None` if the text is not an object with exactly one such member,
/// or is left to `serde_json`.
#[cfg(feature = "bytes")]
pub(crate) fn place_of(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let mut scan = Scan::new(text);
    if scan.peek() != Some(b'{') || !scan.take(b'{') {
        return None;
    }
    let mut place = None;
    loop {
        // An escaped name could be the one.
        let Text::Plain(key) = scan.peek().filter(|byte| *byte == b'"').and_then(|_| scan.string().ok())? else {
            return None;
        };
        if !scan.take(b':') {
            return None;
        }
        let value = scan.value().ok()?;
        if key == name {
            let end = scan.offset();
            if place.replace(end - value.len()..end).is_some() {
                return None;
            }
        }
        if scan.take(b'}') {
            return place.filter(|_| scan.peek().is_none());
        }
        if !scan.take(b',') {
            return None;
        }
    }
}

/// The reader, as serde sees it.
pub(crate) struct PlainJson<'de> {
    scan: Scan<'de>,
}

impl<'de> PlainJson<'de> {
    /// Returns whether a deserializer is this one.
    #[inline]
    pub(crate) fn is<D>() -> bool {
        // Names of types have no lifetimes.
        std::any::type_name::<D>() == std::any::type_name::<&mut PlainJson<'_>>()
    }

    fn new(text: &'de str) -> Self {
        Self { scan: Scan::new(text) }
    }

    #[inline]
    fn string<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        match self.scan.string()? {
            Text::Plain(text) => visitor.visit_borrowed_str(text),
            Text::Escaped(text) => visitor.visit_string(serde_json::from_str(text).map_err(|_| Unusual)?),
        }
    }

    #[inline]
    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        match self.scan.number()? {
            Number::Unsigned(value) => visitor.visit_u64(value),
            Number::Negative(value) => visitor.visit_i64(value),
            Number::Float(value) => visitor.visit_f64(value),
            // An integer may have more than 64 bits, and a float more than there are.
            Number::Other(text) if text.contains(['.', 'e', 'E']) || text == "-0" => match text.parse::<f64>() {
                Ok(value) if value.is_finite() => visitor.visit_f64(value),
                _ => Err(Unusual),
            },
            Number::Other(_) => Err(Unusual),
        }
    }

    #[inline]
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        let mut elements = Elements { reader: self, part: Part::First, names: &[], next_name: 0 };
        if !elements.reader.scan.take(b'[') {
            return Err(Unusual);
        }
        let value = visitor.visit_seq(&mut elements)?;
        if elements.part == Part::End { Ok(value) } else { Err(Unusual) }
    }

    #[inline]
    fn object<V: Visitor<'de>>(&mut self, names: &'static [&'static str], visitor: V) -> Result<V::Value, Unusual> {
        let mut members = Elements { reader: self, part: Part::First, names, next_name: 0 };
        if !members.reader.scan.take(b'{') {
            return Err(Unusual);
        }
        let value = visitor.visit_map(&mut members)?;
        if members.part == Part::End { Ok(value) } else { Err(Unusual) }
    }
}

impl<'de> Deserializer<'de> for &mut PlainJson<'de> {
    type Error = Unusual;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.scan.peek().ok_or(Unusual)? {
            b'"' => self.string(visitor),
            b'{' => self.object(&[], visitor),
            b'[' => self.list(visitor),
            b'n' => self.scan.literal("null").and_then(|()| visitor.visit_unit()),
            b't' => self.scan.literal("true").and_then(|()| visitor.visit_bool(true)),
            b'f' => self.scan.literal("false").and_then(|()| visitor.visit_bool(false)),
            _ => self.number(visitor),
        }
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.scan.peek() == Some(b'"') { self.string(visitor) } else { Err(Unusual) }
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if self.scan.peek() == Some(b'n') {
            return self.scan.literal("null").and_then(|()| visitor.visit_none());
        }
        visitor.visit_some(self)
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Unusual> {
        if name == CHECKED_TEXT {
            return visitor.visit_borrowed_str(self.scan.value()?);
        }
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.list(visitor)
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.object(&[], visitor)
    }

    /// The keys that are among `names` are handed out as their index.
    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.object(names, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.scan.value()?;
        visitor.visit_unit()
    }

    /// No model is an enumeration of serde.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct
        identifier
    }
}

/// Position of the reader in a list or an object.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    First,
    Later,
    End,
}

/// The elements of a list, or the members of an object.
struct Elements<'a, 'de> {
    reader: &'a mut PlainJson<'de>,
    part: Part,
    /// Names that are handed out as their index.
    names: &'static [&'static str],
    /// Index of the name that is expected next: servers send fields in the same order each time.
    next_name: usize,
}

impl Elements<'_, '_> {
    /// Moves to the next element; `false` at the end.
    #[inline]
    fn has_next(&mut self, end: u8) -> Result<bool, Unusual> {
        let scan = &mut self.reader.scan;
        match self.part {
            Part::First if scan.take(end) => self.part = Part::End,
            Part::First => self.part = Part::Later,
            Part::Later if scan.take(b',') => {}
            Part::Later if scan.take(end) => self.part = Part::End,
            Part::Later | Part::End => return Err(Unusual),
        }
        Ok(self.part == Part::Later)
    }
}

impl<'de> Elements<'_, 'de> {
    /// Reads a key that is not the expected one.
    fn other_key<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<K::Value, Unusual> {
        let start = self.reader.scan;
        let index = match self.reader.scan.string()? {
            Text::Plain(key) => find(self.names, key, &mut self.next_name),
            Text::Escaped(_) => None,
        };
        if let Some(index) = index {
            return seed.deserialize(Index(index));
        }
        self.reader.scan = start;
        seed.deserialize(&mut *self.reader)
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Unusual;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unusual> {
        if self.has_next(b']')? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Unusual;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unusual> {
        if !self.has_next(b'}')? {
            return Ok(None);
        }
        // A key is a string, whatever the seed asks for.
        if self.reader.scan.peek() != Some(b'"') {
            return Err(Unusual);
        }
        if let Some(expected) = self.names.get(self.next_name)
            && self.reader.scan.take_key(expected)
        {
            self.next_name += 1;
            return seed.deserialize(Index(self.next_name - 1)).map(Some);
        }
        if self.names.is_empty() {
            return seed.deserialize(&mut *self.reader).map(Some);
        }
        self.other_key(seed).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        if self.reader.scan.take(b':') { seed.deserialize(&mut *self.reader) } else { Err(Unusual) }
    }
}

/// The key of a struct, as the index of its name.
pub(crate) struct Index(usize);

impl<'de> Deserializer<'de> for Index {
    type Error = Unusual;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_u64(self.0 as u64)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;
    use crate::dataset::{Dataset, DatasetItem, FrameImage};
    use crate::field::{Field, Mode, Required};
    use crate::json::Json;
    use crate::page::RawPageResponse;

    fn read_strict<T: Field>(text: &str) -> Result<T, Unusual> {
        read(text, Required::new(Mode::Strict))
    }

    /// Reads a text with both readers. What this one reads has to be what `serde_json` reads.
    fn is_read<T: Field + fmt::Debug>(text: &str) -> bool {
        let Ok(value) = read_strict::<T>(text) else { return false };
        let mut reader = serde_json::Deserializer::from_str(text);
        let same = T::read(&mut reader, Mode::Strict).unwrap_or_else(|error| panic!("{text}: {error}"));
        reader.end().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(format!("{value:?}"), format!("{same:?}"), "{text}");
        true
    }

    #[test]
    fn free_form_text_is_read_exactly_if_it_is_valid() {
        for valid in [
            "null",
            " true\n",
            "false",
            "0",
            "-0",
            "-12.50e+3",
            "1E9",
            "1e999",
            "123456789012345678901234567890",
            "\"\"",
            "\"\u{e4}\\u12aF\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
            "\"\\ud83d\"",
            "[]",
            "[ ]",
            "{}",
            "{ }",
            "[1,[2,{}],\"]\"]",
            "{\"a\" : {\"b\":[ {} , [] ]} , \"a\":1}",
            "\"\u{7f}\u{e000} long enough for more than one step\"",
        ] {
            assert!(is_read::<Json>(valid), "{valid}");
            assert_eq!(read_strict::<Json>(valid).unwrap().get(), valid.trim());
        }
        for invalid in [
            "",
            " ",
            "nul",
            "nulll",
            "True",
            "01",
            "-",
            "-01",
            "+1",
            ".5",
            "1.",
            "1.e1",
            "1e",
            "1e+",
            "0x1",
            "NaN",
            "\"",
            "\"a",
            "\"\\",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\\u123\"",
            "\"\n\"",
            "\"\u{1f}\"",
            "\"1234567\u{0}\"",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "[1 2]",
            "]",
            "{",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "{\"a\" 1}",
            "{\"a\":1]",
            "[1}",
            "[{]}",
            "1 2",
            "\u{feff}1",
            "\u{a0}1",
            "//1",
            "'a'",
        ] {
            assert!(serde_json::from_str::<Json>(invalid).is_err() && !is_read::<Json>(invalid), "{invalid}");
        }
    }

    #[test]
    fn numbers_are_read_to_the_last_bit() {
        for number in [
            "0",
            "-0",
            "0.1",
            "-1.5e-7",
            "1e22",
            "1e23",
            "9007199254740993",
            "5e-324",
            "2.2250738585072011e-308",
            "1.7976931348623157e308",
            "0.4488131310030626560",
            "9999999999999999999",
            "9223372036854775808",
            "1e-400",
            "-9223372036854775807",
            "123456789012345678",
            "0.10000000000000000000000000000000000000000000000000001",
        ] {
            assert!(is_read::<f64>(number), "{number}");
            let value: f64 = number.parse().unwrap();
            assert_eq!(read_strict::<f64>(number).map(f64::to_bits), Ok(value.to_bits()), "{number}");
        }
        for left in ["1e309", "-1e400", "123456789012345678901", "-9223372036854775809", "NaN", "01"] {
            assert_eq!(read_strict::<f64>(left), Err(Unusual), "{left}");
        }
        assert_eq!(read_strict::<u64>("9999999999999999999"), Ok(9_999_999_999_999_999_999));
        assert_eq!(read_strict::<u64>("18446744073709551615"), Err(Unusual), "has 20 digits");
        assert_eq!(read_strict::<i64>("-9223372036854775807"), Ok(-i64::MAX));
        assert_eq!(read_strict::<u64>("12.0"), Ok(12));
    }

    #[test]
    fn deep_nesting_is_left_to_the_other_reader() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(is_read::<Json>(&nested(65)) && is_read::<Json>(&format!("[{}0]", "[],".repeat(100))));
        assert_eq!(read_strict::<Json>(&nested(66)), Err(Unusual));
        assert_eq!(serde_json::from_str::<Json>(&nested(66)).unwrap().get(), nested(66));
    }

    const PAGE: &str = r#"{"next":null,"previous":"?page=1","count":3,"results":[
        {"uid":"a","id":7,"is_hidden":false,"key":"gr\u00fcn.png","metadata":{"a":[1,-2.5e3,{"b":"\\\""}]},"thumbnails":["x","y"],
         "created_at":"2025-01-15T09:30:00.123456Z","new":[true,null,0.10],"other":18446744073709551616},
        {"uid":"b","annotations":null,"crop_data":[]}]}"#;

    #[test]
    fn changed_text_is_never_read_differently() {
        assert!(is_read::<RawPageResponse<DatasetItem>>(PAGE), "the text is plain");
        let image = r#"{"fx":1.5,"width":"7","camera_id":"front","position":{"x":1,"y":-2e-1,"z":0.25}}"#;
        let bytes = b"\"\\{}[],: 0129-.eEtfnu\n\x01\x7fa\xc3";
        let mut random = 1_u64;
        let mut next = |most: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % most
        };
        for _ in 0..20_000 {
            let mut changed = if next(2) == 0 { PAGE } else { image }.as_bytes().to_vec();
            for _ in 0..=next(2) {
                let at = next(changed.len());
                match next(3) {
                    0 => drop(changed.remove(at)),
                    1 => changed.insert(at, bytes[next(bytes.len())]),
                    _ => changed[at] = bytes[next(bytes.len())],
                }
            }
            let Ok(text) = String::from_utf8(changed) else { continue };
            is_read::<RawPageResponse<DatasetItem>>(&text);
            is_read::<FrameImage>(&text);
            is_read::<Json>(&text);
        }
    }

    #[cfg(feature = "bytes")]
    #[test]
    fn member_is_found_if_it_is_the_only_one() {
        let text = r#" { "a" : [1,{"b":2}] , "b":{} ,"c":"b" } "#;
        assert_eq!(place_of(text, "a").map(|place| &text[place]), Some(r#"[1,{"b":2}]"#));
        assert_eq!(place_of(text, "b").map(|place| &text[place]), Some("{}"));
        for (text, name) in [
            (text, "d"),
            ("{}", "a"),
            ("[]", "a"),
            ("", "a"),
            (r#"{"a":1,"a":2}"#, "a"),
            (r#"{"a":1,"\u0061":2}"#, "a"),
            (r#"{"a":1} x"#, "a"),
            (r#"{"a":1,}"#, "a"),
            (r#"{"a":01}"#, "a"),
            (r#"{"a":1"#, "a"),
            (r#"{"a" 1}"#, "a"),
            (r#"{a:1}"#, "a"),
        ] {
            assert_eq!(place_of(text, name), None, "{text}");
        }
    }

    #[test]
    fn text_is_taken_whole_or_not_at_all() {
        assert!(is_read::<Dataset>(r#" {"uid":"d","name":"n\u00e4","slug":"s","item_count":3} "#));
        for other in [
            r#"{"uid":"d","name":"n","slug":"s"} x"#,
            r#"{"uid":"d","name":"n"}"#,
            r#"{"uid":"d","uid":"d"}"#,
            "[]",
            "",
        ] {
            assert!(!is_read::<Dataset>(other), "{other}");
        }
        assert_eq!(
            read_first("[\"a\"] , 7", Required::<Vec<String>>::new(Mode::Strict)),
            Ok((vec!["a".to_owned()], 5))
        );
    }
}
