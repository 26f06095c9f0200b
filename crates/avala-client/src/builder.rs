//! Builder of clients.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "hyper")]
use avala_transport::ConnectionPool;
use avala_transport::layer::Classified;
use avala_transport::{
    AccessToken, AccessTokenProvider, ApiKey, ApiKeyProvider, BaseUrl, BoxError, ConcurrencyGroup, HttpService,
    RateLimit, RateLimiter, RetryPolicy, Transport, TransportBuilder,
};
use avala_types::{AvalaConfig, Secret};
use tower::Layer;

use crate::avala::Avala;
use crate::avala::Settings;
use crate::error::Error;

/// Builds a client. Returned by [`Avala::builder`].
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
    credentials: Credentials,
    /// Text that was set here and is parsed by `build`. `None`: the transport has the base URL.
    base_url: Option<String>,
    allow_insecure_base_url: bool,
    /// Stores every other setting, so that the last setter of both builders wins.
    transport: TransportBuilder,
}

/// Credentials of the calls.
#[derive(Debug)]
enum Credentials {
    /// Not configured.
    Missing,
    /// Explicitly none.
    None,
    ApiKey(Source),
    AccessToken(Source),
    /// Both an API key and an access token, which is an error.
    Both,
    /// Set in the transport.
    Transport,
}

/// Source of a key or token.
#[derive(Debug)]
enum Source {
    /// Text that `build` checks.
    Text(Secret),
    /// A provider, which the transport has.
    Provider,
}

impl Default for AvalaBuilder {
    fn default() -> Self {
        Self {
            credentials: Credentials::Missing,
            base_url: None,
            allow_insecure_base_url: false,
            transport: TransportBuilder::new(),
        }
    }
}

/// Creates clients.
impl Avala {
    /// Creates a client with the settings of the environment: `AVALA_API_KEY`, and optionally `AVALA_BASE_URL` and
    /// `AVALA_ALLOW_INSECURE_BASE_URL`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there is no key, or a setting cannot be used.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, Error> {
        Self::builder().env()?.build()
    }

    /// Returns a builder, for your own settings.
    pub fn builder() -> AvalaBuilder {
        AvalaBuilder::default()
    }
}

impl AvalaBuilder {
    /// Takes the key, the base URL and the proxy from the environment, as [`Avala::from_env`] does.
    ///
    /// The proxy is that of `HTTPS_PROXY` or `ALL_PROXY`, except for the hosts in `NO_PROXY`. To use no proxy, follow
    /// this with `.transport(|transport| transport.proxy(Proxy::none()))`.
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

    /// Sets the API key that every call carries.
    pub fn api_key(self, api_key: impl Into<Secret>) -> Self {
        self.with_api_key(Source::Text(api_key.into()), TransportBuilder::without_credentials)
    }

