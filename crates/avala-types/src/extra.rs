//! Fields that a model does not know.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::iter::{self, Chain, Once};
use std::{fmt, mem};

use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::json::Json;

/// Unknown fields of a response, and fields of an unexpected form, with their JSON text.
///
/// Every response model has one, named `extra`; it is written back when the model is encoded.
/// An empty one takes one pointer. `Debug` shows names and no values, because an unknown field
/// may hold a secret.
///
/// ```
/// # use avala_types::Task;
/// let task: Task = serde_json::from_str(r#"{"uid": "t1", "reviewer": {"name": "ada"}}"#)?;
/// let reviewer = task.extra.get("reviewer").expect("kept");
/// assert_eq!(reviewer.to_value()?["name"], "ada");
/// assert_eq!(serde_json::to_string(&task)?, r#"{"uid":"t1","reviewer":{"name": "ada"}}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Fields of an unexpected form
/// A known field of an unexpected form is unset in the model, and its text is here under its name, until the field is
/// set:
/// - A setter (`with_created_at`) removes the entry for any value, also `None`, 0, `false` or an empty list.
/// - After an assignment of any other value than the unset one, the entry stays here and no longer counts: the field is
///   written instead, and [`unexpected_fields`](crate::unexpected_fields) does not list it.
/// - An assignment of the unset value itself (`None`, or the default of a plain field) changes nothing, because the
///   model is as it was decoded: the text is written back. To write the unset value, use the setter, or
///   [`remove`](Self::remove) the entry.
///
/// ```
/// use avala_types::{Dataset, from_json};
///
/// let odd = r#"{"uid": "d1", "name": "n", "slug": "s", "item_count": "many"}"#;
/// let mut dataset: Dataset = from_json(odd)?;
/// assert!(serde_json::to_string(&dataset)?.contains(r#""item_count":"many""#));
/// dataset.item_count = 7;
/// assert!(serde_json::to_string(&dataset)?.contains(r#""item_count":7"#));
/// let dataset = dataset.with_item_count(0);
/// assert!(dataset.extra.is_empty() && serde_json::to_string(&dataset)?.contains(r#""item_count":0"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Extra(Option<Box<Fields>>);

/// One field or more. The first is beside the map, because most objects with unknown fields have one, and the smallest
/// map takes half a kilobyte.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Fields {
    /// Before all others in the order of names, so that equal fields are stored equally.
    first: (Box<str>, Json),
    others: BTreeMap<Box<str>, Json>,
}

impl Fields {
    fn insert(&mut self, name: Box<str>, value: Json) -> Option<Json> {
        match name.cmp(&self.first.0) {
            Ordering::Greater => self.others.insert(name, value),
            Ordering::Equal => Some(mem::replace(&mut self.first.1, value)),
            Ordering::Less => {
                let (name, value) = mem::replace(&mut self.first, (name, value));
                self.others.insert(name, value)
            }
        }
    }

    fn iter(&self) -> Iter<'_> {
        let (name, value) = &self.first;
        iter::once((name, value)).chain(&self.others)
    }
}

type Iter<'a> = Chain<Once<(&'a Box<str>, &'a Json)>, btree_map::Iter<'a, Box<str>, Json>>;
type IntoIter = Chain<Once<(Box<str>, Json)>, btree_map::IntoIter<Box<str>, Json>>;

impl Extra {
    /// Returns the value of a field, or `None` if the response did not have it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        let Fields { first, others } = &**self.0.as_ref()?;
        if *first.0 == *name { Some(&first.1) } else { others.get(name) }
    }

    /// Returns the value of a field to change it, or `None` if the response did not have it.
    #[must_use]
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        let Fields { first, others } = &mut **self.0.as_mut()?;
        if *first.0 == *name { Some(&mut first.1) } else { others.get_mut(name) }
    }

    /// Returns whether the response had a field.
    #[must_use]
    pub fn contains_key(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Sets a field and returns its previous value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<Json>) -> Option<Json> {
        let (name, value) = (name.into().into(), value.into());
        match &mut self.0 {
            Some(fields) => fields.insert(name, value),
            None => {
                self.0 = Some(Box::new(Fields { first: (name, value), others: BTreeMap::new() }));
                None
            }
        }
    }

    /// Removes a field and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let fields = self.0.as_mut()?;
        if *fields.first.0 != *name {
            return fields.others.remove(name);
        }
        match fields.others.pop_first() {
            Some(second) => Some(mem::replace(&mut fields.first, second).1),
            None => self.0.take().map(|fields| fields.first.1),
        }
    }

    /// Iterates over the fields in the order of their names.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Json)> {
        self.into_iter()
    }

    /// Iterates over the names of the fields, in their order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// Iterates over the values of the fields, in the order of their names.
    pub fn values(&self) -> impl Iterator<Item = &Json> {
        self.iter().map(|(_, value)| value)
    }

    /// Keeps the fields for which `keep` returns true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &Json) -> bool) {
        *self = mem::take(self).into_iter().filter(|(name, value)| keep(name, value)).collect();
    }

    /// Removes all fields.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// Returns the number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |fields| 1 + fields.others.len())
    }

    /// Returns whether the response had only known fields of the expected form.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// Iterator over the fields in the order of their names, returned by [`Extra::iter`].
