//! Putting a transport together.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
#[cfg(feature = "hyper")]
use tower::util::Either;
use tower::{Layer, Service};

use crate::connections::Connections;
#[cfg(feature = "hyper")]
use crate::http_client::HttpClient;
use crate::stack::{self, Settings, UserLayer};
use crate::{
    AdaptLayer, AddressLayer, ApiKey, ApiKeyProvider, AuthLayer, BaseUrl, Body, BoxError, ConcurrencyLimits,
    RateLimiter, RetryPolicy, Transport, TransportError,
};

/// Builds a [`Transport`]. The defaults are a good stack for production.
///
/// | Setting | Default |
/// |---|---|
/// | base URL | `https://api.avala.ai/api/v1` |
/// | time for a call | 60 s |
/// | time for an attempt | 30 s |
/// | time for a connection | 10 s |
/// | time for the next piece of a stream | 30 s |
/// | attempts | 3, see [`RetryPolicy`] and [`RetryBudget`](crate::RetryBudget) |
/// | rate limit | 100 calls a minute, bursts of 20, see [`RateLimiter`] |
/// | calls at a time | 256, 10 uploads, 5 exports, see [`ConcurrencyLimits`] |
/// | largest body | 64 MiB |
/// | idle connections | 256, kept for 50 s |
/// | HTTP/2 pings while calls are on their way | after 10 s, answered within 10 s |
/// | proxy | none |
///
/// ```
/// use avala_transport::{ApiKey, Body, TransportBuilder};
/// use tower::ServiceExt;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # #[cfg(feature = "tls-webpki-roots")] {
/// let transport = TransportBuilder::new().api_key(ApiKey::new("avk_example")?).build()?;
/// let request = http::Request::get("/datasets/?limit=5").body(Body::empty())?;
/// let response = transport.clone().oneshot(request).await?;
/// assert_eq!(response.status(), 200);
/// # }
/// # Ok(())
/// # }
/// ```
pub struct TransportBuilder {
    base_url: BaseUrl,
    auth: Option<AuthLayer>,
    user_agent: Option<String>,
    timeout: Duration,
    attempt_timeout: Duration,
    idle_timeout: Duration,
    retry: RetryPolicy,
    rate_limiter: RateLimiter,
    concurrency: ConcurrencyLimits,
    max_body_bytes: usize,
    per_call: Vec<UserLayer>,
    per_attempt: Vec<UserLayer>,
    service: Option<Transport>,
    pub(crate) connections: Connections,
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self {
            base_url: BaseUrl::default(),
            auth: None,
            user_agent: None,
            timeout: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            retry: RetryPolicy::default(),
            rate_limiter: RateLimiter::default(),
            concurrency: ConcurrencyLimits::default(),
            max_body_bytes: 64 * 1024 * 1024,
            per_call: Vec::new(),
            per_attempt: Vec::new(),
            service: None,
            connections: Connections::default(),
        }
    }
}

impl TransportBuilder {
    /// A builder with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the address that all requests go to.
    #[must_use]
    pub fn base_url(mut self, url: BaseUrl) -> Self {
        self.base_url = url;
        self
    }

    /// Sets the API key. Without one, requests go out without a key.
    #[must_use]
    pub fn api_key(self, key: ApiKey) -> Self {
        self.api_key_provider(key)
    }

    /// Sets where the API key comes from: the provider is asked at each attempt, so that a new key counts at once.
    #[must_use]
    pub fn api_key_provider(mut self, provider: impl ApiKeyProvider) -> Self {
        self.auth = Some(AuthLayer::new(provider));
        self
    }

    /// Sets the `user-agent` of all requests; [`build`](Self::build) checks that it is a legal header value.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// Sets the time for a whole call: attempts, waiting and body. [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the time for one attempt, its body included. [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets how long the body of a [streaming](crate::CallOptions::streaming) call may say nothing while it is read.
    /// [`Duration::MAX`] is no limit.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how often a call is tried.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the rate limiter. Give clones of one limiter to all transports that use the same key.
    #[must_use]
    pub fn rate_limiter(mut self, limiter: RateLimiter) -> Self {
        self.rate_limiter = limiter;
        self
    }

