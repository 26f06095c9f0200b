//! Positions in a list.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::link;
use crate::link::{LinkError, Problem};

/// A position in a list: the start of a page.
///
/// The query of the server's link to that page, including filters. `Display` and `FromStr` convert it to
/// text and back, so that a long run can store its position and resume later.
///
/// The cursor of a page whose link is broken keeps the link, and [`query`](Self::query) returns what is wrong with it:
/// the items of such a page are not lost, and its error is reported when the cursor is followed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor(Box<str>);

/// Marks the text of a broken link, after the [`Problem`]'s own mark. No query starts with it. One text instead of two
/// fields keeps the futures of streams small.
const BROKEN: char = '#';

impl Cursor {
    fn of_query(query: &str) -> Self {
        Self(query.into())
    }

    /// Creates a cursor from a bare `cursor` value, as other clients of Avala return it.
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

    /// Creates the cursor of a page of a list with numbered pages; the first one is 1.
    #[must_use]
    pub fn page(number: u64) -> Self {
        Self(format!("page={number}").into())
    }

    /// Creates a cursor from a link of the server, of which only the query is used.
    ///
    /// # Errors
    /// Fails if the link is not a URI, or if its query has neither `cursor` nor `page`.
    pub fn from_link(link: &str) -> Result<Self, LinkError> {
        link::query(link, None).map(Self::of_query).map_err(|problem| LinkError::new(link, problem))
    }

    /// Reads a link of the server, and keeps it together with its problem if it is broken. `None` means that there is
    /// no link.
    pub(crate) fn from_server(link: &str, path: Option<&str>) -> Option<Self> {
        if link.is_empty() {
            return None;
        }
        Some(match link::query(link, path) {
            Ok(query) => Self::of_query(query),
            Err(problem) => Self(format!("{BROKEN}{}{link}", problem.mark()).into()),
        })
    }

    pub(crate) fn is_without_place(&self) -> bool {
        self.problem().is_some_and(|(problem, _)| problem != Problem::OtherPath)
    }

    /// Returns what is wrong with a broken link, and the link.
    fn problem(&self) -> Option<(Problem, &str)> {
        let mut marked = self.0.strip_prefix(BROKEN)?.chars();
        Some((Problem::of_mark(marked.next()?), marked.as_str()))
    }

    /// Returns the query that requests the page.
    ///
    /// # Errors
    /// Fails if the cursor was created from a link that does not lead to a page of the list.
    pub fn query(&self) -> Result<&str, LinkError> {
        match self.problem() {
            None => Ok(&self.0),
            Some((problem, link)) => Err(LinkError::new(link, problem)),
        }
    }

    /// Returns the query that requests the page, or the link itself if it is broken and [`query`](Self::query)
    /// fails.
    #[must_use]
    pub fn as_query(&self) -> &str {
        self.problem().map_or(&self.0, |(_, link)| link)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_query())
    }
}

/// Shows positions, and only the names of other parameters: a filter may hold a secret.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({:?})", link::without_values(self.as_query()))
    }
}

impl FromStr for Cursor {
    type Err = LinkError;

    /// Parses the output of `Display`; for a bare value use [`Cursor::new`], for a link [`Cursor::from_link`].
    fn from_str(query: &str) -> Result<Self, Self::Err> {
        if link::is_place(query) { Ok(Self::of_query(query)) } else { Err(LinkError::new(query, Problem::NoPlace)) }
    }
}

impl From<&Cursor> for Cursor {
    fn from(cursor: &Cursor) -> Self {
        cursor.clone()
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_query())
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::field::try_read_str(deserializer, "the query of a page", str::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_can_be_noted_and_read_back() {
        let cursor = Cursor::from_link("https://x/?cursor=a&limit=5").unwrap();
        assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
        let json = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        assert!("cD0yMDI1".parse::<Cursor>().is_err(), "a bare value goes to Cursor::new");
        assert!("cursor=a\r\nx: y".parse::<Cursor>().is_err());
    }

    #[test]
    fn a_link_is_not_read_as_a_query() {
        for link in ["https://x/tasks/?cursor=a", "https://x/tasks/?limit=5&cursor=a", "/tasks/?limit=5&cursor=a"] {
            assert!(link.parse::<Cursor>().is_err(), "{link}");
        }
        assert!("?cursor=a".parse::<Cursor>().is_err());
    }
}
