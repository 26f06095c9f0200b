//! Names of a struct's fields, and how they are found.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, Visitor};

use crate::plain_json::find::find;
use crate::plain_json::{Index, PlainJson, Unknown};

/// The fields of a struct: each as it is written between two others, `,"name":`, and a key for each.
///
/// So one comparison finds the comma, the quotes and the colon too.
pub(crate) struct Fields<K: 'static> {
    members: &'static [&'static str],
    keys: &'static [K],
}

/// The key of an object: a field of the struct, or another name.
pub(crate) enum Key<'de, K> {
    Known(K),
    Other(Cow<'de, str>),
}

impl<K: Copy> Fields<K> {
    pub(crate) const fn new(members: &'static [&'static str], keys: &'static [K]) -> Self {
        Self { members, keys }
    }

    /// Reads an object.
    pub(crate) fn read<'de, D: Deserializer<'de>, V: Visitor<'de>>(
        &self,
        deserializer: D,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        // Other formats may also read a struct from a list, where only the order identifies the
        // elements.
        if PlainJson::is::<D>() {
            return deserializer.deserialize_struct("", self.members, visitor);
        }
        deserializer.deserialize_map(visitor)
    }

    /// Returns the seed of the next key. `next` is where among the fields it is expected.
    pub(crate) fn next_key<'a>(&'a self, next: &'a mut usize) -> NextKey<'a, K> {
        NextKey { fields: self, next }
    }

    fn at<E: de::Error>(&self, index: usize) -> Result<K, E> {
        self.keys.get(index).copied().ok_or_else(|| E::custom("no such field"))
    }
}

/// Reads one key.
pub(crate) struct NextKey<'a, K: 'static> {
    fields: &'a Fields<K>,
    next: &'a mut usize,
}

impl<'de, K: Copy> DeserializeSeed<'de> for NextKey<'_, K> {
    type Value = Key<'de, K>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key<'de, K>, D::Error> {
        // Any other format that has a number here does not mean an index.
        if std::any::type_name::<D>() == std::any::type_name::<Index>() {
            return deserializer.deserialize_identifier(AtIndex(self.fields, PhantomData));
        }
        // The name was compared with all known ones.
        if std::any::type_name::<D>() == std::any::type_name::<Unknown<'_>>() {
            return deserializer.deserialize_identifier(OtherName(PhantomData));
        }
        deserializer.deserialize_string(self)
    }
}

impl<'de, K: Copy> Visitor<'de> for NextKey<'_, K> {
    type Value = Key<'de, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Key<'de, K>, E> {
        match find(self.fields.members, name, self.next) {
            Some(index) => self.fields.at(index).map(Key::Known),
            None => Ok(Key::Other(Cow::Borrowed(name))),
        }
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Key<'de, K>, E> {
        match find(self.fields.members, name, self.next) {
            Some(index) => self.fields.at(index).map(Key::Known),
            None => Ok(Key::Other(Cow::Owned(name.to_owned()))),
        }
    }
}

/// Takes a name that is known to be a different one.
struct OtherName<K>(PhantomData<K>);

impl<'de, K> Visitor<'de> for OtherName<K> {
    type Value = Key<'de, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    #[inline]
    fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Key<'de, K>, E> {
        Ok(Key::Other(Cow::Borrowed(name)))
    }
}

/// Takes the index that [`PlainJson`] found.
struct AtIndex<'a, 'de, K: 'static>(&'a Fields<K>, PhantomData<&'de ()>);

impl<'de, K: Copy> Visitor<'de> for AtIndex<'_, 'de, K> {
    type Value = Key<'de, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    #[inline]
    fn visit_u64<E: de::Error>(self, index: u64) -> Result<Key<'de, K>, E> {
        self.0.at(usize::try_from(index).unwrap_or(usize::MAX)).map(Key::Known)
    }
}

/// Writes a field as it is between two others.
macro_rules! member {
    ($name:expr) => {
        concat!(",\"", $name, "\":")
    };
}
pub(crate) use member;
