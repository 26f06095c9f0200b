//! The query of a list.

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use crate::app::App;
use crate::protocol::API_PREFIX;
use crate::request::list::List;
use crate::state::table::Table;

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;

/// Query of a list: filters, an order, and the page.
pub(crate) struct ListQuery {
    /// The address of the list, without a query.
    address: String,
    pairs: Vec<(String, String)>,
    /// Maximum size of a page.
    most: usize,
}

impl ListQuery {
    /// Cuts pages to this many, for any limit of the client.
    pub(crate) fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// Returns the rows of a table, for a handler to filter, order and cut into pages.
    pub(crate) fn list<'a, T>(&'a self, table: &'a Table<T>) -> List<'a, T> {
        List::new(self, table.numbered())
    }

    /// Returns the same for rows without a table, whose order never changes.
    pub(crate) fn rows<'a, T>(&'a self, rows: impl Iterator<Item = &'a T>) -> List<'a, T> {
        List::new(self, (0..).zip(rows))
    }

    /// Returns whether the filter is not set, or set to exactly this value.
    pub(crate) fn equals(&self, name: &str, value: Option<&impl AsRef<str>>) -> bool {
        self.get(name).is_none_or(|wanted| value.is_some_and(|value| value.as_ref() == wanted))
    }

    /// Returns whether the filter is not set, or set to this boolean.
    pub(crate) fn is(&self, name: &str, value: bool) -> bool {
        let wanted = self.get(name).map(str::to_lowercase);
        wanted.is_none_or(|wanted| ["true", "1"].contains(&wanted.as_str()) == value)
    }

    /// Returns whether the filter is not set, or set to a part of this text in upper or lower case.
    pub(crate) fn contains(&self, name: &str, text: &str) -> bool {
        self.get(name).is_none_or(|wanted| text.to_lowercase().contains(&wanted.to_lowercase()))
    }

    /// Returns whether the filter is not set, or set to a list with commas that has this value.
    pub(crate) fn lists(&self, name: &str, value: Option<&impl AsRef<str>>) -> bool {
        let has = |wanted: &str| value.is_some_and(|value| wanted.split(',').any(|one| one.trim() == value.as_ref()));
        self.get(name).is_none_or(has)
    }

    /// Returns all values of a parameter that may be repeated.
    pub(crate) fn all_values(&self, name: &str) -> Vec<&str> {
        self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the value of a parameter. An empty one counts as unset, because forms send it.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    pub(crate) fn limit(&self) -> usize {
        let limit = self.get("limit").and_then(|text| text.parse().ok()).filter(|limit| *limit > 0);
        limit.unwrap_or(DEFAULT_LIMIT).min(self.most)
    }

    /// Returns the list that a cursor belongs to.
    pub(super) fn scope(&self) -> &str {
        &self.address
    }

    /// Returns the address of another page of the same list: same filters, same limit.
    pub(super) fn link(&self, place: Option<(&str, &str)>) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| name != "cursor" && name != "page");
        let kept = kept.map(|(name, value)| (name.as_str(), value.as_str()));
        let query =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(place.into_iter().chain(kept)).finish();
        if query.is_empty() { self.address.clone() } else { format!("{}?{query}", self.address) }
    }

    #[cfg(test)]
    pub(super) fn of(query: &str) -> Self {
        Self {
            address: "http://127.0.0.1/list/".to_owned(),
            pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            most: MAX_LIMIT,
        }
    }
}

impl<S> FromRequestParts<S> for ListQuery
where
    App: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            address: format!("{}{API_PREFIX}{}", App::from_ref(state).url(), parts.uri.path()),
            pairs: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            most: MAX_LIMIT,
        })
    }
}
