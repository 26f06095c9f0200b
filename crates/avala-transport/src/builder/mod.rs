//! Builder of transports.

mod getters;

use std::time::Duration;

use http::HeaderValue;
use tower::BoxError;
use tower::Layer;

use crate::base_url::BaseUrl;
use crate::classify::{Classified, Classifier, Place};
use crate::connection_settings::Connections;
use crate::context::concurrency_group::ConcurrencyGroup;
use crate::credentials::access_token::{AccessToken, AccessTokenProvider};
use crate::credentials::api_key::ApiKey;
use crate::credentials::api_key_provider::ApiKeyProvider;
use crate::error::TransportError;
#[cfg(feature = "hyper")]
use crate::http_client::ConnectionPool;
use crate::http_service::HttpService;
use crate::http_service::sealed::{Adaptation, Adapted as _};
use crate::layer::auth::AuthLayer;
use crate::layer::concurrency::ConcurrencyLimits;
use crate::layer::rate_limit::RateLimiter;
use crate::layer::resolve::ResolveLayer;
use crate::layer::retry::RetryPolicy;
use crate::stack;
use crate::stack::Transport;
use crate::stack::{Bottom, Settings, UserLayer};

/// Builds a [`Transport`]. The defaults suit production.
///
/// | Setting | Default |
/// |---|---|
/// | base URL | `https://api.avala.ai/api/v1` |
/// | call timeout | 60 s |
/// | attempt timeout | 30 s |
/// | connect timeout | 10 s |
/// | idle timeout of a stream | 30 s |
/// | attempts | 3, see [`RetryPolicy`] and [`RetryBudget`](crate::RetryBudget) |
/// | rate limit | 100 calls per minute, bursts of 20, see [`RateLimiter`] |
/// | concurrent calls | 256, see [`ConcurrencyLimits`] |
/// | largest body | 64 MiB |
/// | memory budget of all bodies | unlimited |
/// | idle connections | 256, kept for 50 s |
/// | HTTP/2 pings while calls are in flight | after 10 s of silence, timeout 10 s |
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
    base_url: Option<BaseUrl>,
    auth: Option<AuthLayer>,
    user_agent: Option<String>,
    timeout: Duration,
    attempt_timeout: Duration,
    idle_timeout: Duration,
    retry: RetryPolicy,
    rate_limiter: RateLimiter,
    concurrency: ConcurrencyLimits,
    max_body_bytes: usize,
    memory_budget: Option<usize>,
    per_call: Vec<UserLayer>,
    per_attempt: Vec<UserLayer>,
    service: Option<Transport>,
    #[cfg(feature = "hyper")]
    pool: Option<ConnectionPool>,
    pub(crate) connections: Connections,
}

impl Default for TransportBuilder {
    fn default() -> Self {
        Self {
            base_url: None,
            auth: None,
            user_agent: None,
            timeout: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(30),
            retry: RetryPolicy::default(),
            rate_limiter: RateLimiter::default(),
            concurrency: ConcurrencyLimits::default(),
            max_body_bytes: 64 * 1024 * 1024,
            memory_budget: None,
            per_call: Vec::new(),
            per_attempt: Vec::new(),
            service: None,
            #[cfg(feature = "hyper")]
            pool: None,
            connections: Connections::default(),
        }
    }
}

