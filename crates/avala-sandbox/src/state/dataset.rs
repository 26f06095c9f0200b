//! Rows of datasets.

use avala_types::{DatasetSlug, DatasetStatus, Json, OwnerName};

use crate::schema::{Dataset, DatasetItem, DatasetSequence, SequenceOutcome};
use crate::state::clock;
use crate::state::table::Table;

/// Number of the fetch that returns a dataset as `created`; it is `creating` before.
const FETCHES_UNTIL_CREATED: u32 = 3;

pub(crate) struct DatasetRow {
    pub(crate) dataset: Dataset,
    pub(crate) items: Table<DatasetItem>,
    pub(crate) sequences: Table<SequenceRow>,
    pub(crate) fetches: u32,
    /// Whether it consists of uploaded objects.
    pub(crate) is_uploaded: bool,
}

/// A sequence without its frames, and the frames separately: lists show no frames.
pub(crate) struct SequenceRow {
    pub(crate) sequence: DatasetSequence,
    pub(crate) frames: Json,
    /// Outcomes, newest first.
    pub(crate) outcomes: Vec<SequenceOutcome>,
    /// Annotations that bulk edits wrote.
    pub(crate) objects: Vec<Json>,
}

impl DatasetRow {
    /// Creates an empty dataset.
    pub(crate) fn new(dataset: Dataset) -> Self {
        // UIDs are unique in the sandbox and not only in the dataset.
        let scope = |kind: &str| format!("{kind} of {}", dataset.uid);
        let (items, sequences) = (Table::new(&scope("items")), Table::new(&scope("sequences")));
        Self { items, sequences, dataset, fetches: 0, is_uploaded: false }
    }

    /// Advances the creation of a dataset by one step. Returns whether the dataset became ready.
    pub(crate) fn advance(&mut self) -> bool {
        if self.dataset.status != Some(DatasetStatus::Creating) {
            return false;
        }
        self.fetches += 1;
        if self.fetches < FETCHES_UNTIL_CREATED {
            return false;
        }
        self.dataset.status = Some(DatasetStatus::Created);
        self.dataset.updated_at = clock::now();
        true
    }

    pub(crate) fn is_of(&self, owner: &OwnerName) -> bool {
        self.dataset.owner_name.as_ref() == Some(owner)
    }

    pub(crate) fn is_named(&self, owner: &OwnerName, slug: &DatasetSlug) -> bool {
        self.is_of(owner) && self.dataset.slug == *slug
    }
}
