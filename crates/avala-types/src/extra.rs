//! Fields that a model does not know.

use std::borrow::Cow;
use std::collections::{BTreeMap, btree_map};
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::Json;

/// The fields of an answer that this version of the crate does not know, kept as they came.
///
/// Every response model has one under the name `extra`; what it holds is written back when the model is encoded.
/// It takes one pointer when it is empty. `Debug` shows names and no values: a field that this version does not
/// know may hold a secret.
///
/// ```
/// # use avala_types::Task;
/// let task: Task = serde_json::from_str(r#"{"uid": "t1", "reviewer": {"name": "ada"}}"#)?;
/// let reviewer = task.extra.get("reviewer").expect("kept");
/// assert_eq!(reviewer.to_value()?["name"], "ada");
/// assert_eq!(serde_json::to_string(&task)?, r#"{"uid":"t1","reviewer":{"name": "ada"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::box_collection,
    reason = "a map takes three pointers even when it is empty, and models have thousands"
)]
pub struct Extra(Option<Box<BTreeMap<Box<str>, Json>>>);

impl Extra {
    /// The value of a field, or `None` when the answer did not have it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.as_ref()?.get(name)
    }

    /// Sets a field, and gives back the value that it had.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        self.0.get_or_insert_default().insert(name.into().into(), value.into())
    }

    /// Takes a field out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let map = self.0.as_mut()?;
        let value = map.remove(name);
        if map.is_empty() {
            self.0 = None;
        }
        value
    }

    /// The fields in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().flat_map(|map| map.iter()).map(|(name, value)| (&**name, value))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |map| map.len())
    }

    /// Whether the answer held nothing but what this version knows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// The fields in the order of their names, as [`Extra::iter`] gives them.
impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a str, &'a Json);
    type IntoIter = ExtraIter<'a>;

    fn into_iter(self) -> ExtraIter<'a> {
        ExtraIter(self.0.as_ref().map(|map| map.iter()))
    }
}

/// The fields of an [`Extra`] by reference.
#[derive(Clone, Debug)]
pub struct ExtraIter<'a>(Option<btree_map::Iter<'a, Box<str>, Json>>);

impl<'a> Iterator for ExtraIter<'a> {
    type Item = (&'a str, &'a Json);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next().map(|(name, value)| (&**name, value))
    }
}

impl<K: Into<String>, V: Into<Json>> Extend<(K, V)> for Extra {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, fields: I) {
        for (name, value) in fields {
            self.insert(name, value);
        }
    }
}

impl<K: Into<String>, V: Into<Json>> FromIterator<(K, V)> for Extra {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(fields: I) -> Self {
        let mut extra = Self::default();
        extra.extend(fields);
        extra
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// An object's key, borrowed from the input where that is possible.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Key;

        impl<'de> Visitor<'de> for Key {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_one_pointer_and_gives_it_back_when_emptied() {
        assert_eq!(size_of::<Extra>(), size_of::<usize>());
        let mut extra = Extra::default();
        extra.insert("a", serde_json::json!(1));
        assert_eq!(extra.remove("b"), None);
        assert_eq!(extra.len(), 1);
        assert_eq!(extra.remove("a"), Some(Json::from(serde_json::json!(1))));
        assert_eq!(extra, Extra::default());
    }

    #[test]
    fn debug_shows_names_only() {
        let mut extra = Extra::default();
        extra.insert("signing_secret", serde_json::json!("s3cr3t"));
        assert_eq!(format!("{extra:?}"), r#"{"signing_secret"}"#);
    }
}