    /// Sets a provider that is called for the key of each attempt, so that a rotated key is used at once.
    ///
    /// ```
    /// use avala_client::Avala;
    /// use avala_client::transport::FileApiKey;
    ///
    /// let avala = Avala::builder().api_key_provider(FileApiKey::new("/run/secrets/avala")).build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn api_key_provider(self, provider: impl ApiKeyProvider) -> Self {
        self.with_api_key(Source::Provider, |transport| transport.api_key_provider(provider))
    }

    /// Sets an OAuth access token, which every call carries as `Authorization: Bearer` instead of an API key.
    ///
    /// A client has exactly one of the two: with both, [`build`](Self::build) fails.
    ///
    /// ```
    /// let avala = avala_client::Avala::builder().access_token("eyJhbGciOi.example").build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn access_token(self, token: impl Into<Secret>) -> Self {
        self.with_access_token(Source::Text(token.into()), TransportBuilder::without_credentials)
    }

    /// Sets a provider that is called for the access token of each attempt, so that a refreshed token is used at once.
    pub fn access_token_provider(self, provider: impl AccessTokenProvider) -> Self {
        self.with_access_token(Source::Provider, |transport| transport.access_token_provider(provider))
    }

    fn with_api_key(mut self, source: Source, set: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        self.credentials = match self.credentials {
            Credentials::AccessToken(_) | Credentials::Both => Credentials::Both,
            _ => Credentials::ApiKey(source),
        };
        self.transport = set(self.transport);
        self
    }

    fn with_access_token(mut self, source: Source, set: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        self.credentials = match self.credentials {
            Credentials::ApiKey(_) | Credentials::Both => Credentials::Both,
            _ => Credentials::AccessToken(source),
        };
        self.transport = set(self.transport);
        self
    }

    /// Configures no credentials, for signing up and public datasets only: see
    /// [`Signups`](crate::resources::Signups). The server refuses every other call with
    /// [`ErrorKind::Authentication`](crate::ErrorKind::Authentication).
    pub fn without_credentials(mut self) -> Self {
        self.credentials = Credentials::None;
        self.transport = self.transport.without_credentials();
        self
    }

    #[doc(hidden)] // The former name of `without_credentials`.
    pub fn without_api_key(self) -> Self {
        self.without_credentials()
    }

    /// Sets the base URL of the API. One without a path gets `/api/v1`; one with a path is used as it is.
    ///
    /// It has to be https, because the key must not be sent unencrypted. [`build`](Self::build) checks the text.
    pub fn base_url(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self.transport = self.transport.base_url(None);
        self
    }

    /// Allows plain http for the hosts `localhost`, `127.0.0.1` and `::1`, for tests. Default: false.
    pub fn allow_insecure_base_url(mut self, allow: bool) -> Self {
        self.allow_insecure_base_url = allow;
        self
    }

    /// Sets the timeout of a whole call with retries and queueing; 60 seconds by default. [`Duration::MAX`] is no
    /// limit.
    pub fn timeout(self, time: Duration) -> Self {
        self.transport(|transport| transport.timeout(time))
    }

    /// Sets how many bytes of response bodies all calls of this client and its clones may buffer at once; no limit by
    /// default.
    ///
    /// A response that would exceed the budget fails with
    /// [`ErrorKind::MemoryBudget`](crate::ErrorKind::MemoryBudget): no call waits for memory. Bytes are returned when
    /// the response is decoded. [`TransportBuilder::memory_budget`] says what counts.
    ///
    /// ```
    /// # let builder = avala_client::Avala::builder().api_key("avk_1f9a");
    /// let avala = builder.memory_budget(512 << 20).build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn memory_budget(self, bytes: usize) -> Self {
        self.transport(|transport| transport.memory_budget(bytes))
    }

    /// Sets the retry policy; 3 attempts by default.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.transport(|transport| transport.retry(policy))
    }

    /// Sets the rate limit of this client and its clones; 100 calls per minute in bursts of 20 by default.
    pub fn rate_limit(self, limit: RateLimit) -> Self {
        self.rate_limiter(RateLimiter::new(limit))
    }

    /// Sets the rate limiter: one shared with other clients of the same account, or [`RateLimiter::off`].
    pub fn rate_limiter(self, limiter: RateLimiter) -> Self {
        self.transport(|transport| transport.rate_limiter(limiter))
    }

    /// Sets how many calls of a concurrency group this client and its clones have in flight at once. Zero counts as
    /// one.
    ///
    /// Default: 256 calls of [`ConcurrencyGroup::DEFAULT`], the group of all calls without another one, and the
    /// [documented limits](crate::concurrency_groups) of the groups of the API. A call names a group with
    /// [`concurrency_group`](crate::Call::concurrency_group).
    ///
    /// ```
    /// use avala_client::concurrency_groups::EXPORTS;
    /// # let builder = avala_client::Avala::builder().api_key("avk_1f9a");
    ///
    /// let avala = builder.concurrency_limit(EXPORTS, 2).concurrency_limit("thumbnails", 4).build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn concurrency_limit(self, group: impl Into<ConcurrencyGroup>, calls: usize) -> Self {
        self.transport(|transport| transport.concurrency_limit(group, calls))
    }

    /// Adds a layer around each call. It sees one request and one result for any number of attempts, including a
    /// timeout.
    ///
    /// The layer that is added first is the outermost. [`TransportBuilder::layer_per_call`] says what it sees, how its
    /// errors are treated, and what happens if it panics, never finishes, or changes the request.
    pub fn layer_per_call<L>(self, layer: L) -> Self
    where
        L: Layer<Transport, Service: HttpService> + Send + Sync + 'static,
    {
        self.transport(|transport| transport.layer_per_call(layer))
    }

    /// Adds a layer around each attempt. It sees every retry, with the key in the request.
    ///
    /// The layer that is added first is the outermost. [`TransportBuilder::layer_per_attempt`] says what it sees, how
    /// its errors are treated, and what happens if it panics, never finishes, or changes the request.
    pub fn layer_per_attempt<L>(self, layer: L) -> Self
    where
        L: Layer<Transport, Service: HttpService> + Send + Sync + 'static,
    {
        self.transport(|transport| transport.layer_per_attempt(layer))
    }

    /// Replaces the HTTP client of this SDK with your own service, which receives complete requests.
    ///
    /// All layers still wrap it: the key, the retries, the rate limit, the timeouts. Errors of `hyper`, `tower` and
    /// `std::io` are classified, so that they are retried where that is safe; any other error is final unless a
    /// [classifier](Self::service_with_classifier) recognizes it.
    pub fn service<S: HttpService>(self, service: S) -> Self {
        self.transport(|transport| transport.service(service))
    }

    /// Replaces the HTTP client with your own service, and classifies its errors with your own function: see
    /// [`TransportBuilder::service_with_classifier`].
    ///
    /// For a `reqwest` client, pass `transport::layer::classify_reqwest` (feature `reqwest`).
    pub fn service_with_classifier<S, F>(self, service: S, classify: F) -> Self
    where
        S: HttpService,
        F: Fn(&BoxError) -> Option<Classified> + Send + Sync + 'static,
    {
        self.transport(|transport| transport.service_with_classifier(service, classify))
    }

    /// Uses the connections of a pool that other clients use too, so that many tenants need few connections.
    ///
    /// Each client keeps its own credentials, rate limit, concurrency limits, retries and timeouts. The pool has its
    /// own connection, TLS and proxy settings: see [`TransportBuilder::build_pool`].
    ///
    /// ```
    /// use avala_client::Avala;
    /// use avala_client::transport::{RateLimit, TransportBuilder};
    ///
    /// let pool = TransportBuilder::new().build_pool()?;
    /// let acme = Avala::builder().api_key("avk_acme").connection_pool(pool.clone()).build()?;
    /// let globex = Avala::builder().api_key("avk_globex").rate_limit(RateLimit::per_minute(30)).connection_pool(pool);
    /// let globex = globex.build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "hyper")]
    pub fn connection_pool(self, pool: ConnectionPool) -> Self {
        self.transport(|transport| transport.connection_pool(pool))
    }

    /// Changes any setting of the transport: attempt and connect timeouts, pools, caps or certificates.
    ///
    /// Each setting is stored once: a setter in here and the setter of the same name on this builder change the same
    /// value, and the last one wins.
    ///
    /// ```
    /// # let builder = avala_client::Avala::builder().api_key("avk_1f9a");
    /// let avala = builder.transport(|transport| transport.max_body_bytes(256 << 20)).build()?;
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    pub fn transport(mut self, change: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Self {
        let had_credentials = self.transport.has_credentials();
        self.transport = change(self.transport);
        if self.transport.get_base_url().is_some() {
            self.base_url = None;
        }
        if self.transport.has_credentials() && !had_credentials {
            self.credentials = Credentials::Transport;
        }
        self
    }

    /// Builds the client. Opens no connection and starts no task.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there are no credentials or both an API key
    /// and an access token, when one of them cannot be sent in a header, or when the base URL is not https and not
    /// an allowed exception, or is invalid; the message says why.
    pub fn build(self) -> Result<Avala, Error> {
        let refused = |error| Error::transport(None, error);
        let mut transport = self.transport;
        if let Some(text) = &self.base_url {
            let parse = if self.allow_insecure_base_url { BaseUrl::parse_insecure_loopback } else { BaseUrl::parse };
            transport = transport.base_url(parse(text).map_err(refused)?);
        }
        match &self.credentials {
            Credentials::Missing => {
                return Err(Error::configuration(
                    "no API key is configured; set one with `api_key`, or read it with `env`",
                ));
            }
            Credentials::Both => {
                return Err(Error::configuration(
                    "an API key and an access token are set, but a call can carry only one of them: remove the other",
                ));
            }
            Credentials::ApiKey(Source::Text(key)) => {
                transport = transport.api_key(ApiKey::new(key.expose()).map_err(refused)?);
            }
            Credentials::AccessToken(Source::Text(token)) => {
                transport = transport.access_token(AccessToken::new(token.expose()).map_err(refused)?);
            }
            Credentials::ApiKey(Source::Provider)
            | Credentials::AccessToken(Source::Provider)
            | Credentials::None
            | Credentials::Transport => {}
        }
        let settings = Settings {
            base_url: Some(transport.get_base_url().cloned().unwrap_or_default()),
            limiter: Some(transport.get_rate_limiter().clone()),
            timeout: transport.get_timeout(),
            max_body_bytes: transport.get_max_body_bytes(),
        };
        Ok(Avala::new(transport.build().map_err(refused)?, settings))
    }
}

/// Shows no credentials, and a base URL only if it is valid: other text may hold a password.
impl fmt::Debug for AvalaBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base_url = match &self.base_url {
            Some(text) => BaseUrl::parse_insecure_loopback(text).ok(),
            None => Some(self.transport.get_base_url().cloned().unwrap_or_default()),
        };
        f.debug_struct("AvalaBuilder")
            .field("credentials", &self.credentials)
            .field("base_url", &base_url)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