impl TransportBuilder {
    /// Creates a builder with the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the base URL of all requests. `None` restores the default, `https://api.avala.ai/api/v1`.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<Option<BaseUrl>>) -> Self {
        self.base_url = url.into();
        self
    }

    /// Sets the API key. Default: none, requests are sent without a key.
    #[must_use]
    pub fn api_key(self, key: ApiKey) -> Self {
        self.api_key_provider(key)
    }

    /// Sets the provider of the API key. It is called for each attempt, so that a rotated key is used at once.
    #[must_use]
    pub fn api_key_provider(mut self, provider: impl ApiKeyProvider) -> Self {
        self.auth = Some(AuthLayer::new(provider));
        self
    }

    /// Sets an OAuth access token, sent as `authorization: Bearer`. It replaces an API key that was set before.
    #[must_use]
    pub fn access_token(self, token: AccessToken) -> Self {
        self.access_token_provider(token)
    }

    /// Sets the provider of the access token. It is called for each attempt, so that a refreshed token is used at once.
    /// It replaces an API key that was set before.
    #[must_use]
    pub fn access_token_provider(mut self, provider: impl AccessTokenProvider) -> Self {
        self.auth = Some(AuthLayer::bearer(provider));
        self
    }

    /// Removes an API key, an access token, and their providers.
    #[must_use]
    pub fn without_credentials(mut self) -> Self {
        self.auth = None;
        self
    }

    /// Sets the `user-agent` of all requests; [`build`](Self::build) checks that it is a legal header value.
    #[must_use]
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// Sets the timeout of a whole call: queueing, attempts, backoff and body. Default: 60 s. [`Duration::MAX`] is no
    /// limit.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the timeout of one attempt, including its body. Default: 30 s. [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// Sets the idle timeout of [streaming](crate::CallOptions::streaming) calls: the maximum wait for the next piece
    /// of the body. Default: 30 s. [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets the retry policy. Default: [`RetryPolicy::default`], 3 attempts.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets the rate limiter. Share clones of one limiter among all transports that use the same key.
    #[must_use]
    pub fn rate_limiter(mut self, limiter: RateLimiter) -> Self {
        self.rate_limiter = limiter;
        self
    }

    /// Sets how many calls of each group may be in flight at once. Default: 256 calls of the default group.
    #[must_use]
    pub fn concurrency(mut self, limits: ConcurrencyLimits) -> Self {
        self.concurrency = limits;
        self
    }

    /// Sets how many calls of one group may be in flight at once, and keeps the limits of the others. Zero counts as
    /// one.
    ///
    /// ```
    /// use avala_transport::TransportBuilder;
    ///
    /// let builder = TransportBuilder::new().concurrency_limit("thumbnails", 4).concurrency_limit("exports", 2);
    /// ```
    #[must_use]
    pub fn concurrency_limit(mut self, group: impl Into<ConcurrencyGroup>, calls: usize) -> Self {
        self.concurrency = self.concurrency.group(group, calls);
        self
    }

    /// Sets the maximum size of a response body that is read into memory, in bytes, before and after decompression.
    /// Default: 64 MiB.
    ///
    /// In the worst case every call in flight buffers this much: with the default [`ConcurrencyLimits`], 256 calls of
    /// 64 MiB are 16 GiB. A body without a known length takes up to three times its size while its buffer grows.
    /// [`memory_budget`](Self::memory_budget) limits the sum.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Sets how many bytes of response bodies all calls together may buffer. Default: unlimited.
    ///
    /// A body counts while it is read and until its last byte is dropped: `avala-client` drops it as soon as it is
    /// decoded, except for a sequence, whose frames are a part of it. A response that would exceed the budget fails
    /// with [`MemoryBudget`](crate::TransportErrorKind::MemoryBudget) and [`Sent::Yes`](crate::Sent::Yes), and is not
    /// retried. No call waits for memory. [Streaming](crate::CallOptions::streaming) calls, request bodies, decoded
    /// values and the buffers of connections (at most 128 KiB each over HTTP/1.1) are not counted.
    #[must_use]
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.memory_budget = Some(bytes);
        self
    }

    /// Adds a layer around the whole call, which sees one request and one response for any number of attempts. The
    /// layer that is added first is the outermost.
    ///
    /// # What the layer sees
    ///
    /// The request has a relative URI, no API key, and the [`CallOptions`](crate::CallOptions) of the call. The layer
    /// runs within the call timeout. It sees the end of every call that it did not delay beyond the deadline itself:
    /// the response or the error, including the timeout. If the caller drops the call, the layer's future is dropped;
    /// the example `audit` shows how to record that.
    ///
    /// # Errors of the layer
    ///
    /// Any tower layer can be used. Its errors are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes,
    /// decide the kind of the call's error, and are never retried in this position. They do not decide
    /// [`sent`](TransportError::sent): that is `No` only if the innermost service was not called, or reported `No`
    /// itself.
    ///
    /// # What the layer may do
    ///
    /// | The layer | Result |
    /// |---|---|
    /// | responds or fails without calling the inner service | that response or error, with zero attempts and `Sent::No` |
    /// | calls the inner service twice | two independent calls within one deadline; attempts and `sent` cover both |
    /// | never finishes | `Timeout` of the phase `Total`; `sent` according to the calls so far |
    /// | panics | the panic reaches the caller; permits and reservations of the call are returned |
    /// | changes the method | the call is repeatable only if both methods are |
    /// | changes the body | every attempt sends the changed body; a body that can be read only once allows one attempt |
    /// | drops the request's extensions | the call loses its options; `sent` is `Maybe` if it cannot be determined |
    #[must_use]
    pub fn layer_per_call<L>(mut self, layer: L) -> Self
    where
        L: Layer<Transport, Service: HttpService> + Send + Sync + 'static,
    {
        self.per_call.push(user_layer(layer, Place::PerCall));
        self
    }

    /// Adds a layer around each attempt. The layer that is added first is the outermost.
    ///
    /// # What the layer sees
    ///
    /// The request has the API key in its headers and a relative URI. The final URL and headers are in the extensions
    /// [`ResolvedUrl`](crate::ResolvedUrl) and [`FinalHeaders`](crate::FinalHeaders). The layer runs inside the span of
    /// the attempt and outside the attempt timeout: time spent in the layer counts only against the call timeout.
    /// The layer sees the end of every attempt that it did not delay beyond the deadline itself.
    ///
    /// # Errors of the layer
    ///
    /// They are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes. The kind decides whether another
    /// attempt can help. Whether another attempt is safe depends only on what the innermost service did in this
    /// attempt. So a `tower::timeout` around each attempt is retried like the attempt timeout, and an audit service
    /// that is down does not make a `POST` be sent twice. Errors of other kinds are final.
    ///
    /// # What the layer may do
    ///
    /// | The layer | Result |
    /// |---|---|
    /// | responds or fails without calling the inner service | as if the server had responded, but nothing was sent: a 429 or 503 is retried, also for `POST` |
    /// | calls the inner service twice, or retries itself | the attempt counts as "never sent" or "refused" only if each of those calls was |
    /// | never finishes | `Timeout` of the phase `Total` |
    /// | panics | the panic reaches the caller; permits and reservations of the call are returned |
    /// | changes the method | the call is repeatable only if all methods are: those that were sent and the original one |
    /// | changes the body | the next attempt starts with the original body again |
    /// | changes the URI | a path of the same origin is sent; another origin is rejected with kind `Request` |
    /// | drops the request's extensions | the attempt counts as possibly sent |
    ///
    /// [`CallOptions::repeatable`](crate::CallOptions::repeatable), if set, overrides the methods.
    #[must_use]
    pub fn layer_per_attempt<L>(mut self, layer: L) -> Self
    where
        L: Layer<Transport, Service: HttpService> + Send + Sync + 'static,
    {
        self.per_attempt.push(user_layer(layer, Place::PerAttempt));
        self
    }

    /// Replaces the HTTP client with another service. The service is below all layers and receives requests with
    /// absolute URIs. Connection and certificate settings have no effect then.
    ///
    /// Errors of the service are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes. Errors that are
    /// unknown there are final; use [`service_with_classifier`](Self::service_with_classifier) to classify them.
    #[must_use]
    pub fn service<S: HttpService>(self, service: S) -> Self {
        self.replace_client(service.into_transport())
    }

    /// Replaces the HTTP client with another service and a function that classifies its errors. Errors for which the
    /// function returns `None` are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes.
    ///
    /// For `reqwest`, pass `layer::classify_reqwest` (feature `reqwest`).
    ///
    /// ```
    /// use avala_transport::layer::Classified;
    /// use avala_transport::{Body, Sent, TransportBuilder, TransportErrorKind};
    /// use http::{Request, Response};
    /// use tower::service_fn;
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("no free connection")]
    /// struct Busy;
    ///
    /// let service = service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(Busy) });
    /// let transport = TransportBuilder::new()
    ///     .service_with_classifier(service, |error| {
    ///         error.is::<Busy>().then(|| Classified::new(TransportErrorKind::Connect).sent(Sent::No))
    ///     })
    ///     .build()?;
    /// # Ok::<(), avala_transport::TransportError>(())
    /// ```
    #[must_use]
    pub fn service_with_classifier<S, F>(self, service: S, classify: F) -> Self
    where
        S: HttpService,
        F: Fn(&BoxError) -> Option<Classified> + Send + Sync + 'static,
    {
        let classifier = Some(Classifier::new(classify));
        self.replace_client(service.adapt(Adaptation { place: Place::Innermost, classifier }))
    }

    /// Uses the connections of a pool that other transports may use too. Connection, TLS and proxy settings of this
    /// builder have no effect then, and a [service](Self::service) that was set before is replaced.
    ///
    /// Everything else stays separate: credentials, limits, retries, timeouts and layers. See [`ConnectionPool`].
    #[cfg(feature = "hyper")]
    #[must_use]
    pub fn connection_pool(mut self, pool: ConnectionPool) -> Self {
        self.service = None;
        self.pool = Some(pool);
        self
    }

    /// Builds a pool with the connection, TLS and proxy settings of this builder, for several transports. It needs no
    /// runtime and makes no connection.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) if a certificate or key cannot be read, or no root
    /// certificate is trusted and the base URL is https.
    #[cfg(feature = "hyper")]
    pub fn build_pool(&self) -> Result<ConnectionPool, TransportError> {
        let https = self.base_url.as_ref().is_none_or(|base_url| base_url.scheme() == "https");
        ConnectionPool::new(&self.connections, https && cfg!(feature = "tls"))
    }

    /// Builds the stack. It needs no runtime, makes no connection and starts no task.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) if the user agent is not a valid header value, a
    /// certificate or key cannot be read, or this build lacks a feature that the base URL needs.
    pub fn build(mut self) -> Result<Transport, TransportError> {
        let base_url = self.base_url.clone().unwrap_or_default();
        let mut address = ResolveLayer::new(base_url.clone());
        if let Some(text) = &self.user_agent {
            let value = HeaderValue::from_str(text).map_err(|error| {
                TransportError::configuration("the user agent has characters that are invalid in a header; remove them")
                    .with_source(error)
            })?;
            address = address.user_agent(value);
        }
        match self.service.take() {
            Some(service) => Ok(stack::assemble(self.settings(address), Bottom::Service(service))),
            None => self.build_over_http(&base_url, address),
        }
    }

    #[cfg(feature = "hyper")]
    fn build_over_http(mut self, base_url: &BaseUrl, address: ResolveLayer) -> Result<Transport, TransportError> {
        let https = base_url.scheme() == "https";
        if https && cfg!(not(feature = "tls")) {
            return Err(TransportError::configuration(
                "the base URL is https and this build has no TLS; enable `tls-webpki-roots` or `tls-native-roots`",
            ));
        }
        let pool = match self.pool.take() {
            Some(pool) => pool,
            None => ConnectionPool::new(&self.connections, https)?,
        };
        Ok(stack::assemble(self.settings(address), Bottom::Pool(pool)))
    }

    #[cfg(not(feature = "hyper"))]
    fn build_over_http(self, _base_url: &BaseUrl, _address: ResolveLayer) -> Result<Transport, TransportError> {
        Err(TransportError::configuration("this build has no HTTP client; enable the feature `hyper` or set a service"))
    }

    fn replace_client(mut self, service: Transport) -> Self {
        #[cfg(feature = "hyper")]
        {
            self.pool = None;
        }
        self.service = Some(service);
        self
    }

    fn settings(self, address: ResolveLayer) -> Settings {
        Settings {
            timeout: self.timeout,
            attempt_timeout: self.attempt_timeout,
            idle_timeout: self.idle_timeout,
            retry: self.retry,
            rate_limiter: self.rate_limiter,
            concurrency: self.concurrency,
            auth: self.auth,
            max_body_bytes: self.max_body_bytes,
            memory_budget: self.memory_budget,
            address,
            per_call: self.per_call,
            per_attempt: self.per_attempt,
        }
    }
}

fn user_layer<L>(layer: L, place: Place) -> UserLayer
where
    L: Layer<Transport, Service: HttpService> + Send + Sync + 'static,
{
    Box::new(move |inner| layer.layer(inner).adapt(Adaptation { place, classifier: None }))
}
