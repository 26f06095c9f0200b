//! A fast reader of JSON.
//!
//! `serde_json` defines the accepted texts: this reader accepts a part of them, with equal results, and stops
//! at anything else ([`Unusual`]). Then the same text is read once more by `serde_json`, which handles it or says what
//! is wrong. So this reader has no error messages, and nothing depends on it but speed, and large integers that are
//! written as floating point numbers: `serde_json` hands those out without their digits.

mod decimal;
pub(crate) mod find;
mod scan;
mod skip;
mod unusual;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use self::find::{find, name_in};
use self::scan::{Number, Scan, Text};
use self::unusual::Unusual;
use crate::exact_integer::exact_integer;

/// The name under which [`PlainJson`] passes on the text of a value, which it has checked.
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

/// Returns the position of the value of a member of an object; `None` if the text is not an object with exactly one
/// such member, or is left to `serde_json`.
#[cfg(feature = "bytes")]
pub(crate) fn place_of(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    let mut scan = Scan::new(text);
    if scan.peek() != Some(b'{') || !scan.take(b'{') {
        return None;
    }
    let mut place = None;
    loop {
        // An escaped name could be the searched name.
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
        visit(self.scan.number()?, visitor)
    }

    #[inline]
    fn is_at_number(&mut self) -> bool {
        self.scan.peek().is_some_and(|byte| byte == b'-' || byte.is_ascii_digit())
    }

    #[inline]
    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unusual> {
        let mut elements = Elements { reader: self, part: Part::First, members: &[], next_member: 0, has_colon: false };
        if !elements.reader.scan.take(b'[') {
            return Err(Unusual);
        }
        let value = visitor.visit_seq(&mut elements)?;
        if elements.part == Part::End { Ok(value) } else { Err(Unusual) }
    }

    #[inline]
    fn object<V: Visitor<'de>>(&mut self, members: &'static [&'static str], visitor: V) -> Result<V::Value, Unusual> {
        let mut elements = Elements { reader: self, part: Part::First, members, next_member: 0, has_colon: false };
        if !elements.reader.scan.take(b'{') {
            return Err(Unusual);
        }
        let value = visitor.visit_map(&mut elements)?;
        if elements.part == Part::End { Ok(value) } else { Err(Unusual) }
    }
}

#[inline]
fn visit<'de, V: Visitor<'de>>(number: Number<'de>, visitor: V) -> Result<V::Value, Unusual> {
    match number {
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

    /// Reads an integer, of any size if it is written as a floating point number; hands out any other form as it is.
    #[inline]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        if !self.is_at_number() {
            return self.deserialize_any(visitor);
        }
        let number = self.scan.number()?;
        let Number::Other(text) = number else { return visit(number, visitor) };
        let Some(integer) = exact_integer(text) else { return visit(number, visitor) };
        match (u64::try_from(integer), i64::try_from(integer)) {
            (Ok(unsigned), _) => visitor.visit_u64(unsigned),
            (_, Ok(signed)) => visitor.visit_i64(signed),
            _ => visit(number, visitor),
        }
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        match self.is_at_number().then(|| self.scan.float()).flatten() {
            Some(value) => visitor.visit_f64(value),
            None => self.deserialize_any(visitor),
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

    /// Reads an object. Keys that are among these members, each as `,"name":`, are passed on as their index.
    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        members: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unusual> {
        self.object(members, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        self.scan.value()?;
        visitor.visit_unit()
    }

    /// Refuses enumerations of serde: no model is one.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Unusual> {
        Err(Unusual)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
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
    /// Members whose names are passed on as their index, each as `,"name":`.
    members: &'static [&'static str],
    /// Index of the member that is expected next: servers send fields in the same order each time.
    next_member: usize,
    /// Whether the colon after the key was read with it.
    has_colon: bool,
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
        match self.reader.scan.string()? {
            Text::Plain(key) => match find(self.members, key, &mut self.next_member) {
                Some(index) => seed.deserialize(Index(index)),
                None => seed.deserialize(Unknown(key)),
            },
            Text::Escaped(_) => {
                self.reader.scan = start;
                seed.deserialize(&mut *self.reader)
            }
        }
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
        let expected = self.members.get(self.next_member);
        if let Some(expected) = expected
            && self.part != Part::End
            && self.reader.scan.take_member(self.part == Part::First, expected)
        {
            (self.part, self.has_colon) = (Part::Later, true);
            self.next_member += 1;
            return seed.deserialize(Index(self.next_member - 1)).map(Some);
        }
        if !self.has_next(b'}')? {
            return Ok(None);
        }
        // A key is a string, also if the seed asks for another type.
        if self.reader.scan.peek() != Some(b'"') {
            return Err(Unusual);
        }
        if let Some(expected) = expected
            && self.reader.scan.take_key(name_in(expected))
        {
            self.next_member += 1;
            return seed.deserialize(Index(self.next_member - 1)).map(Some);
        }
        if self.members.is_empty() {
            return seed.deserialize(&mut *self.reader).map(Some);
        }
        self.other_key(seed).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unusual> {
        let has_colon = std::mem::take(&mut self.has_colon) || self.reader.scan.take(b':');
        if has_colon { seed.deserialize(&mut *self.reader) } else { Err(Unusual) }
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

/// A key of a struct that is not one of its names.
pub(crate) struct Unknown<'de>(&'de str);

impl<'de> Deserializer<'de> for Unknown<'de> {
    type Error = Unusual;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unusual> {
        visitor.visit_borrowed_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
