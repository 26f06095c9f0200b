//! Settings of a dataset upload.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use avala_types::{CreateDatasetFromManualUpload, DataType, DatasetSlug, Json, OrganizationUid, OwnerName, Visibility};

use crate::run::RunSettings;
use crate::source::walk::WalkOptions;
use crate::sync::filter::Filter;

/// Reaction to a failed file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnFailure {
    /// The other files continue; the run ends before the dataset is created.
    #[default]
    Continue,
    /// The run ends at the first failure.
    Stop,
}

/// Upload of files and folders that become a dataset. Passed to
/// [`Transfers::upload_dataset`](crate::Transfers::upload_dataset).
///
/// | Setting | Default |
/// |---|---|
/// | data type | inferred from the suffixes of the files |
/// | owner | the organization, or else the user of the key |
/// | visibility | the server's default |
/// | links | refused |
/// | hidden files | uploaded |
/// | after a failed file | the other files continue |
/// | waiting for the dataset | up to an hour |
///
/// ```no_run
/// # async fn example(transfers: avala_transfer::Transfers) -> Result<(), avala_transfer::Error> {
/// use avala_transfer::DatasetUpload;
///
/// let upload = DatasetUpload::new("Night drives", "night-drives").source("/data/night").skip_hidden(true);
/// let report = transfers.upload_dataset(upload).await?;
/// println!("{} files sent, {} were there", report.files.transferred(), report.files.skipped());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "an upload does nothing until it is passed to `Transfers::upload_dataset`"]
pub struct DatasetUpload {
    pub(crate) name: String,
    pub(crate) slug: DatasetSlug,
    pub(crate) sources: Vec<PathBuf>,
    pub(crate) data_type: Option<DataType>,
    pub(crate) organization: Option<OrganizationUid>,
    pub(crate) owner: Option<OwnerName>,
    pub(crate) industry: Option<u64>,
    pub(crate) license: Option<u64>,
    pub(crate) visibility: Option<Visibility>,
    pub(crate) metadata: Option<Json>,
    pub(crate) create_metadata: Option<bool>,
    pub(crate) walk: WalkOptions,
    pub(crate) protocol_version: u64,
    pub(crate) on_failure: OnFailure,
    pub(crate) accept_unknown_content: bool,
    pub(crate) allow_leftovers: bool,
    pub(crate) new_batch: bool,
    pub(crate) create: bool,
    pub(crate) create_again: bool,
    pub(crate) wait: Option<Duration>,
    pub(crate) run: RunSettings,
}

impl DatasetUpload {
    /// Creates an upload that becomes a dataset with this display name and URL slug.
    ///
    /// The name selects the storage location of the files, so a run that resumes an upload needs the same name.
    pub fn new(name: impl Into<String>, slug: impl Into<DatasetSlug>) -> Self {
        Self {
            name: name.into(),
            slug: slug.into(),
            sources: Vec::new(),
            data_type: None,
            organization: None,
            owner: None,
            industry: None,
            license: None,
            visibility: None,
            metadata: None,
            create_metadata: None,
            walk: WalkOptions::default(),
            protocol_version: 2,
            on_failure: OnFailure::default(),
            accept_unknown_content: false,
            allow_leftovers: false,
            new_batch: false,
            create: true,
            create_again: false,
            wait: Some(Duration::from_secs(3_600)),
            run: RunSettings::default(),
        }
    }

    /// Adds a file, which gets its base name, or a folder, whose files get their paths relative to it.
    pub fn source(mut self, path: impl AsRef<Path>) -> Self {
        self.sources.push(path.as_ref().to_owned());
        self
    }

    /// Sets the data type. Default: inferred from the suffixes of the files, if all known suffixes agree.
    pub fn data_type(mut self, data_type: impl Into<DataType>) -> Self {
        self.data_type = Some(data_type.into());
        self
    }

    /// Sets the organization that owns the dataset. Default: the user of the key.
    pub fn organization(mut self, organization: impl Into<OrganizationUid>) -> Self {
        self.organization = Some(organization.into());
        self
    }

