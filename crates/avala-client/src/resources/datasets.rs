//! Datasets and their items; `sequences.rs`, `sequence_outcomes.rs` and `manual_uploads.rs` have their other calls.

use std::time::Duration;

use avala_types::{
    CreateDataset, DataType, Dataset, DatasetHealth, DatasetItem, DatasetSlug, DatasetStatus, DatasetUid, ItemUid,
    OwnerName, TransferDataset, Visibility,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;
use crate::wait::{Progress, Wait};

/// Calls for datasets, their items, sequences and frames, and the files that become one. Returned by
/// [`Avala::datasets`].
#[derive(Clone, Debug)]
pub struct Datasets {
    pub(super) avala: Avala,
}

impl Datasets {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates a dataset (`POST /datasets/`). Wait until it is ready with [`wait`](Datasets::wait).
    ///
    /// Fails with [`ErrorKind::Validation`](crate::ErrorKind::Validation) if the owner has a dataset with this slug.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateDataset, DataType};
    ///
    /// let payload = CreateDataset::new("Night drives", "night-drives", DataType::Lidar).is_sequence(true);
    /// let dataset = avala.datasets().create(&payload).await?;
    /// let dataset = avala.datasets().wait(&dataset.uid).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, dataset: &CreateDataset) -> Call<Dataset> {
        self.avala.call(Endpoint::post("datasets.create", "/datasets/"), &[]).json(dataset)
    }

    /// Lists the datasets of the workspace (`GET /datasets/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::DataType;
    ///
    /// let mut datasets = avala.datasets().list().data_type(DataType::Lidar).name("night").items();
    /// while let Some(dataset) = datasets.next().await {
    ///     let dataset = dataset?;
    ///     println!("{}: {} items", dataset.name, dataset.item_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<Dataset, DatasetFilters> {
        self.avala.list(Endpoint::get("datasets.list", "/datasets/"), &[])
    }

    /// Lists the datasets of an owner (`GET /datasets/{owner}/list/`), in numbered pages.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut datasets = avala.datasets().list_by_owner("acme").ordering("-name").items();
    /// while let Some(dataset) = datasets.next().await {
    ///     let dataset = dataset?;
    ///     println!("{}: {} items", dataset.name, dataset.item_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_by_owner(&self, owner: impl Into<OwnerName>) -> List<Dataset, OwnedDatasetFilters> {
        self.avala.list(Endpoint::get("datasets.list_by_owner", "/datasets/{owner}/list/"), &[owner.into().as_str()])
    }

    /// Gets a dataset (`GET /datasets/{uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let dataset = avala.datasets().get("d1").await?;
    /// println!("{}: {} items", dataset.name, dataset.item_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<DatasetUid>) -> Call<Dataset> {
        self.avala.call(Endpoint::get("datasets.get", "/datasets/{uid}/"), &[uid.into().as_str()])
    }

    /// Gets a dataset by its owner and slug (`GET /datasets/{owner}/{slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let dataset = avala.datasets().get_by_slug("acme", "night-drives").await?;
    /// println!("{}: {} items", dataset.name, dataset.item_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_by_slug(&self, owner: impl Into<OwnerName>, slug: impl Into<DatasetSlug>) -> Call<Dataset> {
        let endpoint = Endpoint::get("datasets.get_by_slug", "/datasets/{owner}/{slug}/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Lists the items of a dataset (`GET /datasets/{owner}/{slug}/items/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut items = avala.datasets().list_items("acme", "night-drives").ordering("key").items();
    /// while let Some(item) = items.next().await {
    ///     let item = item?;
    ///     println!("{}: {:?}", item.uid, item.key);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_items(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> List<DatasetItem, DatasetItemFilters> {
        let endpoint = Endpoint::get("datasets.list_items", "/datasets/{owner}/{slug}/items/");
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Gets an item of a dataset (`GET /datasets/{owner}/{slug}/items/{item_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let item = avala.datasets().get_item("acme", "night-drives", "i7").await?;
    /// println!("{}: {:?}", item.uid, item.key);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_item(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        item: impl Into<ItemUid>,
    ) -> Call<DatasetItem> {
        let endpoint = Endpoint::get("datasets.get_item", "/datasets/{owner}/{slug}/items/{item_uid}/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), item.into().as_str()])
    }

    /// Gets the health of a dataset: which files could be read (`GET /datasets/{owner}/{slug}/health/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let health = avala.datasets().get_health("acme", "night-drives").await?;
    /// println!("{:?} frames, problems: {:?}", health.total_frames, health.issues);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_health(&self, owner: impl Into<OwnerName>, slug: impl Into<DatasetSlug>) -> Call<DatasetHealth> {
        let endpoint = Endpoint::get("datasets.get_health", "/datasets/{owner}/{slug}/health/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Transfers a dataset to another owner (`POST /datasets/{owner}/{slug}/transfer/`).
    ///
    /// Afterwards the dataset has the new owner in its URL, and calls with the old owner fail.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::TransferDataset;
    ///
    /// let to = TransferDataset::to_user("grace");
    /// let dataset = avala.datasets().transfer("acme", "night-drives", &to).await?;
    /// println!("{} belongs to {:?}", dataset.name, dataset.owner_name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transfer(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        to: &TransferDataset,
    ) -> Call<Dataset> {
        let endpoint = Endpoint::post("datasets.transfer", "/datasets/{owner}/{slug}/transfer/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()]).json(to)
    }

    /// Waits until a dataset is ready: polls every 10 seconds, for at most an hour.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let dataset = avala.datasets().wait("d1").await?;
    /// println!("{}: {} items", dataset.name, dataset.item_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self, uid: impl Into<DatasetUid>) -> Wait<Dataset> {
        Wait::new(self.get(uid), Duration::from_secs(10), Duration::from_secs(3600), |dataset| match &dataset.status {
            Some(status) if status.is_ready() => Progress::Ready,
            status => Progress::Running(status.as_ref().map(ToString::to_string)),
        })
    }
}

filters! {
    /// Filters of [`Datasets::list`].
    pub enum DatasetFilters {
        /// Lists only datasets with this data type.
        fn data_type(self, data_type: impl Into<DataType>) {
            self.param("data_type", data_type.into().as_str())
        }

        /// Lists only datasets with this text in their name.
        fn name(self, name: impl Into<String>) {
            self.param("name", name)
        }

        /// Lists only datasets with this status.
        fn status(self, status: impl Into<DatasetStatus>) {
            self.param("status", status.into().as_str())
        }

        /// Lists only datasets with this visibility.
        fn visibility(self, visibility: impl Into<Visibility>) {
            self.param("visibility", visibility.into().as_str())
        }
    }
}

filters! {
    /// Filters of [`Datasets::list_by_owner`].
    pub enum OwnedDatasetFilters: Numbered {
        /// Sorts by this field, such as `name`, or in descending order with a minus: `-name`.
        fn ordering(self, field: impl Into<String>) {
            self.param("ordering", field)
        }
    }
}

filters! {
    /// Filters of [`Datasets::list_items`].
    pub enum DatasetItemFilters {
        /// Sorts by this field, such as `name`, or in descending order with a minus: `-name`.
        fn ordering(self, field: impl Into<String>) {
            self.param("ordering", field)
        }
    }
}
