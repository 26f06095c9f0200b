//! The settings of a client.

use std::fmt;
use std::time::Duration;

use avala_transport::{
    ApiKey, ApiKeyProvider, BaseUrl, Body, BoxError, Classified, RateLimit, RateLimiter, RetryPolicy, Transport,
    TransportBuilder,
};
use avala_types::{AvalaConfig, Secret};
use bytes::Bytes;
use tower::{Layer, Service};

use crate::Avala;
use crate::error::Error;

/// How the SDK names itself to the server.
const USER_AGENT: &str = concat!("avala-rust/", env!("CARGO_PKG_VERSION"));

/// The settings of a client. Made by [`Avala::builder`].
///
/// ```
/// use std::time::Duration;
/// use avala_client::Avala;
/// use avala_client::transport::{RateLimit, RetryPolicy};
///
/// let avala = Avala::builder()
///     .api_key("avk_1f9a")
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::default().max_attempts(5))
///     .rate_limit(RateLimit::per_minute(600))
///     .build()?;
/// # Ok::<(), avala_client::Error>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct AvalaBuilder {
    key: Key,
    base_url: String,
    allow_insecure_base_url: bool,
    timeout: Duration,
    limiter: RateLimiter,
    transport: TransportBuilder,
}

/// Where the key comes from.
#[derive(Debug)]
enum Key {
    /// Nobody has said.
    Missing,
    /// There shall be none.
    None,
    Given(Secret),
    /// A provider in the transport has it.
    Provided,
}

impl Default for AvalaBuilder {
    fn default() -> Self {
        Self {
            key: Key::Missing,
            base_url: AvalaConfig::DEFAULT_BASE_URL.to_owned(),
            allow_insecure_base_url: false,
            timeout: AvalaConfig::DEFAULT_TIMEOUT,
            limiter: RateLimiter::new(RateLimit::default()),
            transport: TransportBuilder::new().user_agent(USER_AGENT),
        }
    }
}

impl AvalaBuilder {
    /// Takes the key, the base URL and the proxy from the environment, as [`Avala::from_env`] does.
    ///
    /// The proxy is that of `HTTPS_PROXY` or `ALL_PROXY`, but for the hosts in `NO_PROXY`. To go without it, follow this
    /// with `.transport(|transport| transport.proxy(Proxy::none()))`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when `AVALA_API_KEY` is not set, or the proxy
    /// cannot be used.
    pub fn env(self) -> Result<Self, Error> {
        let config = AvalaConfig::from_lookup(|name| std::env::var(name).ok());
        let this = self.config(config.map_err(|error| Error::configuration(error.to_string()))?);
        #[cfg(feature = "proxy")]
        let this = {
            let proxy = avala_transport::Proxy::from_env().map_err(|error| Error::transport(None, error))?;
            this.transport(|transport| transport.proxy(proxy))
        };
        Ok(this)
    }

    /// Takes the key, the base URL and the timeout from a configuration.
    pub fn config(self, config: AvalaConfig) -> Self {
        self.api_key(config.api_key)
            .base_url(config.base_url)
            .allow_insecure_base_url(config.allow_insecure_base_url)
            .timeout(config.timeout)
    }

    /// The key that goes with every call.
    pub fn api_key(mut self, api_key: impl Into<Secret>) -> Self {
        self.key = Key::Given(api_key.into());
        self
    }

