//! Slices: selections of items from datasets.

use avala_types::{CreateSlice, DatasetUid, ItemUid, OwnerName, Slice, SliceItem, SliceSlug};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for slices: selections of items from datasets. Returned by [`Avala::slices`].
#[derive(Clone, Debug)]
pub struct Slices {
    avala: Avala,
}

impl Slices {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates a slice (`POST /slices/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateSlice, Visibility};
    /// use serde_json::json;
    ///
    /// let parts = json!([{"dataset": "d1", "filter": "weather=rain"}]);
    /// let slice = avala.slices().create(&CreateSlice::new("Rainy nights", Visibility::Private, parts)).await?;
    /// println!("{}: {:?} items", slice.name, slice.item_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, slice: &CreateSlice) -> Call<Slice> {
        self.avala.call(Endpoint::post("slices.create", "/slices/"), &[]).json(slice)
    }

    /// Lists the slices of an owner (`GET /slices/{owner}/list/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut slices = avala.slices().list("acme").ordering("-name").items();
    /// while let Some(slice) = slices.next().await {
    ///     let slice = slice?;
    ///     println!("{}: {:?} items", slice.name, slice.item_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self, owner: impl Into<OwnerName>) -> List<Slice, SliceFilters> {
        self.avala.list(Endpoint::get("slices.list", "/slices/{owner}/list/"), &[owner.into().as_str()])
    }

    /// Lists the slices that contain items of a dataset (`GET /slices/dataset/{dataset_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut slices = avala.slices().list_by_dataset("d1").items();
    /// while let Some(slice) = slices.next().await {
    ///     let slice = slice?;
    ///     println!("{}: {:?} items", slice.name, slice.item_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_by_dataset(&self, dataset: impl Into<DatasetUid>) -> List<Slice> {
        let endpoint = Endpoint::get("slices.list_by_dataset", "/slices/dataset/{dataset_uid}/");
        self.avala.list(endpoint, &[dataset.into().as_str()])
    }

    /// Gets a slice (`GET /slices/{owner}/{slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let slice = avala.slices().get("acme", "rainy-nights").await?;
    /// println!("{}: {:?} items", slice.name, slice.item_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, owner: impl Into<OwnerName>, slug: impl Into<SliceSlug>) -> Call<Slice> {
        let endpoint = Endpoint::get("slices.get", "/slices/{owner}/{slug}/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Lists the items of a slice (`GET /slices/{owner}/{slug}/items/list/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut items = avala.slices().list_items("acme", "rainy-nights").items();
    /// while let Some(item) = items.next().await {
    ///     let item = item?;
    ///     println!("{}: {:?}", item.uid, item.key);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_items(&self, owner: impl Into<OwnerName>, slug: impl Into<SliceSlug>) -> List<SliceItem> {
        let endpoint = Endpoint::get("slices.list_items", "/slices/{owner}/{slug}/items/list/");
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Gets an item of a slice (`GET /slices/{owner}/{slug}/items/{item_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let item = avala.slices().get_item("acme", "rainy-nights", "i7").await?;
    /// println!("{}: {:?}", item.uid, item.key);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_item(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<SliceSlug>,
        item: impl Into<ItemUid>,
    ) -> Call<SliceItem> {
        let endpoint = Endpoint::get("slices.get_item", "/slices/{owner}/{slug}/items/{item_uid}/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), item.into().as_str()])
    }
}

filters! {
    /// Filters of [`Slices::list`].
    pub enum SliceFilters: Numbered {
        /// Sorts by this field, such as `name`, or in descending order with a minus: `-name`.
        fn ordering(self, field: impl Into<String>) {
            self.param("ordering", field)
        }
    }
}
