//! Pages of lists, in every shape that the API uses.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::cursor::Cursor;
use crate::extra::Extra;
use crate::extra::Name;
use crate::field::{Field, Mode, Optional, Report, Required, Slot, duplicate};
use crate::json::Json;
use crate::link::LinkError;

/// A page as in the JSON of the API.
///
/// It reads all three shapes of the API in one pass: results with links, the same with a count, and a bare array.
/// Most programs use [`CursorPage`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RawPageResponse<T> {
    /// Items of this page.
    pub results: Vec<T>,
    /// URL of the next page; `None` on the last page.
    pub next: Option<String>,
    /// URL of the previous page; `None` on the first page.
    pub previous: Option<String>,
    /// Total number of items of the list, if the server counts them.
    pub count: Option<u64>,
    /// Unknown fields.
    pub extra: Extra,
}

impl<T> RawPageResponse<T> {
    /// Creates a page with these items, the only page of its list.
    #[must_use]
    pub fn new(results: Vec<T>) -> Self {
        Self { results, next: None, previous: None, count: None, extra: Extra::default() }
    }

    /// Converts each item, in order.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> RawPageResponse<U> {
        let Self { results, next, previous, count, extra } = self;
        RawPageResponse { results: results.into_iter().map(f).collect(), next, previous, count, extra }
    }

    /// Converts each item, in order, and omits those that become `None`.
    #[must_use]
    pub fn filter_map<U>(self, f: impl FnMut(T) -> Option<U>) -> RawPageResponse<U> {
        let Self { results, next, previous, count, extra } = self;
        RawPageResponse { results: results.into_iter().filter_map(f).collect(), next, previous, count, extra }
    }

    /// Converts the links into cursors.
    ///
    /// A `next` link that does not lead to a page fails nothing here, so that the items are not lost: it becomes a
    /// cursor whose [`query`](Cursor::query) is the error. An empty link is the end of the list.
    ///
    /// # Errors
    /// None. The `Result` remains for programs that handle the error.
    pub fn into_page(self) -> Result<CursorPage<T>, LinkError> {
        Ok(self.with_cursors(None))
    }

    /// Converts the links into cursors of the list at `path`, such as `/tasks/`.
    ///
    /// Only the query of a link is used. Its scheme, host and port do not matter, since a server behind a gateway names
    /// another one, and neither does what its path has in front of `path`. A link to any other path becomes a cursor
    /// whose [`query`](Cursor::query) is the error.
    ///
    /// ```
    /// use avala_types::{RawPageResponse, Task};
    ///
    /// let body = r#"{"results": [{"uid": "t1"}], "next": "http://10.0.0.7:8000/api/v1/tasks/?page=2"}"#;
    /// let page = serde_json::from_str::<RawPageResponse<Task>>(body)?;
    /// assert_eq!(page.clone().into_page_at("/tasks/").next_cursor.expect("more").query()?, "page=2");
    /// let elsewhere = page.into_page_at("/datasets/");
    /// assert!(elsewhere.items.len() == 1 && elsewhere.next_cursor.expect("more").query().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_page_at(self, path: &str) -> CursorPage<T> {
        self.with_cursors(Some(path))
    }

    fn with_cursors(self, path: Option<&str>) -> CursorPage<T> {
        let next_cursor = self.next.as_deref().and_then(|link| Cursor::from_server(link, path));
        let previous_cursor = self.previous.as_deref().and_then(|link| match Cursor::from_server(link, path)? {
            // Lists with numbered pages leave the number out of the link to the first one.
            cursor if cursor.is_without_place() => self.count.map(|_| Cursor::page(1)),
            cursor => Some(cursor),
        });
        CursorPage {
            items: self.results,
            has_more: next_cursor.is_some(),
            next_cursor,
            previous_cursor,
            count: self.count,
            extra: self.extra,
        }
    }
}

impl<T: Serialize> Serialize for RawPageResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_page(serializer, &self.results, self.next.as_ref(), self.previous.as_ref(), self.count, &self.extra)
    }
}

/// Writes the page as a server does, with links that are queries (`?cursor=cD0y`): a server or a fake can pass on a
/// page that a client got, and a client can read it again.
impl<T: Serialize> Serialize for CursorPage<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // A link that leads to no page is passed on as it is.
        let link = |cursor: &Cursor| match cursor.query() {
            Ok(query) => format!("?{query}"),
            Err(_) => cursor.as_query().to_owned(),
        };
        let (next, previous) = (self.next_cursor.as_ref().map(link), self.previous_cursor.as_ref().map(link));
        write_page(serializer, &self.items, next.as_ref(), previous.as_ref(), self.count, &self.extra)
    }
}

fn write_page<S: Serializer, T: Serialize>(
    serializer: S,
    results: &[T],
    next: Option<&String>,
    previous: Option<&String>,
    count: Option<u64>,
    extra: &Extra,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("results", results)?;
    map.serialize_entry("next", &next)?;
    // A value of an unexpected form is kept in `extra` and is written from there.
    if previous.is_some() || extra.get("previous").is_none() {
        map.serialize_entry("previous", &previous)?;
    }
    if let Some(count) = count {
        map.serialize_entry("count", &count)?;
    }
    for (name, value) in extra.iter() {
        let is_written = match name {
            "results" | "next" => true,
            "previous" => previous.is_some(),
            "count" => count.is_some(),
            _ => false,
        };
        if !is_written {
            map.serialize_entry(name, value)?;
        }
    }
    map.end()
}