impl<'a> IntoIterator for &'a Extra {
    type Item = (&'a str, &'a Json);
    type IntoIter = ExtraIter<'a>;

    fn into_iter(self) -> ExtraIter<'a> {
        ExtraIter(self.0.as_ref().map(|fields| fields.iter()))
    }
}

/// Takes the fields in the order of their names.
impl IntoIterator for Extra {
    type Item = (String, Json);
    type IntoIter = ExtraIntoIter;

    fn into_iter(self) -> ExtraIntoIter {
        ExtraIntoIter(self.0.map(|fields| iter::once(fields.first).chain(fields.others)))
    }
}

/// Takes the fields by value.
pub struct ExtraIntoIter(Option<IntoIter>);

impl Iterator for ExtraIntoIter {
    type Item = (String, Json);

    fn next(&mut self) -> Option<(String, Json)> {
        self.0.as_mut()?.next().map(|(name, value)| (name.into(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.as_ref().map_or((0, Some(0)), Iterator::size_hint)
    }
}

impl ExactSizeIterator for ExtraIntoIter {}

/// Iterates over the fields by reference.
#[derive(Clone)]
pub struct ExtraIter<'a>(Option<Iter<'a>>);

impl<'a> Iterator for ExtraIter<'a> {
    type Item = (&'a str, &'a Json);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next().map(|(name, value)| (&**name, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.as_ref().map_or((0, Some(0)), Iterator::size_hint)
    }
}

impl ExactSizeIterator for ExtraIter<'_> {}

/// `Debug` of an iterator shows no values, as that of [`Extra`].
macro_rules! debug_without_values {
    ($($name:ty),+) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("left", &self.len()).finish_non_exhaustive()
            }
        }
    )+};
}

debug_without_values!(ExtraIter<'_>, ExtraIntoIter);

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

impl<K: Into<String>, V: Into<Json>, const N: usize> From<[(K, V); N]> for Extra {
    fn from(fields: [(K, V); N]) -> Self {
        Self::from_iter(fields)
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// The key of an object, borrowed from the input if possible.
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

        deserializer.deserialize_string(Key)
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
    fn it_is_used_like_a_map() {
        let mut extra = Extra::from_iter([("b", 2), ("a", 1)]);
        assert!(extra.contains_key("a") && !extra.contains_key("c"));
        assert_eq!((extra.keys().collect::<Vec<_>>(), extra.values().count()), (vec!["a", "b"], 2));
        *extra.get_mut("a").unwrap() = "changed".into();
        let taken: Vec<_> = extra.clone().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(taken, ["a=\"changed\"", "b=2"]);
        extra.retain(|name, value| name == "b" && value.get() == "2");
        assert_eq!(
            (extra.clone(), extra.iter().len(), extra.clone().into_iter().len()),
            (Extra::from([("b", 2)]), 1, 1)
        );
        extra.clear();
        assert!(extra.is_empty() && extra.get_mut("a").is_none() && extra.into_iter().next().is_none());
    }

    #[test]
    fn fields_are_those_of_a_map_in_any_order_of_changes() {
        let names = ["b", "a", "d", "c"];
        for round in 0..4_u32.pow(4) {
            let (mut extra, mut map) = (Extra::default(), BTreeMap::new());
            for step in 0..4 {
                let name = names[(round / 4_u32.pow(step) % 4) as usize];
                assert_eq!(extra.insert(name, step), map.insert(name, Json::from(step)), "{round}: {name}");
            }
            assert_eq!(extra.len(), map.len());
            assert!(extra.iter().eq(map.iter().map(|(name, value)| (*name, value))), "{round}: {extra:?}");
            assert_eq!(extra, Extra::from_iter(map.clone().into_iter().rev()));
            for name in names {
                assert_eq!(extra.get(name), map.get(name), "{round}: {name}");
                assert_eq!(extra.remove(name), map.remove(name), "{round}: {name}");
                assert!(extra.iter().eq(map.iter().map(|(name, value)| (*name, value))), "{round}: {extra:?}");
            }
            assert!(extra.is_empty());
        }
    }

    #[test]
    fn debug_shows_names_only() {
        let mut extra = Extra::default();
        extra.insert("signing_secret", serde_json::json!("s3cr3t"));
        assert_eq!(format!("{extra:?}"), r#"{"signing_secret"}"#);
        let shown = format!("{:?} {:?}", (&extra).into_iter(), extra.clone().into_iter());
        assert!(shown.contains("left: 1") && !shown.contains("s3cr3t"), "{shown}");
    }
}
