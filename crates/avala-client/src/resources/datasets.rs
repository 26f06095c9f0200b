//! Datasets, their items, sequences and frames, and the files that become one.

use std::sync::Arc;
use std::time::Duration;

use avala_types::{
    AllowedMimes, CreateDataset, CreateDatasetFromManualUpload, CreateManualUploadUrl, DataType, Dataset,
    DatasetCalibration, DatasetFrame, DatasetHealth, DatasetItem, DatasetSequence, DatasetSlug, DatasetStatus,
    DatasetUid, FrameError, ItemUid, ManualUploadTarget, OrganizationUid, OwnerName, SequenceUid, TransferDataset,
    TypedSequence, UploadQuota, Visibility,
};
use serde::de::DeserializeOwned;

use crate::avala::Avala;
use crate::call::Call;
use crate::decode;
use crate::decode::Decoder;
use crate::decode::decoded::Decoded as _;
use crate::endpoint::Endpoint;
use crate::error::{ErrorKind, Failure};
use crate::filters::filters;
use crate::list::List;
use crate::wait::{Progress, Wait};

/// Calls for datasets, their items, sequences and frames, and the files that become one. Returned by [`Avala::datasets`].
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
    /// Fails with [`ErrorKind::Validation`] if the owner has a dataset with this slug.
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
    pub fn list(&self) -> List<Dataset, DatasetFilters> {
        self.avala.list(Endpoint::get("datasets.list", "/datasets/"), &[])
    }

    /// Lists the datasets of an owner (`GET /datasets/{owner}/list/`), in numbered pages.
    pub fn list_by_owner(&self, owner: impl Into<OwnerName>) -> List<Dataset, OwnedDatasetFilters> {
        self.avala.list(Endpoint::get("datasets.list_by_owner", "/datasets/{owner}/list/"), &[owner.into().as_str()])
    }

    /// Gets a dataset (`GET /datasets/{uid}/`).
    pub fn get(&self, uid: impl Into<DatasetUid>) -> Call<Dataset> {
        self.avala.call(Endpoint::get("datasets.get", "/datasets/{uid}/"), &[uid.into().as_str()])
    }

    /// Gets a dataset by its owner and slug (`GET /datasets/{owner}/{slug}/`).
    pub fn get_by_slug(&self, owner: impl Into<OwnerName>, slug: impl Into<DatasetSlug>) -> Call<Dataset> {
        let endpoint = Endpoint::get("datasets.get_by_slug", "/datasets/{owner}/{slug}/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Lists the items of a dataset (`GET /datasets/{owner}/{slug}/items/`).
    pub fn list_items(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> List<DatasetItem, DatasetItemFilters> {
        let endpoint = Endpoint::get("datasets.list_items", "/datasets/{owner}/{slug}/items/");
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Gets an item of a dataset (`GET /datasets/{owner}/{slug}/items/{item_uid}/`).
    pub fn get_item(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        item: impl Into<ItemUid>,
    ) -> Call<DatasetItem> {
        let endpoint = Endpoint::get("datasets.get_item", "/datasets/{owner}/{slug}/items/{item_uid}/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), item.into().as_str()])
    }

    /// Lists the sequences of a dataset, usually without their frames (`GET /datasets/{owner}/{slug}/sequences/`).
    pub fn list_sequences(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
    ) -> List<DatasetSequence, DatasetSequenceFilters> {
        let endpoint = Endpoint::get("datasets.list_sequences", "/datasets/{owner}/{slug}/sequences/");
        self.avala.list(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Gets a sequence with all its frames (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/`).
    ///
    /// [`typed_frames`](Call::typed_frames) decodes all frames at once. To use several parts of a sequence, keep the
    /// returned value: [`get_frame`](Datasets::get_frame) and
    /// [`get_calibration`](Datasets::get_calibration) fetch the whole sequence each time.
    pub fn get_sequence(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> Call<DatasetSequence> {
        let endpoint = Endpoint::get("datasets.get_sequence", SEQUENCE);
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str(), sequence.into().as_str()])
    }

    /// Gets a frame of a sequence; the first one is 0 (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/`).
    ///
    /// Fails with [`ErrorKind::NotFound`], and a [`FrameError`] as its source, if the sequence has fewer frames.
    pub fn get_frame(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
        index: usize,
    ) -> Call<DatasetFrame> {
        let endpoint = Endpoint::get("datasets.get_frame", SEQUENCE);
        self.of_sequence(endpoint, owner.into(), slug.into(), sequence.into(), move |sequence| sequence.frame(index))
    }

    /// Gets the cameras of a sequence, from its first frame
    /// (`GET /datasets/{owner}/{slug}/sequences/{sequence_uid}/`).
    pub fn get_calibration(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        sequence: impl Into<SequenceUid>,
    ) -> Call<DatasetCalibration> {
        let endpoint = Endpoint::get("datasets.get_calibration", SEQUENCE);
        self.of_sequence(endpoint, owner.into(), slug.into(), sequence.into(), DatasetSequence::calibration)
    }

    /// Gets how well the files of a dataset were read (`GET /datasets/{owner}/{slug}/health/`).
    pub fn get_health(&self, owner: impl Into<OwnerName>, slug: impl Into<DatasetSlug>) -> Call<DatasetHealth> {
        let endpoint = Endpoint::get("datasets.get_health", "/datasets/{owner}/{slug}/health/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()])
    }

    /// Transfers a dataset to another owner (`POST /datasets/{owner}/{slug}/transfer/`).
    ///
    /// Afterwards the dataset has the new owner in its URL, and calls with the old owner fail.
    pub fn transfer(
        &self,
        owner: impl Into<OwnerName>,
        slug: impl Into<DatasetSlug>,
        to: &TransferDataset,
    ) -> Call<Dataset> {
        let endpoint = Endpoint::post("datasets.transfer", "/datasets/{owner}/{slug}/transfer/");
        self.avala.call(endpoint, &[owner.into().as_str(), slug.into().as_str()]).json(to)
    }

    /// Gets the storage quota and its usage (`GET /datasets/manual-upload/quota/`).
    pub fn manual_upload_quota(&self) -> Call<UploadQuota, UploadQuotaFilters> {
        self.avala.call(Endpoint::get("datasets.manual_upload_quota", "/datasets/manual-upload/quota/"), &[])
    }

    /// Gets the media types that can be uploaded (`GET /datasets/manual-upload/allowed-mimes/`).
    pub fn manual_upload_allowed_mimes(&self) -> Call<AllowedMimes> {
        let route = "/datasets/manual-upload/allowed-mimes/";
        self.avala.call(Endpoint::get("datasets.manual_upload_allowed_mimes", route), &[])
    }

    /// Requests an upload URL for a file (`POST /datasets/manual-upload/file-upload-url/`).
    ///
    /// Fails with [`ErrorKind::QuotaExceeded`] if the file exceeds the quota.
    pub fn create_manual_upload_url(&self, file: &CreateManualUploadUrl) -> Call<ManualUploadTarget> {
        let route = "/datasets/manual-upload/file-upload-url/";
        self.avala.call(Endpoint::post("datasets.create_manual_upload_url", route), &[]).json(file)
    }

    /// Creates a dataset of uploaded files (`POST /datasets/manual-upload/`). Wait until it is ready with
    /// [`wait`](Datasets::wait).
    pub fn create_from_manual_upload(&self, dataset: &CreateDatasetFromManualUpload) -> Call<Dataset> {
        let endpoint = Endpoint::post("datasets.create_from_manual_upload", "/datasets/manual-upload/");
        self.avala.call(endpoint, &[]).json(dataset)
    }

    /// Waits until a dataset is ready: polls every 10 seconds, for an hour at most.
    pub fn wait(&self, uid: impl Into<DatasetUid>) -> Wait<Dataset> {
        Wait::new(self.get(uid), Duration::from_secs(10), Duration::from_secs(3600), |dataset| match &dataset.status {
            Some(status) if status.is_ready() => Progress::Ready,
            status => Progress::Running(status.as_ref().map(ToString::to_string).unwrap_or_default()),
        })
    }

    /// Creates a call that gets a sequence and returns a part of it.
    fn of_sequence<T>(
        &self,
        endpoint: Endpoint,
        owner: OwnerName,
        slug: DatasetSlug,
        sequence: SequenceUid,
        part: impl Fn(&DatasetSequence) -> Result<T, FrameError> + Send + Sync + 'static,
    ) -> Call<T> {
        let request = crate::request::Request::new(endpoint, &[owner.as_str(), slug.as_str(), sequence.as_str()]);
        let decode = move |source: decode::Source<'_>| {
            part(&DatasetSequence::value(source)?).map_err(|error| {
                let kind = if error.is_out_of_range() { ErrorKind::NotFound } else { ErrorKind::Decode };
                let message = error.to_string();
                Failure { source: Some(error.into()), ..Failure::new(kind, message) }
            })
        };
        Call::new(&self.avala, request, Decoder::Derived(Arc::new(decode)))
    }
}

/// Route of a sequence; frames and calibrations are parts of its response.
const SEQUENCE: &str = "/datasets/{owner}/{slug}/sequences/{sequence_uid}/";

filters! {
    /// Filters of [`Datasets::list`].
    pub enum DatasetFilters {
        /// Lists only datasets with this data type.
        fn data_type(self, data_type: impl Into<DataType>) {
            self.param("data_type", data_type.into().as_str())
        }

        /// Lists only datasets with this in their name.
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

filters! {
    /// Filters of [`Datasets::list_sequences`].
    pub enum DatasetSequenceFilters {
        /// Sorts by this field, such as `name`, or in descending order with a minus: `-name`.
        fn ordering(self, field: impl Into<String>) {
            self.param("ordering", field)
        }
    }
}

impl Call<DatasetSequence> {
    /// Decodes all frames, in the same pass over the response. Their text is not kept.
    ///
    /// To look at a few frames only, or at the text of a frame, await the call without this and use
    /// [`DatasetSequence::typed_frames`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let drive = avala.datasets().get_sequence("acme", "night-drives", "s1").typed_frames().await?;
    /// for frame in &drive.frames {
    ///     println!("{}: {} images", frame.frame_index, frame.images.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn typed_frames(self) -> Call<TypedSequence> {
        self.with_decoder(Decoder::Plain(decode::typed_sequence))
    }

    /// Decodes all frames into a type of yours, in the same pass over the response.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Lidar { key: String }
    ///
    /// let drive = avala.datasets().get_sequence("acme", "night-drives", "s1").frames_as::<Lidar>().await?;
    /// let keys: Vec<String> = drive.frames.into_iter().map(|frame| frame.key).collect();
    /// # Ok(())
    /// # }
    /// ```
    pub fn frames_as<F: DeserializeOwned>(self) -> Call<TypedSequence<F>> {
        self.with_decoder(Decoder::Plain(decode::sequence_of::<F>))
    }
}

filters! {
    /// Filters of [`Datasets::manual_upload_quota`].
    pub enum UploadQuotaFilters for Call {
        /// Gets the quota of this organization instead of your own.
        fn organization(self, organization: impl Into<OrganizationUid>) {
            self.param("organization_uid", organization.into().as_str())
        }
    }
}
