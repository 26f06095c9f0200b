//! The settings that a sandbox starts with.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use http::HeaderValue;
use tokio::net::TcpListener;

use crate::app::{App, Settings};
#[cfg(feature = "tls")]
use crate::authority::Authority;
use crate::fault::FaultQueue;
#[cfg(feature = "tls")]
use crate::known_hosts::{MANAGED_STORAGE, STORAGE_ORIGIN};
use crate::pipeline::Pipeline;
#[cfg(feature = "tls")]
use crate::proxy;
use crate::rate_limit::{Limiter, RateLimit};
use crate::request_log::{LoggedRequest, OnResponse, RequestLog};
#[cfg(feature = "tls")]
use crate::sandbox::Proxy;
use crate::sandbox::Sandbox;
use crate::seed::{self, Seed};
use crate::server::{self, Tls};
use crate::webhook::DeliveryWorker;
use crate::{demo, router};

/// Settings of a sandbox that is about to start; made by [`Sandbox::builder`].
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
    pub(crate) port: u16,
    pub(crate) api_key: String,
    pub(crate) seed: Seed,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) latency: Duration,
    pub(crate) bare_member_lists: bool,
    pub(crate) update_existing_agents: bool,
    pub(crate) access_token: Option<String>,
    pub(crate) url_lifetime: Duration,
    #[cfg(feature = "tls")]
    pub(crate) tls: bool,
    #[cfg(feature = "tls")]
    pub(crate) proxy_port: u16,
    pub(crate) webhook_retries: Vec<Duration>,
    pub(crate) on_response: Box<OnResponse>,
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
            url_lifetime: Duration::from_secs(3600),
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

    /// Chooses what is there at the start; [`Seed::Demo`] unless set.
    pub fn seed(mut self, seed: Seed) -> Self {
        self.seed = seed;
        self
    }

    /// Refuses requests beyond this rate with 429. Unless set, the headers show a limit that nobody reaches.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Holds every response back for this long. The request itself is processed at once.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Returns lists of members as bare arrays, as some deployments do, and not as pages.
    pub fn bare_member_lists(mut self, bare: bool) -> Self {
        self.bare_member_lists = bare;
        self
    }

    /// Updates the agent of the same name when an agent is registered, instead of creating another.
    ///
    /// No source says what the real server does. Default: creates another.
    pub fn update_existing_agents(mut self, update: bool) -> Self {
        self.update_existing_agents = update;
        self
    }

    /// Accepts this OAuth access token in `Authorization: Bearer`. The key is always accepted there, too.
    pub fn access_token(mut self, token: impl Into<String>) -> Self {
        self.access_token = Some(token.into());
        self
    }

    /// Sets how long URLs of the storage host are valid; fractions of a second are dropped. Default: one hour.
    ///
    /// With zero every URL has expired, so that a client sees 403.
    pub fn url_lifetime(mut self, lifetime: Duration) -> Self {
        self.url_lifetime = lifetime;
        self
    }

    /// Serves the API over https with a certificate of a test CA, and starts a CONNECT proxy.
    ///
    /// The proxy stands in for `api.avala.ai` and for the storage hosts that uploads are known to go to, with
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

    /// Chooses how long a webhook that did not get a 2xx response is left alone before each further attempt.
    ///
    /// Unless set, there are three more attempts: after one second, five seconds and 25 seconds.
    pub fn webhook_retries(mut self, waits: impl IntoIterator<Item = Duration>) -> Self {
        self.webhook_retries = waits.into_iter().collect();
        self
    }

    /// Calls `observe` with each request once it gets a response, as for a log.
    ///
    /// It runs on the server's task and should not block.
    pub fn on_response(mut self, observe: impl Fn(&LoggedRequest) + Send + Sync + 'static) -> Self {
        self.on_response = Box::new(observe);
        self
    }

    /// Starts the server on the current Tokio runtime and returns once it listens.
    ///
    /// # Errors
    /// When the port is taken, or the key is empty or cannot be the value of a header ([`io::ErrorKind::InvalidInput`]).
    pub async fn start(self) -> io::Result<Sandbox> {
        Sandbox::start_with(self).await
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
            .field("url_lifetime", &self.url_lifetime)
            .finish_non_exhaustive()
    }
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

    async fn start_with(settings: SandboxBuilder) -> io::Result<Self> {
        check_key(&settings.api_key)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address = listener.local_addr()?;
        #[cfg(feature = "tls")]
        let authority = if settings.tls { Some(Arc::new(Authority::new()?)) } else { None };
        #[cfg(feature = "tls")]
        let tls = authority.as_ref().map(|authority| authority.acceptor("127.0.0.1").map(Tls::On)).transpose()?;
        #[cfg(not(feature = "tls"))]
        let tls = None;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{address}");
        let mut tables = seed::tables(settings.seed, &url)?;
        tables.accounts.give_key(&demo::OWNER.into(), &settings.api_key);
        if let Some(token) = &settings.access_token {
            check_key(token)?;
            tables.accounts.give_token(&demo::OWNER.into(), token);
        }
        let (app, outbox) = App::new(Settings::new(&url, &settings), tables);
        let worker = DeliveryWorker { app: app.clone(), outbox, waits: settings.webhook_retries };
        let pipeline = Arc::new(Pipeline {
            router: router::router(app.clone()),
            app,
            limiter: Limiter::new(settings.rate_limit),
            faults: FaultQueue::default(),
            log: RequestLog::default(),
            latency: settings.latency,
            on_response: settings.on_response,
        });
        #[cfg(feature = "tls")]
        let proxy = match authority {
            Some(authority) => Some(start_proxy(settings.proxy_port, authority, &pipeline, address.port()).await?),
            None => None,
        };
        let run = server::run(listener, Arc::clone(&pipeline), worker, tls.unwrap_or(Tls::Off));
        let server = tokio::spawn(run).abort_handle();
        Ok(Self {
            url,
            key: settings.api_key,
            pipeline,
            server,
            #[cfg(feature = "tls")]
            proxy,
        })
    }
}

#[cfg(feature = "tls")]
async fn start_proxy(
    port: u16,
    authority: Arc<Authority>,
    pipeline: &Arc<Pipeline>,
    api_port: u16,
) -> io::Result<Proxy> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let ca_certificate_pem = authority.pem().to_owned();
    let task = tokio::spawn(proxy::run(listener, authority, Arc::clone(pipeline), api_port)).abort_handle();
    Ok(Proxy { url, ca_certificate_pem, task })
}

impl Settings {
    fn new(url: &str, builder: &SandboxBuilder) -> Self {
        let (storage_url, managed_storage_url) = (url.to_owned(), format!("{url}/recordings"));
        #[cfg(feature = "tls")]
        let (storage_url, managed_storage_url) = match builder.tls {
            true => (STORAGE_ORIGIN.to_owned(), MANAGED_STORAGE.to_owned()),
            false => (storage_url, managed_storage_url),
        };
        Self {
            url: url.to_owned(),
            storage_url,
            managed_storage_url,
            bare_member_lists: builder.bare_member_lists,
            update_existing_agents: builder.update_existing_agents,
            url_lifetime: builder.url_lifetime,
        }
    }
}

fn check_key(key: &str) -> io::Result<()> {
    match HeaderValue::from_str(key) {
        Ok(_) if !key.is_empty() => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the key is empty or cannot be sent in a header")),
    }
}