/// A page of a list, with cursors to its neighbors.
///
/// ```
/// use avala_types::{CursorPage, Task};
///
/// let body = r#"{"results": [{"uid": "t1"}], "next": "https://api.avala.ai/api/v1/tasks/?cursor=cD0y&limit=1"}"#;
/// let page: CursorPage<Task> = serde_json::from_str(body)?;
/// assert_eq!(page.items[0].uid, "t1");
/// assert_eq!(page.next_cursor.expect("there is more").as_query(), "cursor=cD0y&limit=1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CursorPage<T> {
    /// Items of this page; may be empty although more pages follow.
    pub items: Vec<T>,
    /// Cursor of the next page; `None` on the last page.
    pub next_cursor: Option<Cursor>,
    /// Cursor of the previous page; `None` on the first page.
    pub previous_cursor: Option<Cursor>,
    #[doc(hidden)] // The former form of `has_more()`, which still works.
    pub has_more: bool,
    /// Total number of items of the list, if the server counts them.
    pub count: Option<u64>,
    /// Unknown fields.
    pub extra: Extra,
}

impl<T> CursorPage<T> {
    /// Returns whether there is a next page.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.next_cursor.is_some()
    }
}

impl<T> IntoIterator for CursorPage<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a CursorPage<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CursorPage<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(RawPageResponse::deserialize(deserializer)?.with_cursors(None))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for RawPageResponse<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Page { item: PhantomData::<T>, mode: Mode::Tolerant })
    }
}

impl<T: Field> Field for RawPageResponse<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Page { item: Required::<T>::new(mode), mode })
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        let unset = [("previous", self.previous.is_none()), ("count", self.count.is_none())];
        report_page(report, unset, &self.extra, &self.results);
    }
}

/// Reports the fields of a page that have an unexpected form, and those of its items.
pub(crate) fn report_page<T: Field>(report: &mut Report<'_>, unset: [(&str, bool); 2], extra: &Extra, items: &Vec<T>) {
    for (name, is_unset) in unset {
        if is_unset && extra.get(name).is_some() {
            report.unexpected(name);
        }
    }
    report.field("results", items);
}

/// Decodes a page of any shape, and each item with a seed.
struct Page<S> {
    item: S,
    mode: Mode,
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Page<S> {
    type Value = RawPageResponse<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page (an object with `results`, or a list)")
    }

    crate::refused_text::refuse_text!();

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Items(self.item).visit_seq(list).map(RawPageResponse::new)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut results = None;
        let mut page = RawPageResponse::new(Vec::new());
        let mut seen = [false; 3];
        while let Some(Name(name)) = map.next_key()? {
            let known = ["next", "previous", "count"].iter().position(|known| *known == name);
            let is_repeated = match known {
                Some(place) => std::mem::replace(&mut seen[place], true),
                None => (name == "results" && results.is_some()) || page.extra.get(&name).is_some(),
            };
            if is_repeated {
                return Err(duplicate(&name));
            }
            match &*name {
                "results" => results = Some(map.next_value_seed(Items(self.item))?),
                "next" => page.next = next_link(&mut map, self.mode)?,
                "previous" => page.previous = optional(&mut map, name, self.mode, &mut page.extra)?,
                "count" => page.count = optional(&mut map, name, self.mode, &mut page.extra)?,
                _ => drop(page.extra.insert(name, map.next_value::<Json>()?)),
            }
        }
        page.results = results.ok_or_else(|| de::Error::missing_field("results"))?;
        Ok(page)
    }
}

/// Decodes the link to the next page. A value of an unexpected form must not look like the end of the list, so its text
/// is kept as the link: a broken one, whose error is reported after the items.
fn next_link<'de, A: MapAccess<'de>>(map: &mut A, mode: Mode) -> Result<Option<String>, A::Error> {
    Ok(match map.next_value_seed(Optional::<String>::new(mode))? {
        Slot::Null => None,
        Slot::Value(link) => Some(link),
        Slot::Odd(json) => Some(json.get().to_owned()),
    })
}

/// Decodes an optional field of a page; a value of an unexpected form is kept in `extra`.
fn optional<'de, T: Field, A: MapAccess<'de>>(
    map: &mut A,
    name: Cow<'_, str>,
    mode: Mode,
    extra: &mut Extra,
) -> Result<Option<T>, A::Error> {
    Ok(match map.next_value_seed(Optional::<T>::new(mode))? {
        Slot::Null => None,
        Slot::Value(value) => Some(value),
        Slot::Odd(json) => {
            extra.insert(name, json);
            None
        }
    })
}

