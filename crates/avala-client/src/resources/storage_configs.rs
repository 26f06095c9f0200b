//! Storage configs: your own buckets that Avala reads.

use avala_types::{
    CreateStorageConfig, OrganizationSlug, StorageConfig, StorageConfigSetupInfo, StorageConfigTest, StorageConfigUid,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for storage configs: your own buckets that Avala reads. Returned by [`Avala::storage_configs`].
///
/// If your account belongs to several organizations, select one; all calls of the returned handle apply to it:
///
/// ```
/// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
/// let storage_configs = avala.storage_configs().organization("acme");
/// let info = storage_configs.setup_info().await?;
/// println!("trust {} with {}", info.avala_aws_account_id, info.external_id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StorageConfigs {
    avala: Avala,
    organization: Option<OrganizationSlug>,
}

impl StorageConfigs {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone(), organization: None }
    }

    /// Returns a handle for the storage configs of this organization only.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut configs = avala.storage_configs().organization("acme").list().items();
    /// while let Some(config) = configs.next().await {
    ///     println!("{}", config?.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn organization(mut self, organization: impl Into<OrganizationSlug>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// Creates a storage config (`POST /storage-configs/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateStorageConfig, S3AuthMethod, StorageProvider};
    ///
    /// let payload = CreateStorageConfig::new("Drives", StorageProvider::AwsS3)
    ///     .s3_bucket_name("acme-drives")
    ///     .s3_bucket_region("eu-central-1")
    ///     .s3_auth_method(S3AuthMethod::IamRole)
    ///     .s3_role_arn("arn:aws:iam::123456789012:role/avala");
    /// let config = avala.storage_configs().create(&payload).await?;
    /// avala.storage_configs().test(&config.uid).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, config: &CreateStorageConfig) -> Call<StorageConfig> {
        let call = self.avala.call(Endpoint::post("storage_configs.create", "/storage-configs/"), &[]);
        self.scope(call.json(config))
    }

    /// Lists the storage configs of the account (`GET /storage-configs/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut configs = avala.storage_configs().list().items();
    /// while let Some(config) = configs.next().await {
    ///     let config = config?;
    ///     println!("{}: {}, verified: {}", config.name, config.provider, config.is_verified);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<StorageConfig> {
        let list = self.avala.list(Endpoint::get("storage_configs.list", "/storage-configs/"), &[]);
        match &self.organization {
            Some(organization) => list.param("organization", organization.as_str()),
            None => list,
        }
    }

    /// Gets a storage config (`GET /storage-configs/{uid}/`).
    ///
    /// Fails with [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for a storage config of an organization other
    /// than that of the handle.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let config = avala.storage_configs().get("sc1").await?;
    /// println!("{}: {}, verified: {}", config.name, config.provider, config.is_verified);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<StorageConfigUid>) -> Call<StorageConfig> {
        let endpoint = Endpoint::get("storage_configs.get", "/storage-configs/{uid}/");
        self.scope(self.avala.call(endpoint, &[uid.into().as_str()]))
    }

    /// Deletes a storage config (`DELETE /storage-configs/{uid}/`). The bucket stays as it is.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.storage_configs().delete("sc1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such storage config"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<StorageConfigUid>) -> Call<()> {
        let endpoint = Endpoint::delete("storage_configs.delete", "/storage-configs/{uid}/");
        self.scope(self.avala.command(endpoint, &[uid.into().as_str()]))
    }

    /// Tests whether Avala can read the bucket (`POST /storage-configs/{uid}/test/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let test = avala.storage_configs().test("sc1").await?;
    /// println!("{:?} {:?}", test.verified, test.errors);
    /// # Ok(())
    /// # }
    /// ```
    pub fn test(&self, uid: impl Into<StorageConfigUid>) -> Call<StorageConfigTest> {
        let endpoint = Endpoint::post("storage_configs.test", "/storage-configs/{uid}/test/");
        self.scope(self.avala.call(endpoint, &[uid.into().as_str()]))
    }

    /// Gets the trust policy that an AWS role needs so that Avala can assume it (`GET /storage-configs/setup-info/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let info = avala.storage_configs().setup_info().await?;
    /// println!("account {}, external ID {}", info.avala_aws_account_id, info.external_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn setup_info(&self) -> Call<StorageConfigSetupInfo> {
        let endpoint = Endpoint::get("storage_configs.setup_info", "/storage-configs/setup-info/");
        self.scope(self.avala.call(endpoint, &[]))
    }

    /// Adds the organization to a call.
    fn scope<T>(&self, call: Call<T>) -> Call<T> {
        match &self.organization {
            Some(organization) => call.param("organization", organization.as_str()),
            None => call,
        }
    }
}
