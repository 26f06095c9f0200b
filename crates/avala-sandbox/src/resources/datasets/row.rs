//! A dataset as the sandbox keeps it.

use avala_types::{Dataset, DatasetItem, DatasetSequence, DatasetSlug, DatasetStatus, Json, OwnerName};

use crate::clock;
use crate::error::ApiError;
use crate::resources::Tables;
use crate::table::Table;

/// A dataset is `created` at this fetch, and `creating` before.
const FETCHES_UNTIL_CREATED: u32 = 3;

pub(crate) struct DatasetRow {
    pub(crate) dataset: Dataset,
    pub(crate) items: Table<DatasetItem>,
    pub(crate) sequences: Table<SequenceRow>,
    fetches: u32,
}

/// A sequence without its frames, and the frames: lists show the one without the other.
pub(crate) struct SequenceRow {
    pub(crate) sequence: DatasetSequence,
    pub(crate) frames: Json,
}

impl DatasetRow {
    /// A dataset with nothing in it.
    pub(crate) fn new(dataset: Dataset) -> Self {
        // Uids are unique in the sandbox and not only in the dataset.
        let scope = |kind: &str| format!("{kind} of {}", dataset.uid);
        Self { items: Table::new(&scope("items")), sequences: Table::new(&scope("sequences")), dataset, fetches: 0 }
    }

    /// The dataset as a client gets it, which makes a new one one step readier.
    pub(super) fn fetch(&mut self) -> Dataset {
        if self.dataset.status == Some(DatasetStatus::Creating) {
            self.fetches += 1;
            if self.fetches >= FETCHES_UNTIL_CREATED {
                self.dataset.status = Some(DatasetStatus::Created);
                self.dataset.updated_at = clock::now();
            }
        }
        self.dataset.clone()
    }

    fn is_named(&self, owner: &OwnerName, slug: &DatasetSlug) -> bool {
        self.dataset.owner_name.as_ref() == Some(owner) && self.dataset.slug == *slug
    }
}

impl Tables {
    /// The dataset of this owner and slug, or 404.
    pub(super) fn dataset(&self, owner: &OwnerName, slug: &DatasetSlug) -> Result<&DatasetRow, ApiError> {
        self.datasets.rows().find(|row| row.is_named(owner, slug)).ok_or_else(ApiError::not_found)
    }

    /// The dataset of this owner and slug for a change, or 404.
    pub(super) fn dataset_mut(&mut self, owner: &OwnerName, slug: &DatasetSlug) -> Result<&mut DatasetRow, ApiError> {
        self.datasets.rows_mut().find(|row| row.is_named(owner, slug)).ok_or_else(ApiError::not_found)
    }

    /// 400 when the owner has a dataset of this slug already.
    pub(super) fn check_slug_is_free(&self, owner: &OwnerName, slug: &DatasetSlug) -> Result<(), ApiError> {
        match self.dataset(owner, slug) {
            Ok(_) => Err(ApiError::field("slug", "A dataset with this slug already exists for this owner.")),
            Err(_) => Ok(()),
        }
    }
}
