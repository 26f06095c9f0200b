//! Pages of a list.

use serde::Serialize;

/// A page: its rows, and links to the pages beside it. Only pages that are found by number have a count.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) count: Option<u64>,
    pub(crate) next: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) results: Vec<T>,
}

impl<T> Page<T> {
    /// Creates a page without links.
    pub(crate) fn new(results: Vec<T>) -> Self {
        Self { count: None, next: None, previous: None, results }
    }
}
