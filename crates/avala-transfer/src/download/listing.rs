//! Objects of a download, before names are checked and files are compared.

use std::sync::Arc;

use super::link::{Links, Remote};
use crate::hash::Digest;

/// Objects of a dataset, sequence, revision or export.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Identity of the source, recorded with the state of the target.
    pub(crate) id: String,
    pub(crate) objects: Vec<Listed>,
    /// API calls that the listing took.
    pub(crate) calls: u64,
    /// API calls that each object needs before its first byte.
    pub(crate) calls_per_object: u64,
    /// Whether the rate limit of anonymous calls applies.
    pub(crate) is_anonymous: bool,
    /// Warnings, each in one line.
    pub(crate) warnings: Vec<String>,
}

impl Listing {
    /// Creates a listing of objects that need no call of their own.
    pub(crate) fn new(id: String, objects: Vec<Listed>, calls: u64) -> Self {
        Self { id, objects, calls, calls_per_object: 0, is_anonymous: false, warnings: Vec::new() }
    }
}

/// One object.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// Unchecked path in the dataset or revision.
    pub(crate) name: String,
    pub(crate) size: Option<u64>,
    pub(crate) sha256: Option<Digest>,
    /// Version, which changes when the object changes.
    pub(crate) version: String,
    /// Page of the list that has to be read again for a new link, if the page was not kept.
    pub(crate) read_again: Option<usize>,
    pub(crate) links: Arc<Links>,
}

impl Listed {
    pub(crate) fn remote(&self) -> Remote {
        Remote { name: self.name.clone(), size: self.size, sha256: self.sha256, links: Arc::clone(&self.links) }
    }
}