    /// Asks for the key at each attempt, so that a new one counts from the next attempt on.
    ///
    /// ```
    /// use avala_client::Avala;
    /// use avala_client::transport::FileApiKey;
    ///
    /// let avala = Avala::builder().api_key_provider(FileApiKey::new("/run/secrets/avala")).build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn api_key_provider(mut self, provider: impl ApiKeyProvider) -> Self {
        self.key = Key::Provided;
        self.transport(|transport| transport.api_key_provider(provider))
    }

    /// Makes a client without a key, which can sign up and do nothing else: see
    /// [`Signups`](crate::resources::Signups). The server refuses every other call with
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication).
    pub fn without_api_key(mut self) -> Self {
        self.key = Key::None;
        self
    }

    /// Where the API is. Without a path it gets `/api/v1`; one with a path is used as it is.
    ///
    /// It has to be https, so that nobody sees the key on its way.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }

    /// Allows a base URL with plain http, and that only to `localhost`, `127.0.0.1` or `::1`, as tests need it.
    pub fn allow_insecure_base_url(mut self, allow: bool) -> Self {
        self.allow_insecure_base_url = allow;
        self
    }

    /// Gives each call this much time in all, retries and waiting included; 60 seconds unless set.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// When and how often an attempt that failed is repeated.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.transport(|transport| transport.retry(policy))
    }

    /// How fast this client and its clones may call; 100 a minute in bursts of 20 unless set or learned from answers.
    pub fn rate_limit(self, limit: RateLimit) -> Self {
        self.rate_limiter(RateLimiter::new(limit))
    }

    /// Shares a limiter with other clients of the same account, or turns it off with [`RateLimiter::off`].
    pub fn rate_limiter(mut self, limiter: RateLimiter) -> Self {
        self.limiter = limiter;
        self
    }

    /// Adds a layer around each call: it sees the call once, however often it is tried, and its end, a timeout included.
    ///
    /// The layer that is added first is the outermost. [`TransportBuilder::layer_per_call`] says what it sees, how its
    /// errors are treated, and what happens if it panics, never finishes, or changes the request.
    pub fn layer_per_call<L, B>(self, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<http::Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<http::Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.transport(|transport| transport.layer_per_call(layer))
    }

    /// Adds a layer around each attempt: it sees every retry, with the key in the request.
    ///
    /// The layer that is added first is the outermost. [`TransportBuilder::layer_per_attempt`] says what it sees, how its
    /// errors are treated, and what happens if it panics, never finishes, or changes the request.
    pub fn layer_per_attempt<L, B>(self, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<http::Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<http::Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.transport(|transport| transport.layer_per_attempt(layer))
    }

    /// Replaces the HTTP client of this SDK by a service of yours, which gets complete requests and sends them.
    ///
    /// All layers stay around it: the key, the retries, the rate limit, the timeouts. Errors of `hyper`, `tower` and
    /// `std::io` are classified, so that they are retried where that is safe; any other error is final unless a
    /// [classifier](Self::service_with_classifier) knows it.
    pub fn service<S, B>(self, service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.transport(|transport| transport.service(service))
    }

    /// Replaces the HTTP client by a service of yours, and classifies its errors with a function of yours: see
    /// [`TransportBuilder::service_with_classifier`].
    ///
    /// With the feature `reqwest`, `transport::classify_reqwest` is that function for a `reqwest` client.
    pub fn service_with_classifier<S, B, F>(self, service: S, classify: F) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
        F: Fn(&BoxError) -> Option<Classified> + Send + Sync + 'static,
    {
        self.transport(|transport| transport.service_with_classifier(service, classify))
    }

    /// Reaches every other setting of the transport: attempt and connect timeouts, pools, caps, certificates.
    ///
    /// What this builder sets itself (the key, the base URL, the total timeout, the limiter) wins.
    ///
    /// ```
    /// # let builder = avala_client::Avala::builder().api_key("avk_1f9a");
    /// let avala = builder.transport(|transport| transport.max_body_bytes(256 << 20)).build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn transport(mut self, change: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        self.transport = change(self.transport);
        self
    }

    /// Makes the client. No connection is opened and no task started.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when the key is missing or no legal header value,
    /// or the base URL is not https and not allowed to be otherwise.
    pub fn build(self) -> Result<Avala, Error> {
        let refused = |error| Error::transport(None, error);
        let parse = if self.allow_insecure_base_url { BaseUrl::parse_insecure_loopback } else { BaseUrl::parse };
        let base_url = parse(&self.base_url).map_err(refused)?;
        let transport = self.transport.base_url(base_url.clone()).timeout(self.timeout);
        let transport = match &self.key {
            Key::Missing => {
                return Err(Error::configuration("no API key: set one with `api_key`, or read it with `env`"));
            }
            Key::Given(api_key) => transport.api_key(ApiKey::new(api_key.expose()).map_err(refused)?),
            Key::None | Key::Provided => transport,
        };
        let transport = transport.rate_limiter(self.limiter.clone()).build().map_err(refused)?;
        Ok(Avala::new(transport, Some(base_url), Some(self.limiter), self.timeout))
    }
}

impl fmt::Debug for AvalaBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AvalaBuilder")
            .field("key", &self.key)
            .field("base_url", &self.base_url)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
