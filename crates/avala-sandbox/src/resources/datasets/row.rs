//! A dataset as the sandbox keeps it.

use avala_types::{
    DataType, Dataset, DatasetItem, DatasetSequence, DatasetSlug, DatasetStatus, Json, OwnerName, Visibility,
};

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
    /// What bulk edits wrote.
    pub(crate) objects: Vec<Json>,
}

impl DatasetRow {
    /// A dataset with nothing in it.
    pub(crate) fn new(dataset: Dataset) -> Self {
        // Uids are unique in the sandbox and not only in the dataset.
        let scope = |kind: &str| format!("{kind} of {}", dataset.uid);
        Self { items: Table::new(&scope("items")), sequences: Table::new(&scope("sequences")), dataset, fetches: 0 }
    }

    /// Makes a new dataset one step readier, and says whether it became ready.
    pub(super) fn advance(&mut self) -> bool {
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

    fn is_named(&self, owner: &OwnerName, slug: &DatasetSlug) -> bool {
        self.dataset.owner_name.as_ref() == Some(owner) && self.dataset.slug == *slug
    }
}

impl Tables {
    /// Adds a new dataset, with nothing in it yet.
    pub(crate) fn add_dataset(&mut self, mut dataset: Dataset, data_type: DataType) -> &mut DatasetRow {
        dataset.is_sequence = dataset.is_sequence.or(Some(data_type == DataType::Lidar));
        dataset.data_type = Some(data_type);
        dataset.visibility = dataset.visibility.or(Some(Visibility::Private));
        dataset.status = Some(DatasetStatus::Creating);
        dataset.project_count = Some(0);
        dataset.size_bytes = Some(0);
        dataset.annotations_count = Some(0);
        dataset.created_at = clock::now();
        dataset.updated_at = dataset.created_at;
        self.datasets.add(|uid| {
            dataset.uid = uid.into();
            DatasetRow::new(dataset)
        })
    }

    /// The dataset of this owner and slug, or 404.
    pub(crate) fn dataset(&self, owner: &OwnerName, slug: &DatasetSlug) -> Result<&DatasetRow, ApiError> {
        self.datasets.find(|row| row.is_named(owner, slug))
    }

    /// The dataset of this owner and slug for a change, or 404.
    pub(crate) fn dataset_mut(&mut self, owner: &OwnerName, slug: &DatasetSlug) -> Result<&mut DatasetRow, ApiError> {
        self.datasets.find_mut(|row| row.is_named(owner, slug))
    }

    /// 400 when the owner has a dataset of this slug already.
    pub(crate) fn check_slug_is_free(&self, owner: &OwnerName, slug: &DatasetSlug) -> Result<(), ApiError> {
        match self.dataset(owner, slug) {
            Ok(_) => Err(ApiError::field("slug", "A dataset with this slug already exists for this owner.")),
            Err(_) => Ok(()),
        }
    }
}
