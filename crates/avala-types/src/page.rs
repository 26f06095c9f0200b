//! Pages of a list, in every shape that the API uses.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::extra::Name;
use crate::{Extra, Json};

/// A page as it is on the wire.
///
/// It reads all three shapes of the API in one pass: results with links, the same with a count, and a bare array.
/// [`CursorPage`] is what most readers want.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RawPageResponse<T> {
    /// The items of this page.
    pub results: Vec<T>,
    /// The address of the next page; `None` on the last one.
    pub next: Option<String>,
    /// The address of the page before; `None` on the first one.
    pub previous: Option<String>,
    /// How many items the whole list has, where the server counts them.
    pub count: Option<u64>,
    /// Fields that this version does not know.
    pub extra: Extra,
}

impl<T> RawPageResponse<T> {
    /// A page with these items, which is the only one of its list.
    #[must_use]
    pub fn new(results: Vec<T>) -> Self {
        Self { results, next: None, previous: None, count: None, extra: Extra::default() }
    }

    /// The page with its links read as cursors.
    ///
    /// # Errors
    /// When `next` is no link to a page. An answer like that would otherwise look like the end of the list.
    pub fn into_page(self) -> Result<CursorPage<T>, LinkError> {
        let next_cursor = self.next.as_deref().map(Cursor::from_link).transpose()?;
        let previous_cursor = self.previous.as_deref().and_then(|link| match Cursor::from_link(link) {
            Ok(cursor) => Some(cursor),
            // Lists with numbered pages leave the number out of the link to the first one.
            Err(_) => self.count.map(|_| Cursor::page(1)),
        });
        Ok(CursorPage {
            items: self.results,
            has_more: next_cursor.is_some(),
            next_cursor,
            previous_cursor,
            count: self.count,
            extra: self.extra,
        })
    }
}

impl<T: Serialize> Serialize for RawPageResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("results", &self.results)?;
        map.serialize_entry("next", &self.next)?;
        map.serialize_entry("previous", &self.previous)?;
        if let Some(count) = self.count {
            map.serialize_entry("count", &count)?;
        }
        for (name, value) in self.extra.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A page of a list, and where the list goes on.
///
/// ```
/// use avala_types::{CursorPage, Task};
///
/// let body = r#"{"results": [{"uid": "t1"}], "next": "https://api.avala.ai/api/v1/tasks/?cursor=cD0y&limit=1"}"#;
/// let page: CursorPage<Task> = serde_json::from_str(body)?;
/// assert_eq!(page.items[0].uid, "t1".into());
/// assert_eq!(page.next_cursor.expect("there is more").as_query(), "cursor=cD0y&limit=1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CursorPage<T> {
    /// The items of this page; there may be none although more pages follow.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last one.
    pub next_cursor: Option<Cursor>,
    /// Where the page before starts; `None` on the first one.
    pub previous_cursor: Option<Cursor>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// How many items the whole list has, where the server counts them.
    pub count: Option<u64>,
    /// Fields that this version does not know.
    pub extra: Extra,
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

/// A place in a list: where a page starts.
///
/// It is the query of the server's own link to that page, filters included. `Display` and `FromStr` turn it into
/// text and back, so that a long run can note where it is and go on there tomorrow.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// The place that a bare `cursor` value stands for, as other clients of Avala hand them out.
    ///
    /// ```
    /// assert_eq!(avala_types::Cursor::new("cD0y+MDI1=").as_query(), "cursor=cD0y%2BMDI1%3D");
    /// ```
    #[must_use]
    pub fn new(value: &str) -> Self {
        let mut query = String::from("cursor=");
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => query.push(char::from(byte)),
                _ => query.push_str(&format!("%{byte:02X}")),
            }
        }
        Self(query.into())
    }

    /// The start of a page of a list with numbered pages; the first one is 1.
    #[must_use]
    pub fn page(number: u64) -> Self {
        Self(format!("page={number}").into())
    }

    /// The place that a link of the server points to.
    ///
    /// # Errors
    /// When the link has no query with a `cursor` or a `page`, or one that no address can hold.
    pub fn from_link(link: &str) -> Result<Self, LinkError> {
        let without_fragment = link.split_once('#').map_or(link, |(link, _)| link);
        match without_fragment.split_once('?') {
            Some((_, query)) if is_place(query) => Ok(Self(query.into())),
            _ => Err(LinkError(link.chars().take(200).collect())),
        }
    }

    /// The query that asks for the page.
    #[must_use]
    pub fn as_query(&self) -> &str {
        &self.0
    }
}

