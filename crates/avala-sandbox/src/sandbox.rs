//! A running sandbox.

use std::fmt;
use std::sync::Arc;

use avala_types::Json;
use serde::Serialize;
use tokio::task::AbortHandle;

use crate::fault::{Fault, FaultError};
use crate::pipeline::Pipeline;
use crate::protocol::API_PREFIX;
use crate::request_log::LoggedRequest;
use crate::webhook::AnnounceError;

/// An Avala in memory that listens on a port of this machine until it is dropped.
///
/// Each one has its own data, so that tests can run side by side. There are no permissions: whoever has the key
/// sees and changes everything.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use avala_sandbox::Sandbox;
///
/// let sandbox = Sandbox::start().await?;
/// println!("curl -H 'X-Avala-Api-Key: {}' {}/datasets/", sandbox.key(), sandbox.api_url());
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
    /// Where the server is, as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the API is: [`url`](Sandbox::url) with `/api/v1`, which is what clients call the base URL.
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

    /// Certificate of the test CA in PEM, for `SSL_CERT_FILE`; `None` unless the sandbox was started with
    /// [`tls`](crate::SandboxBuilder::tls).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn ca_certificate_pem(&self) -> Option<&str> {
        self.proxy.as_ref().map(|proxy| proxy.ca_certificate_pem.as_str())
    }

    /// The key that requests need in `X-Avala-Api-Key`.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The requests so far, in the order of their arrival.
    ///
    /// The last 10,000 are kept, and fewer when their bodies are over 256 MiB together.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.pipeline.log.requests()
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.pipeline.log.clear();
    }

    /// Announces an event to the agents and webhooks that subscribed to it, as if it had just happened.
    ///
    /// The payload is what agents get, as `{"task_uid": ..., "result_uid": ...}` for `result.submitted`, or the
    /// resource that webhooks get, with its `uid`. Nothing else changes: `dataset.deleted` deletes no dataset.
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

    /// Adds a fault, which waits for a request that it fits.
    ///
    /// # Errors
    /// When the fault was described with something that HTTP does not allow.
    pub fn fault(&self, fault: Fault) -> Result<(), FaultError> {
        self.pipeline.faults.add(fault)
    }

    /// Removes the faults that have not met their requests yet.
    pub fn clear_faults(&self) {
        self.pipeline.faults.clear();
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
