//! Lookups and changes of datasets across tables.

use avala_types::{DataType, DatasetSlug, DatasetStatus, OwnerName, Visibility};

use crate::error::ApiError;
use crate::schema::Dataset;
use crate::state::clock;
use crate::state::dataset::DatasetRow;
use crate::state::tables::Tables;

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

    /// Returns the dataset of this owner and slug, or 404.
    pub(crate) fn dataset(&self, owner: &OwnerName, slug: &DatasetSlug) -> Result<&DatasetRow, ApiError> {
        self.datasets.find(|row| row.is_named(owner, slug))
    }

    /// Returns the dataset of this owner and slug for a change, or 404.
    pub(crate) fn dataset_mut(&mut self, owner: &OwnerName, slug: &DatasetSlug) -> Result<&mut DatasetRow, ApiError> {
        self.datasets.find_mut(|row| row.is_named(owner, slug))
    }

    /// Fails with 400 if the owner has a dataset of this slug already.
    pub(crate) fn check_slug_is_free(&self, owner: &OwnerName, slug: &DatasetSlug) -> Result<(), ApiError> {
        match self.dataset(owner, slug) {
            Ok(_) => Err(ApiError::field("slug", "A dataset with this slug already exists for this owner.")),
            Err(_) => Ok(()),
        }
    }
}
