//! A running sandbox.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use avala_types::Json;
use serde::Serialize;
use tokio::task::AbortHandle;

use crate::fault::{Fault, FaultError};
use crate::not_found::NotFound;
use crate::pipeline::Pipeline;
use crate::protocol::API_PREFIX;
use crate::request_log::LoggedRequest;
use crate::state::fleet::script::FinalizationStep;
use crate::storage_host::StorageHost;
use crate::webhook::AnnounceError;

/// An Avala in memory that listens on a port of this machine until it is dropped.
///
/// Each one has its own data, so that tests can run in parallel. There are no permissions: every client with the key
/// sees and changes everything.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use avala_sandbox::Sandbox;
///
/// let sandbox = Sandbox::start().await?;
/// println!("curl -H 'X-Avala-Api-Key: {}' {}/datasets/", sandbox.api_key(), sandbox.api_url());
/// assert!(sandbox.requests().is_empty());
/// # Ok(())
/// # }
/// ```
pub struct Sandbox {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) pipeline: Arc<Pipeline>,
    pub(crate) server: AbortHandle,
    #[cfg(feature = "tls")]
    pub(crate) proxy: Option<Proxy>,
}

/// The CONNECT proxy of a sandbox with TLS.
#[cfg(feature = "tls")]
pub(crate) struct Proxy {
    pub(crate) url: String,
    pub(crate) ca_certificate_pem: String,
    pub(crate) task: AbortHandle,
}

impl Sandbox {
    /// Returns the URL of the server, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the base URL of the API: [`url`](Sandbox::url) with `/api/v1`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("{}{API_PREFIX}", self.url)
    }

    /// Address of the CONNECT proxy, for `HTTPS_PROXY`; `None` unless the sandbox was started with
    /// [`tls`](crate::SandboxBuilder::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn proxy_url(&self) -> Option<&str> {
        self.proxy.as_ref().map(|proxy| proxy.url.as_str())
    }

    /// Returns the certificate of the test CA in PEM, for `SSL_CERT_FILE`; `None` unless the sandbox was started with
    /// [`tls`](crate::SandboxBuilder::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.proxy.as_ref().map(|proxy| proxy.ca_certificate_pem.as_str())
    }

    /// Returns the API key that requests need in `X-Avala-Api-Key`.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.key
    }

    #[doc(hidden)] // The former name of `api_key`.
    #[must_use]
    pub fn key(&self) -> &str {
        self.api_key()
    }

    /// Returns the requests so far, in the order of their arrival.
    ///
    /// The last 10,000 are kept, and fewer when their bodies are over 256 MiB together.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.pipeline.log.requests()
    }

    /// Removes the requests so far from the log.
    pub fn clear_requests(&self) {
        self.pipeline.log.clear();
    }

    /// Triggers an event for the agents and webhooks that are subscribed to it.
    ///
    /// The payload is that of agents, such as `{"task_uid": ..., "result_uid": ...}` for `result.submitted`, or the
    /// resource for webhooks, with its `uid`. Nothing else changes: `dataset.deleted` deletes no dataset.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sandbox = avala_sandbox::Sandbox::start().await?;
    /// sandbox.announce("dataset.deleted", serde_json::json!({ "dataset_uid": "d1", "project_uid": null }))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// If the event is unknown, or the payload does not fit it.
    pub fn announce(&self, event: impl AsRef<str>, payload: impl Serialize) -> Result<(), AnnounceError> {
        let payload = Json::encode(&payload).map_err(AnnounceError::not_json)?;
        self.pipeline.app.announce_checked(event.as_ref(), &payload).map(drop)
    }

    /// Adds a fault for the first request that matches it.
    ///
    /// # Errors
    /// If HTTP cannot express the fault, or no request can match it.
    pub fn fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.pipeline.app.faults().add(fault)
    }

    /// Gives access to the objects of the storage host and to what was sent to it.
    #[must_use]
    pub fn storage(&self) -> StorageHost<'_> {
        StorageHost::new(&self.pipeline.app)
    }

    /// Moves the clock of the server forward: its `Date` headers show it, and URLs and reservations expire by it.
    ///
    /// Times in records are not moved.
    pub fn advance_clock(&self, time: Duration) {
        self.pipeline.app.storage(|storage| storage.clock.advance(time));
    }

    /// Lets the next status responses of managed uploads show these steps of their finalization, one in each, before it
    /// continues as usual.
    ///
    /// A finalization that failed with a step stays failed until it is started again.
    pub fn script_finalizations(&self, steps: impl IntoIterator<Item = FinalizationStep>) {
        self.pipeline.app.tables().fleet.finalization_script.extend(steps);
    }

    /// Sets the state of the generations of a recording's managed upload: `initializing`, `active`, `abandoned`,
    /// `completing` or `completed`.
    ///
    /// # Errors
    /// If the recording has no managed upload.
    pub fn set_generation_state(&self, recording_uid: &str, state: &str) -> Result<(), NotFound> {
        let mut tables = self.pipeline.app.tables();
        let row = tables.fleet.managed_uploads.find_mut(|row| row.recording.as_ref() == recording_uid);
        let row = row.map_err(|_| NotFound::new("managed upload of recording", recording_uid))?;
        row.set_generations(&state.into());
        Ok(())
    }

    /// Withdraws the published revision of a public dataset: exact requests for it get 410 from now on.
    ///
    /// # Errors
    /// If the dataset has no revision.
    pub fn withdraw_revision(&self, dataset_uid: &str) -> Result<(), NotFound> {
        let mut tables = self.pipeline.app.tables();
        let revision = tables.published(&dataset_uid.into());
        revision.ok_or_else(|| NotFound::new("revision of dataset", dataset_uid))?.is_withdrawn = true;
        Ok(())
    }

    /// Sets whether grants of a public dataset report that ranges are supported. Default: they do.
    ///
    /// # Errors
    /// If the dataset has no revision.
    pub fn set_range_supported(&self, dataset_uid: &str, supported: bool) -> Result<(), NotFound> {
        let mut tables = self.pipeline.app.tables();
        let revision = tables.published(&dataset_uid.into());
        revision.ok_or_else(|| NotFound::new("revision of dataset", dataset_uid))?.range_supported = supported;
        Ok(())
    }

    /// Sets the status of an agent's execution, such as `running` or `failed`.
    ///
    /// # Errors
    /// If there is no such execution.
    pub fn set_execution_status(&self, execution_uid: &str, status: &str) -> Result<(), NotFound> {
        let mut tables = self.pipeline.app.tables();
        let execution = tables.agent_executions.get_mut(execution_uid);
        execution.map_err(|_| NotFound::new("execution", execution_uid))?.status = Some(status.into());
        Ok(())
    }

    /// Removes the faults that have not been applied yet.
    pub fn clear_faults(&self) {
        self.pipeline.app.faults().clear();
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.server.abort();
        #[cfg(feature = "tls")]
        if let Some(proxy) = &self.proxy {
            proxy.task.abort();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}
