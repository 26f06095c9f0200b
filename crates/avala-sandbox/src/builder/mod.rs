//! Settings of a sandbox before it starts.

mod data;
mod start;
mod uploads;

use std::time::Duration;
use std::{fmt, io};

use crate::app::UploadSettings;
use crate::rate_limit::RateLimit;
use crate::request_log::{LoggedRequest, OnResponse};
use crate::sandbox::Sandbox;
use crate::seed::{Extras, Seed};
use crate::state::storage::Bodies;

/// Settings of a sandbox before it starts; created by [`Sandbox::builder`].
///
/// ```no_run
/// use std::time::Duration;
/// use avala_sandbox::{RateLimit, Sandbox, Seed};
///
/// # async fn example() -> std::io::Result<()> {
/// let sandbox = Sandbox::builder()
///     .seed(Seed::Empty)
///     .rate_limit(RateLimit::per_minute(100))
///     .latency(Duration::from_millis(30))
///     .start()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a sandbox starts with `start`"]
pub struct SandboxBuilder {
    port: u16,
    api_key: String,
    seed: Seed,
    rate_limit: Option<RateLimit>,
    latency: Duration,
    bare_member_lists: bool,
    update_existing_agents: bool,
    access_token: Option<String>,
    limits: bool,
    documented_limits: bool,
    url_lifetime: Option<Duration>,
    bodies: Bodies,
    uploads: UploadSettings,
    export_size: Option<u64>,
    item_size: u64,
    extras: Extras,
    execution_page_limit: usize,
    start_listed_executions: bool,
    clock_offset_ms: i64,
    #[cfg(feature = "tls")]
    tls: bool,
    #[cfg(feature = "tls")]
    proxy_port: u16,
    webhook_retries: Vec<Duration>,
    on_response: Box<OnResponse>,
}

impl SandboxBuilder {
    pub(crate) fn new() -> Self {
        Self {
            port: 0,
            api_key: "avk_test".to_owned(),
            seed: Seed::Demo,
            rate_limit: None,
            latency: Duration::ZERO,
            bare_member_lists: false,
            update_existing_agents: false,
            access_token: None,
            limits: true,
            documented_limits: false,
            url_lifetime: None,
            bodies: Bodies::Keep,
            uploads: UploadSettings::default(),
            export_size: None,
            item_size: 4096,
            extras: Extras::default(),
            execution_page_limit: 1000,
            start_listed_executions: false,
            clock_offset_ms: 0,
            #[cfg(feature = "tls")]
            tls: false,
            #[cfg(feature = "tls")]
            proxy_port: 0,
            webhook_retries: [1, 5, 25].map(Duration::from_secs).into(),
            on_response: Box::new(|_| {}),
        }
    }

    /// Listens on this port of 127.0.0.1; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Takes requests with this key; `avk_test` unless set.
    pub fn api_key(mut self, key: impl Into<String>) -> Self {
        self.api_key = key.into();
        self
    }

    /// Sets the initial data. Default: [`Seed::Demo`].
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Refuses requests beyond this rate with 429. Unless set, the headers show a limit that no client reaches.
    ///
    /// Calls without a key have their own limit, 30 a minute; see [`limits`](Self::limits).
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Turns all rate limits off, or on again, including those of calls without a key. Default: on.
    ///
    /// For soak and kill tests, which would wait for minutes.
    pub fn rate_limits(mut self, limits: bool) -> Self {
        self.limits = limits;
        self
    }

    #[doc(hidden)] // The former name of `rate_limits`.
    pub fn limits(self, limits: bool) -> Self {
        self.rate_limits(limits)
    }

    /// Refuses an owner's 11th open upload of a dataset, the sixth unfinished export, and the sixth signup in a minute
    /// with 429. Default: off.
    ///
    /// The API documents these limits, and that a deployment can change them. An upload is open from the call that
    /// prepares it until the storage has its file; exports advance while they are polled.
    pub fn documented_limits(mut self, enforce: bool) -> Self {
        self.documented_limits = enforce;
        self
    }

    /// Delays every response by this time. The request itself is processed at once.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Returns lists of members as bare arrays, like some deployments, and not as pages.
    pub fn bare_member_lists(mut self, bare: bool) -> Self {
        self.bare_member_lists = bare;
        self
    }

    /// Updates the agent of the same name when an agent is registered, instead of creating another.
    ///
    /// The behavior of the real server is unknown. Default: creates another.
    pub fn update_existing_agents(mut self, update: bool) -> Self {
        self.update_existing_agents = update;
        self
    }

    /// Accepts this OAuth access token in `Authorization: Bearer`. The API key is always accepted there as well.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Serves the API over https with a certificate of a test CA, and starts a CONNECT proxy.
    ///
    /// The proxy replaces `api.avala.ai` and the known storage hosts of uploads, with
    /// certificates of the same CA. URLs for files then name such hosts, so that uploaders which insist on https and
    /// known hosts run unmodified: they have to trust [`Sandbox::ca_certificate_pem`] and to use
    /// [`Sandbox::proxy_url`]. Default: off.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets the port of 127.0.0.1 that the proxy listens on, with [`tls`](Self::tls). Default: 0, a free one.
    #[cfg(feature = "tls")]
    pub fn proxy_port(mut self, port: u16) -> Self {
        self.proxy_port = port;
        self
    }

    /// Sets the waits before further attempts of a webhook delivery that got no 2xx response.
    ///
    /// Unless set, there are three more attempts: after one second, five seconds and 25 seconds.
    pub fn webhook_retries(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.webhook_retries = waits.into_iter().collect();
        self
    }

    /// Calls `observe` with each request when its response is sent, such as for a log.
    ///
    /// It runs on the server's task and should not block.
    pub fn on_response(mut self, observe: impl Fn(&LoggedRequest) + Send + Sync + 'static) -> Self {
        self.on_response = Box::new(observe);
        self
    }

    /// Starts the server on the current Tokio runtime and returns once it listens.
    ///
    /// # Errors
    /// If the port is in use, or the key is empty or cannot be the value of a header
    /// ([`io::ErrorKind::InvalidInput`]).
    pub async fn start(self) -> io::Result<Sandbox> {
        // The settings are large.
        Box::pin(self.start_sandbox()).await
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("port", &self.port)
            .field("seed", &self.seed)
            .field("rate_limit", &self.rate_limit)
            .field("latency", &self.latency)
            .field("bare_member_lists", &self.bare_member_lists)
            .field("update_existing_agents", &self.update_existing_agents)
            .field("limits", &self.limits)
            .field("documented_limits", &self.documented_limits)
            .field("url_lifetime", &self.url_lifetime)
            .field("bodies", &self.bodies)
            .field("uploads", &self.uploads)
            .field("extras", &self.extras)
            .finish_non_exhaustive()
    }
}
