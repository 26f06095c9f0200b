//! The entry point of the crate: `Transfers` and its builder.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use avala_client::Avala;
use avala_transport::TransportBuilder;

use crate::budget::bandwidth::BandwidthLimit;
use crate::budget::memory::MemoryBudget;
use crate::error::{Error, ErrorKind};
use crate::state::folder::StateFolder;
use crate::storage::client::{Configure, Storage};
use crate::storage::hosts::StorageHosts;

/// Maximum number of concurrent uploads that the API allows.
const MAX_UPLOADS: usize = 10;

/// Uploads and downloads of one client. Cheap to clone; clones share budgets, limits and connections.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use avala_client::Avala;
/// use avala_transfer::{BandwidthLimit, Transfers};
///
/// let limit = BandwidthLimit::new(2_000_000);
/// let transfers = Transfers::builder(Avala::from_env()?)
///     .state_folder("/var/lib/robot/avala")
///     .bandwidth_limit(limit.clone())
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Transfers(Arc<Inner>);

struct Inner {
    avala: Avala,
    state: StateFolder,
    storage: Storage,
    memory: MemoryBudget,
    bandwidth: BandwidthLimit,
    max_uploads: usize,
    official_state: Option<PathBuf>,
}

impl Transfers {
    /// Creates a builder. A state folder has to be set.
    pub fn builder(avala: Avala) -> TransfersBuilder {
        TransfersBuilder::new(avala)
    }

    pub(crate) fn avala(&self) -> &Avala {
        &self.0.avala
    }

    pub(crate) fn state(&self) -> &StateFolder {
        &self.0.state
    }

    pub(crate) fn storage(&self) -> &Storage {
        &self.0.storage
    }

    pub(crate) fn memory(&self) -> &MemoryBudget {
        &self.0.memory
    }

    pub(crate) fn bandwidth(&self) -> &BandwidthLimit {
        &self.0.bandwidth
    }

    /// Returns the maximum number of concurrent uploads.
    pub(crate) fn max_uploads(&self) -> usize {
        self.0.max_uploads
    }

    /// Returns the state folder of the official Python client, if the caller has set it.
    pub(crate) fn official_state(&self) -> Option<&PathBuf> {
        self.0.official_state.as_ref()
    }
}

impl fmt::Debug for Transfers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfers")
            .field("avala", &self.0.avala)
            .field("state", &self.0.state.path())
            .field("memory", &self.0.memory)
            .field("bandwidth", &self.0.bandwidth)
            .finish_non_exhaustive()
    }
}

/// Builds [`Transfers`].
///
/// | Setting | Default |
/// |---|---|
/// | state folder | required |
/// | memory budget | 64 MiB, less in a small cgroup |
/// | bandwidth limit | none |
/// | uploads at a time | 10, which is what the API allows; adapted to each storage host |
/// | storage endpoints | the known hosts of Avala, AWS S3, Google Cloud Storage, Azure and Cloudflare R2 |
/// | connections to storage hosts | https with the root certificates of the build, no proxy |
#[must_use = "a builder does nothing until `build`"]
pub struct TransfersBuilder {
    avala: Avala,
    state_folder: Option<PathBuf>,
    memory: Option<MemoryBudget>,
    bandwidth: BandwidthLimit,
    max_uploads: usize,
    endpoints: Vec<String>,
    connections: Configure,
    layers: Configure,
    official_state: Option<PathBuf>,
}

impl TransfersBuilder {
    fn new(avala: Avala) -> Self {
        Self {
            avala,
            state_folder: None,
            memory: None,
            bandwidth: BandwidthLimit::unlimited(),
            max_uploads: MAX_UPLOADS,
            endpoints: Vec::new(),
            connections: Arc::new(|builder| builder),
            layers: Arc::new(|builder| builder),
            official_state: None,
        }
    }