    /// Sets the owner of the dataset: a user name or an email address. The files still belong to the account that
    /// uploads them. Default: that account.
    pub fn owner(mut self, owner: impl Into<OwnerName>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Sets the industry of the dataset, by its number. Default: none.
    pub fn industry(mut self, industry: u64) -> Self {
        self.industry = Some(industry);
        self
    }

    /// Sets the license of the dataset, by its number. Default: none.
    pub fn license(mut self, license: u64) -> Self {
        self.license = Some(license);
        self
    }

    /// Sets the visibility. Default: the server's.
    pub fn visibility(mut self, visibility: impl Into<Visibility>) -> Self {
        self.visibility = Some(visibility.into());
        self
    }

    /// Sets the metadata of the dataset, a free-form object. Default: none.
    pub fn metadata(mut self, metadata: impl Into<Json>) -> Self {
        self.metadata = Some(metadata.into());
        self
    }

    /// Sets whether the server reads the metadata of the files. Default: the server's.
    pub fn create_metadata(mut self, create: bool) -> Self {
        self.create_metadata = Some(create);
        self
    }

    /// Sets whether links to files are followed, even if they point out of the folder. Default: false, a
    /// link is an error. Links to folders are always an error.
    pub fn follow_links(mut self, follow: bool) -> Self {
        self.walk.follow_links = follow;
        self
    }

    /// Sets whether files and folders whose names begin with a dot are skipped. Default: false.
    pub fn skip_hidden(mut self, skip: bool) -> Self {
        self.walk.skip_hidden = skip;
        self
    }

    /// Uploads only files that the filter selects. Excluded files are not examined, so they cannot cause an error.
    /// Default: all files.
    pub fn filter(mut self, filter: Filter) -> Self {
        self.walk.filter = filter;
        self
    }

    /// Uploads only these paths, relative to their source, such as the unfinished files of an earlier
    /// [`Report`](crate::Report). Default: all.
    pub fn only(mut self, paths: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.walk.only = Some(paths.into_iter().map(Into::into).collect::<HashSet<_>>());
        self
    }

    /// Offers only version 1 of the protocol: one form POST per file, without resume within a file. Default: version 2
    /// is offered, and the server decides.
    pub fn protocol_version_1(mut self) -> Self {
        self.protocol_version = 1;
        self
    }

    /// Sets what happens when a file fails. Default: [`OnFailure::Continue`].
    pub fn on_failure(mut self, policy: OnFailure) -> Self {
        self.on_failure = policy;
        self
    }

    /// Accepts existing objects of the right size that this state folder did not send. Default: false,
    /// such a file ends the run before the dataset is created, because the content may differ.
    pub fn accept_unknown_content(mut self, accept: bool) -> Self {
        self.accept_unknown_content = accept;
        self
    }

    /// Creates the dataset even if files of earlier runs that are no longer in the source become part of it. Default:
    /// false, such files are an error, because no call deletes an uploaded file.
    pub fn allow_leftovers(mut self, allow: bool) -> Self {
        self.allow_leftovers = allow;
        self
    }

    /// Starts a new batch, which is necessary after a file changed during its upload. Default: false, the batch of
    /// the last run is continued.
    pub fn new_batch(mut self, new: bool) -> Self {
        self.new_batch = new;
        self
    }

    /// Disables the creation of the dataset, so that only the files are uploaded. Default: the dataset is created.
    pub fn without_creation(mut self) -> Self {
        self.create = false;
        self
    }

    /// Requests the creation of the dataset again after a request with an unknown outcome. Default: false, the run
    /// ends with [`ErrorKind::Undecided`](crate::ErrorKind::Undecided). Set it after you have checked that the dataset
    /// does not exist.
    pub fn create_again(mut self, again: bool) -> Self {
        self.create_again = again;
        self
    }

    /// Sets how long to wait until the created dataset is ready. Default: an hour; `None` does not wait.
    pub fn wait(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.wait = timeout.into();
        self
    }

    /// Limits the bytes that the run may send, including repeated bytes. At the limit, the run ends with
    /// [`ErrorKind::LimitReached`](crate::ErrorKind::LimitReached), and the next run continues. Default: no limit.
    ///
    /// A file, or a part of a large file, is started only if all of its bytes are within the limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.run.max_bytes = Some(bytes);
        self
    }

    /// Limits the duration of the run, in the same way as [`max_bytes`](Self::max_bytes). Default: no limit.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.run.max_time = Some(time);
        self
    }

    /// Returns the payload that creates the dataset.
    pub(crate) fn payload(&self, data_type: DataType, batch: Option<&str>) -> CreateDatasetFromManualUpload {
        let mut payload = CreateDatasetFromManualUpload::new(&self.name, &self.slug, data_type);
        if let Some(visibility) = &self.visibility {
            payload = payload.visibility(visibility.clone());
        }
        if let Some(metadata) = &self.metadata {
            payload = payload.metadata(metadata.clone());
        }
        if let Some(create) = self.create_metadata {
            payload = payload.create_metadata(create);
        }
        if let Some(organization) = &self.organization {
            payload = payload.organization_uid(organization.clone());
        }
        if let Some(owner) = &self.owner {
            payload = payload.owner_name(owner.clone());
        }
        if let Some(industry) = self.industry {
            payload = payload.industry(industry);
        }
        if let Some(license) = self.license {
            payload = payload.license(license);
        }
        if let Some(batch) = batch {
            payload = payload.dataset_upload_uid(batch);
        }
        payload
    }
}