/// Decodes the items of a page with a seed.
struct Items<S>(S);

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Items<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Items<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    crate::refused_text::refuse_text!();

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.0)? {
            items.push(item);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Task;

    fn page(json: &str) -> Result<CursorPage<Task>, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_shape_gives_the_same_items() {
        for json in [
            r#"{"results":[{"uid":"a"},{"uid":"b"}],"next":null,"previous":null}"#,
            r#"{"next":null,"count":2,"results":[{"uid":"a"},{"uid":"b"}]}"#,
            r#"{"previous":null,"results":[{"uid":"a"},{"uid":"b"}],"count":null}"#,
            r#"[{"uid":"a"},{"uid":"b"}]"#,
        ] {
            let page = page(json).unwrap();
            assert_eq!(page.items, [Task::new("a"), Task::new("b")], "{json}");
            assert!(!page.has_more() && page.next_cursor.is_none() && page.previous_cursor.is_none());
        }
    }

    #[test]
    fn links_become_cursors_with_their_whole_query() {
        let json =
            r#"{"results":[],"next":"https://x/y/?limit=5&cursor=a%3D%3D&status=pending#z","previous":"/y/?cursor=b"}"#;
        let page = page(json).unwrap();
        assert!(page.has_more());
        assert_eq!(page.next_cursor.unwrap().as_query(), "limit=5&cursor=a%3D%3D&status=pending");
        assert_eq!(page.previous_cursor.unwrap().as_query(), "cursor=b");
    }

    #[test]
    fn the_link_to_the_first_numbered_page_has_no_number() {
        let page = page(r#"{"results":[],"count":9,"next":"https://x/?page=3","previous":"https://x/"}"#).unwrap();
        assert_eq!(page.next_cursor, Some(Cursor::page(3)));
        assert_eq!(page.previous_cursor, Some(Cursor::page(1)));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for (json, expected) in [
            (r#"{"detail":"no"}"#, "missing field `results`"),
            (r#"{"results":{"uid":"a"}}"#, "expected a sequence"),
            (r#"{"results":null}"#, "expected a sequence"),
            (r#"{"results":[null]}"#, "expected an object (Task)"),
            (r#""text""#, "expected a page"),
            ("null", "expected a page"),
        ] {
            let error = page(json).unwrap_err().to_string();
            assert!(error.contains(expected), "{json}: {error}");
        }
    }

    #[test]
    fn a_broken_next_link_keeps_the_items() {
        for next in ["<string>", "https://x/", "https://x/?limit=5", "https://x/?cursor=", "https://x/?cursor=a b"] {
            let page = page(&format!(r#"{{"results":[{{"uid":"a"}}],"next":"{next}"}}"#)).unwrap();
            assert_eq!((page.items.len(), page.has_more()), (1, true), "{next}");
            let error = page.next_cursor.unwrap().query().unwrap_err().to_string();
            assert!(error.contains("does not lead to"), "{next}: {error}");
        }
    }

    #[test]
    fn an_empty_link_is_the_end() {
        let page = page(r#"{"results":[],"next":"","previous":""}"#).unwrap();
        assert!(!page.has_more() && page.next_cursor.is_none() && page.previous_cursor.is_none());
    }

    #[test]
    fn page_is_written_with_queries_as_links_and_read_back() {
        let json = r#"{"count":9,"results":[{"uid":"a"}],"next":"https://x/?limit=1&page=3","previous":"https://x/?page=1","took":1.50}"#;
        let page = page(json).unwrap();
        let written = serde_json::to_string(&page).unwrap();
        assert!(written.contains(r#""next":"?limit=1&page=3""#) && written.contains(r#""took":1.50"#), "{written}");
        assert_eq!(serde_json::from_str::<CursorPage<Task>>(&written).unwrap(), page);
    }

    #[test]
    fn link_of_an_unexpected_form_is_kept_unless_it_is_the_next_one() {
        let json = r#"{"results":[],"next":null,"previous":7,"count":"many"}"#;
        let raw: RawPageResponse<Task> = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&raw).unwrap(), r#"{"results":[],"next":null,"count":"many","previous":7}"#);
        assert!(page(r#"{"results":[],"results":[]}"#).is_err());
    }

    #[test]
    fn next_link_of_an_unexpected_form_keeps_the_items() {
        for next in ["7", "true", "0.5", "[]", r#"["?cursor=b"]"#, r#"{"url":"/tasks/?cursor=b"}"#] {
            let page = page(&format!(r#"{{"results":[{{"uid":"a"}}],"next":{next}}}"#)).unwrap();
            assert_eq!((page.items.len(), page.has_more()), (1, true), "{next}: it must not look like the last page");
            assert!(page.next_cursor.unwrap().query().is_err(), "{next}: it must not be followed");
        }
    }

    #[test]
    fn a_raw_page_is_written_as_it_came() {
        let json = r#"{"results":[{"uid":"a"}],"next":"https://x/?page=2","previous":null,"count":7,"took_ms":1.50}"#;
        let page: RawPageResponse<Task> = serde_json::from_str(json).unwrap();
        assert_eq!(page.extra.len(), 1);
        assert_eq!(serde_json::to_string(&page).unwrap(), json);
    }
}