/// Whether a query can be sent as it is, and says where a page starts.
fn is_place(query: &str) -> bool {
    let is_legal = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let starts = |pair: &str| ["cursor=", "page="].iter().any(|name| pair.len() > name.len() && pair.starts_with(name));
    is_legal && query.split('&').any(starts)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({:?})", self.0)
    }
}

impl FromStr for Cursor {
    type Err = LinkError;

    /// Reads what `Display` wrote; for a bare value there is [`Cursor::new`].
    fn from_str(query: &str) -> Result<Self, Self::Err> {
        if is_place(query) { Ok(Self(query.into())) } else { Err(LinkError(query.chars().take(200).collect())) }
    }
}

impl From<&Cursor> for Cursor {
    fn from(cursor: &Cursor) -> Self {
        cursor.clone()
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::field::try_read_str(deserializer, "the query of a page", str::parse)
    }
}

/// A link that leads to no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError(Box<str>);

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} does not lead to a page: it has no `cursor` and no `page`, or is no legal address", self.0)
    }
}

impl std::error::Error for LinkError {}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for CursorPage<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawPageResponse::deserialize(deserializer)?.into_page().map_err(de::Error::custom)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for RawPageResponse<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Page<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Page<T> {
            type Value = RawPageResponse<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a page (an object with `results`, or a list)")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut results = Vec::new();
                while let Some(item) = list.next_element()? {
                    results.push(item);
                }
                Ok(RawPageResponse::new(results))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut results = None;
                let mut page = RawPageResponse::new(Vec::new());
                while let Some(Name(name)) = map.next_key()? {
                    match &*name {
                        "results" => results = Some(map.next_value()?),
                        "next" => page.next = map.next_value()?,
                        "previous" => page.previous = map.next_value()?,
                        "count" => page.count = map.next_value()?,
                        _ => drop(page.extra.insert(name, map.next_value::<Json>()?)),
                    }
                }
                page.results = results.ok_or_else(|| de::Error::missing_field("results"))?;
                Ok(page)
            }
        }

        deserializer.deserialize_any(Page(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Task;

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
            assert!(!page.has_more && page.next_cursor.is_none() && page.previous_cursor.is_none());
        }
    }

    #[test]
    fn links_become_cursors_with_their_whole_query() {
        let json =
            r#"{"results":[],"next":"https://x/y/?limit=5&cursor=a%3D%3D&status=pending#z","previous":"/y/?cursor=b"}"#;
        let page = page(json).unwrap();
        assert!(page.has_more);
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
        for next in ["<string>", "https://x/", "https://x/?limit=5", "https://x/?cursor=", "https://x/?cursor=a b"] {
            let json = serde_json::json!({"results": [], "next": next}).to_string();
            let error = page(&json).unwrap_err().to_string();
            assert!(error.contains("does not lead to a page"), "{next}: {error}");
            assert!(serde_json::from_str::<RawPageResponse<Task>>(&json).is_ok(), "the raw page keeps any link");
        }
    }

    #[test]
    fn a_raw_page_is_written_as_it_came() {
        let json = r#"{"results":[{"uid":"a"}],"next":"https://x/?page=2","previous":null,"count":7,"took_ms":1.50}"#;
        let page: RawPageResponse<Task> = serde_json::from_str(json).unwrap();
        assert_eq!(page.extra.len(), 1);
        assert_eq!(serde_json::to_string(&page).unwrap(), json);
    }

    #[test]
    fn a_cursor_can_be_noted_and_read_back() {
        let cursor = Cursor::from_link("https://x/?cursor=a&limit=5").unwrap();
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        assert!("cD0yMDI1".parse::<Cursor>().is_err(), "a bare value goes to Cursor::new");
        assert!("cursor=a\r\nx: y".parse::<Cursor>().is_err());
    }
}