    /// Sets the folder of the state, from which transfers are resumed. Required; created if it does not exist.
    ///
    /// It must be on a file system that can lock files and survives a reboot. It holds no key and no URL. Its files
    /// have mode 0600. Several processes may share it.
    pub fn state_folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_folder = Some(path.into());
        self
    }

    /// Sets the memory budget: bytes, or a [`MemoryBudget`] that several `Transfers` share.
    pub fn memory_budget(mut self, budget: impl Into<MemoryBudget>) -> Self {
        self.memory = Some(budget.into());
        self
    }

    /// Sets the bandwidth limit, which can be changed while transfers run. Default: none.
    pub fn bandwidth_limit(mut self, limit: BandwidthLimit) -> Self {
        self.bandwidth = limit;
        self
    }

    /// Sets how many files and parts may be uploaded at once, at most 10. Default: 10.
    pub fn max_uploads(mut self, uploads: usize) -> Self {
        self.max_uploads = uploads.clamp(1, MAX_UPLOADS);
        self
    }

    /// Allows a storage host besides the known ones, such as `https://minio.example.com:9000`.
    ///
    /// Plain http is allowed only on loopback, and only if the base URL of the API is plain http too.
    pub fn storage_endpoint(mut self, origin: impl Into<String>) -> Self {
        self.endpoints.push(origin.into());
        self
    }

    /// Changes the connections to storage hosts: proxy, certificates, connect timeouts, or your own service in
    /// place of the HTTP client. Called once per host.
    ///
    /// The settings of the API's client do not apply to storage hosts, so a proxy has to be set here too.
    pub fn storage_connections(
        mut self,
        change: impl Fn(TransportBuilder) -> TransportBuilder + Send + Sync + 'static,
    ) -> Self {
        self.connections = Arc::new(change);
        self
    }

    /// Adds your own layers around requests to storage hosts. Called once per host.
    ///
    /// `Authorization`, `Cookie` and `X-Avala-Api-Key` are removed before a request is sent, even if a layer adds them:
    /// a presigned URL is the only credential that a storage host may receive.
    pub fn storage_layers(
        mut self,
        change: impl Fn(TransportBuilder) -> TransportBuilder + Send + Sync + 'static,
    ) -> Self {
        self.layers = Arc::new(change);
        self
    }

    /// Sets the folder in which the official Python client keeps its state, usually `~/.avala/uploads`.
    ///
    /// A run then warns if that client has an unfinished upload to the same destination. Default: not read.
    pub fn official_client_state(mut self, folder: impl Into<PathBuf>) -> Self {
        self.official_state = Some(folder.into());
        self
    }

    /// Builds the transfers, without opening a connection, creating a folder or starting a task.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`] without a state folder, or with an invalid storage endpoint.
    pub fn build(self) -> Result<Transfers, Error> {
        let Some(folder) = self.state_folder else {
            return Err(Error::new(ErrorKind::Configuration, "no state folder is set")
                .help("set it with `state_folder`: transfers are resumed from there"));
        };
        let is_insecure = self.avala.base_url().is_some_and(|url| url.scheme() == "http");
        let mut hosts = StorageHosts { allow_insecure_loopback: is_insecure, custom: Vec::new() };
        for endpoint in &self.endpoints {
            let origin = hosts.endpoint(endpoint)?;
            hosts.custom.push(origin);
        }
        Ok(Transfers(Arc::new(Inner {
            avala: self.avala,
            state: StateFolder::new(folder),
            storage: Storage::new(hosts, self.connections, self.layers, self.max_uploads),
            memory: self.memory.unwrap_or_default(),
            bandwidth: self.bandwidth,
            max_uploads: self.max_uploads,
            official_state: self.official_state,
        })))
    }
}

impl From<u64> for MemoryBudget {
    fn from(bytes: u64) -> Self {
        Self::new(bytes)
    }
}

impl fmt::Debug for TransfersBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransfersBuilder")
            .field("avala", &self.avala)
            .field("state_folder", &self.state_folder)
            .field("memory", &self.memory)
            .field("bandwidth", &self.bandwidth)
            .field("max_uploads", &self.max_uploads)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}
