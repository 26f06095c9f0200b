//! A running sandbox.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use crate::app::App;
use crate::builder::SandboxBuilder;
use crate::fault::FaultQueue;
use crate::pipeline::Pipeline;
use crate::rate_limit::Limiter;
use crate::request_log::RequestLog;
use crate::webhook::Courier;
use crate::{API_PREFIX, Fault, FaultError, LoggedRequest, demo, router, seed, server};

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
    url: String,
    key: String,
    pipeline: Arc<Pipeline>,
    server: AbortHandle,
}

impl Sandbox {
    /// Starts one on a free port, with the demo seed and the key `avk_test`.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Starts one with other settings.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::new()
    }

    pub(crate) async fn start_with(settings: SandboxBuilder) -> io::Result<Self> {
        check_key(&settings.api_key)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut tables = seed::tables(settings.seed, &url)?;
        tables.accounts.give_key(&demo::OWNER.into(), &settings.api_key);
        let (app, outbox) = App::new(&url, settings.bare_member_lists, tables);
        let courier = Courier { app: app.clone(), outbox, waits: settings.webhook_retries };
        let pipeline = Arc::new(Pipeline {
            router: router::router(app.clone()),
            app,
            limiter: Limiter::new(settings.rate_limit),
            faults: FaultQueue::default(),
            log: RequestLog::default(),
            latency: settings.latency,
            on_answer: settings.on_answer,
        });
        let server = tokio::spawn(server::run(listener, Arc::clone(&pipeline), courier)).abort_handle();
        Ok(Self { url, key: settings.api_key, pipeline, server })
    }

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
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url).finish_non_exhaustive()
    }
}

fn check_key(key: &str) -> io::Result<()> {
    match HeaderValue::from_str(key) {
        Ok(_) if !key.is_empty() => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the key is empty or cannot be sent in a header")),
    }
}
