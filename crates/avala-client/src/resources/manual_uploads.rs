//! Manual uploads: files that become a dataset.

use avala_types::{
    AllowedMimes, CreateDatasetFromManualUpload, CreateManualUploadUrl, Dataset, ManualUploadTarget, OrganizationUid,
    UploadQuota,
};

use super::Datasets;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;

impl Datasets {
    /// Gets the storage quota and its usage (`GET /datasets/manual-upload/quota/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let quota = avala.datasets().manual_upload_quota().await?;
    /// println!("{} of {} bytes used", quota.used, quota.limit);
    /// # Ok(())
    /// # }
    /// ```
    pub fn manual_upload_quota(&self) -> Call<UploadQuota, UploadQuotaFilters> {
        self.avala.call(Endpoint::get("datasets.manual_upload_quota", "/datasets/manual-upload/quota/"), &[])
    }

    /// Gets the media types that can be uploaded (`GET /datasets/manual-upload/allowed-mimes/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let allowed = avala.datasets().manual_upload_allowed_mimes().await?;
    /// println!("{:?}", allowed.mime_types);
    /// # Ok(())
    /// # }
    /// ```
    pub fn manual_upload_allowed_mimes(&self) -> Call<AllowedMimes> {
        let route = "/datasets/manual-upload/allowed-mimes/";
        self.avala.call(Endpoint::get("datasets.manual_upload_allowed_mimes", route), &[])
    }

    /// Requests an upload URL for a file (`POST /datasets/manual-upload/file-upload-url/`).
    ///
    /// Fails with [`ErrorKind::QuotaExceeded`](crate::ErrorKind::QuotaExceeded) if the file exceeds the quota.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateManualUploadUrl, ManualUploadTarget};
    ///
    /// let file = CreateManualUploadUrl::new("Night drives", "front/0001.jpg", 48_113_u64);
    /// match avala.datasets().create_manual_upload_url(&file).await? {
    ///     ManualUploadTarget::Form(form) => println!("POST a form with {} fields", form.fields.len()),
    ///     ManualUploadTarget::Session(session) => println!("send {:?} parts", session.part_count),
    ///     _ => println!("a newer protocol"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_manual_upload_url(&self, file: &CreateManualUploadUrl) -> Call<ManualUploadTarget> {
        let route = "/datasets/manual-upload/file-upload-url/";
        self.avala.call(Endpoint::post("datasets.create_manual_upload_url", route), &[]).json(file)
    }

    /// Creates a dataset of uploaded files (`POST /datasets/manual-upload/`). Wait until it is ready with
    /// [`wait`](Datasets::wait).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateDatasetFromManualUpload, DataType};
    ///
    /// let payload = CreateDatasetFromManualUpload::new("Night drives", "night-drives", DataType::Image);
    /// let dataset = avala.datasets().create_from_manual_upload(&payload).await?;
    /// println!("{}: {:?}", dataset.uid, dataset.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_from_manual_upload(&self, dataset: &CreateDatasetFromManualUpload) -> Call<Dataset> {
        let endpoint = Endpoint::post("datasets.create_from_manual_upload", "/datasets/manual-upload/");
        self.avala.call(endpoint, &[]).json(dataset)
    }
}

filters! {
    /// Filters of [`Datasets::manual_upload_quota`].
    pub enum UploadQuotaFilters for Call {
        /// Gets the quota of this organization instead of your own.
        ///
        /// ```
        /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
        /// let quota = avala.datasets().manual_upload_quota().organization("o1").await?;
        /// println!("{} bytes are left", quota.remaining());
        /// # Ok(())
        /// # }
        /// ```
        fn organization(self, organization: impl Into<OrganizationUid>) {
            self.param("organization_uid", organization.into().as_str())
        }
    }
}
