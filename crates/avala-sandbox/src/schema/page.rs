//! Pages of a list.

use serde::Serializer;
use serde::ser::SerializeMap as _;

use crate::schema::wire::{Wire, Written};

/// A page: its rows, and links to the previous and next pages. Only numbered pages have a count.
#[derive(Debug)]
pub(crate) struct Page<T> {
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

impl<T: Wire> Wire for Page<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(count) = &self.count {
            map.serialize_entry("count", count)?;
        }
        map.serialize_entry("next", &self.next)?;
        map.serialize_entry("previous", &self.previous)?;
        map.serialize_entry("results", &Written(&self.results))?;
        map.end()
    }
}