    /// Sets how many calls of each class may be on their way at a time.
    #[must_use]
    pub fn concurrency(mut self, limits: ConcurrencyLimits) -> Self {
        self.concurrency = limits;
        self
    }

    /// Sets the largest body of an answer that is read into memory, in bytes: as it comes, and again as it is when it is
    /// decompressed.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Adds a layer around the whole call, inside its deadline: it sees one request and one answer, whatever the
    /// number of attempts. The layer that is added first is the outermost.
    ///
    /// Any ordinary tower layer fits. When it fails with an error of its own, the call fails with
    /// [`TransportErrorKind::Layer`](crate::TransportErrorKind::Layer) and that error as the source.
    #[must_use]
    pub fn layer_per_call<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.per_call.push(user_layer(layer));
        self
    }

    /// Adds a layer around each attempt: it sees the API key in the headers, and a relative URI. The time that it
    /// takes is not counted by the timeout of the attempt. The layer that is added first is the outermost.
    ///
    /// Its errors are treated as in [`layer_per_call`](Self::layer_per_call), and are not retried.
    #[must_use]
    pub fn layer_per_attempt<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<Transport> + Send + Sync + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.per_attempt.push(user_layer(layer));
        self
    }

    /// Uses a service of your own in place of the HTTP client. It is below all layers and takes requests with absolute
    /// URIs. The settings of connections and certificates mean nothing then.
    #[must_use]
    pub fn service<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.service = Some(stack::boxed(AdaptLayer.layer(service)));
        self
    }

    /// Builds the stack. It needs no runtime, makes no connection and starts no task.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) when the user agent is no legal header value, a
    /// certificate or key cannot be read, or the features of this build cannot reach the base URL.
    pub fn build(mut self) -> Result<Transport, TransportError> {
        let mut address = AddressLayer::new(self.base_url.clone());
        if let Some(text) = &self.user_agent {
            let value = HeaderValue::from_str(text).map_err(|error| {
                TransportError::configuration("the user agent has characters that no header may carry")
                    .with_source(error)
            })?;
            address = address.user_agent(value);
        }
        match self.service.take() {
            #[cfg(feature = "hyper")]
            Some(service) => Ok(stack::assemble(self.settings(address), Either::Right(service))),
            #[cfg(not(feature = "hyper"))]
            Some(service) => Ok(stack::assemble(self.settings(address), service)),
            None => self.build_over_http(address),
        }
    }

    #[cfg(feature = "hyper")]
    fn build_over_http(self, address: AddressLayer) -> Result<Transport, TransportError> {
        let https = self.base_url.scheme() == "https";
        if https && cfg!(not(feature = "tls")) {
            return Err(TransportError::configuration(
                "the base URL is https and this build has no TLS; turn on `tls-webpki-roots` or `tls-native-roots`",
            ));
        }
        let client = HttpClient::new(&self.connections, https)?;
        Ok(stack::assemble(self.settings(address), Either::Left(client)))
    }

    #[cfg(not(feature = "hyper"))]
    fn build_over_http(self, _address: AddressLayer) -> Result<Transport, TransportError> {
        Err(TransportError::configuration(
            "this build has no HTTP client; turn on the feature `hyper`, or give a service of your own",
        ))
    }

    fn settings(self, address: AddressLayer) -> Settings {
        Settings {
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            idle_timeout: self.idle_timeout,
            retry: self.retry,
            rate_limiter: self.rate_limiter,
            concurrency: self.concurrency,
            auth: self.auth,
            max_body_bytes: self.max_body_bytes,
            address,
            per_call: self.per_call,
            per_attempt: self.per_attempt,
        }
    }
}

/// Shows the settings that are plain values; the key is redacted.
impl fmt::Debug for TransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportBuilder")
            .field("base_url", &self.base_url)
            .field("auth", &self.auth)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("retry", &self.retry)
            .field("concurrency", &self.concurrency)
            .field("max_body_bytes", &self.max_body_bytes)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

fn user_layer<L, B>(layer: L) -> UserLayer
where
    L: Layer<Transport> + Send + Sync + 'static,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Box::new(move |inner| stack::boxed(AdaptLayer.layer(layer.layer(inner))))
}
