//! Putting a transport together.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response};
#[cfg(feature = "hyper")]
use tower::util::Either;
use tower::{Layer, Service};

use crate::base_url::BaseUrl;
use crate::body::Body;
use crate::classify::Classified;
use crate::classify::Place;
use crate::connections::Connections;
use crate::credentials::access_token::{AccessToken, AccessTokenProvider};
use crate::credentials::api_key::ApiKey;
use crate::credentials::api_key_provider::ApiKeyProvider;
use crate::error::TransportError;
#[cfg(feature = "hyper")]
use crate::http_client::HttpClient;
use crate::layer::adapt::{Adapt, AdaptLayer};
use crate::layer::auth::AuthLayer;
use crate::layer::concurrency::ConcurrencyLimits;
use crate::layer::rate_limit::RateLimiter;
use crate::layer::resolve::ResolveLayer;
use crate::layer::retry::RetryPolicy;
use crate::stack;
use crate::stack::{Settings, UserLayer};
use crate::{BoxError, Transport};

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
/// | memory for all bodies at once | no limit but the two above |
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

    /// Sets the address that all requests go to; `None` is the default, `https://api.avala.ai/api/v1`.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<Option<BaseUrl>>) -> Self {
        self.base_url = url.into();
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

    /// Sets an OAuth access token, sent as `authorization: Bearer`. It replaces an API key that was set before.
    #[must_use]
    pub fn access_token(self, token: AccessToken) -> Self {
        self.access_token_provider(token)
    }

    /// Sets where the access token comes from. The provider is asked at each attempt, so that a refreshed token is used
    /// at once. It replaces an API key that was set before.
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

    /// Sets the largest response body that is read into memory, in bytes, before and after decompression; 64 MiB by
    /// default.
    ///
    /// The worst case is this times all calls in flight: with the default [`ConcurrencyLimits`], 271 calls of 64 MiB are
    /// 17 GiB. A body that arrives in pieces takes up to three times its size while its buffer grows.
    /// [`memory_budget`](Self::memory_budget) limits the sum.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = bytes;
        self
    }

    /// Sets how many bytes of response bodies all calls may buffer at once; no limit by default.
    ///
    /// A body counts while it is read and until its last byte is dropped: `avala-client` drops it as soon as it is
    /// decoded. A response that would exceed the budget fails with
    /// [`MemoryBudget`](crate::TransportErrorKind::MemoryBudget) and [`Sent::Yes`](crate::Sent::Yes), and is not retried.
    /// No call waits for memory. [Streaming](crate::CallOptions::streaming) calls, request bodies, decoded values and the
    /// buffers of connections (at most 256 KiB each over HTTP/1.1) are not counted.
    #[must_use]
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.memory_budget = Some(bytes);
        self
    }

    /// Adds a layer around the whole call: it sees one request and one response, whatever the number of attempts. The
    /// layer that is added first is the outermost.
    ///
    /// # What it sees
    ///
    /// A relative URI, no API key, and the [`CallOptions`](crate::CallOptions) of the call. It is inside the deadline,
    /// and sees the end of every call that it did not itself delay beyond the deadline: the response, or the error,
    /// that of the deadline included. A call that its caller drops ends without either; a value that the layer's future
    /// owns is dropped then, as the example `audit` shows.
    ///
    /// # Its errors
    ///
    /// Any ordinary tower layer fits. Its errors are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes, decide
    /// the kind of the call's error, and are never retried in this position. They do not decide
    /// [`sent`](TransportError::sent): that is `No` only if the innermost service was never called or never sent.
    ///
    /// # What it may do
    ///
    /// | The layer | Result |
    /// |---|---|
    /// | responds itself, or fails, without calling what is below | that response or error, with zero attempts and `Sent::No` |
    /// | calls what is below twice | two independent calls within one deadline; attempts and `sent` are of both |
    /// | never finishes | `Timeout` of the phase `Total`, with `sent` as far as the call got |
    /// | panics | the panic reaches the caller; permits and reservations of the call are returned |
    /// | changes the method | the call is repeatable only if both methods are |
    /// | changes the body | every attempt sends the changed body; one that can be read only once means one attempt |
    /// | drops the request's extensions | the call loses its options, and reports `Maybe` where it cannot know more |
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
        self.per_call.push(user_layer(layer, Place::PerCall));
        self
    }

    /// Adds a layer around each attempt. The layer that is added first is the outermost.
    ///
    /// # What it sees
    ///
    /// The API key in the headers, a relative URI, and the URL and headers that the request gets below it as the
    /// extensions [`ResolvedUrl`](crate::ResolvedUrl) and [`FinalHeaders`](crate::FinalHeaders). It runs inside the span
    /// of the attempt, and outside of the attempt's timeout: the time that it takes itself is counted by the deadline of
    /// the call alone. It sees the end of every attempt that it did not itself delay beyond the deadline.
    ///
    /// # Its errors
    ///
    /// They are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes. The kind says whether another attempt can
    /// help; whether it is safe is what the innermost service did in this attempt, and nothing else. So a
    /// `tower::timeout` around each attempt is retried like the own timeout of the attempt, and an audit service that is
    /// down does not make a `POST` be sent twice. An error of another kind is final.
    ///
    /// # What it may do
    ///
    /// | The layer | Result |
    /// |---|---|
    /// | responds itself, or fails, without calling what is below | as if the server had, but nothing was sent: a 429 or 503 is retried, also for `POST` |
    /// | calls what is below twice, or retries itself | the attempt counts as "never sent" or "refused" only if each of the calls was |
    /// | never finishes | `Timeout` of the phase `Total` |
    /// | panics | the panic reaches the caller; permits and reservations of the call are returned |
    /// | changes the method | the call is repeatable only if all methods are, those that were sent and the call's own |
    /// | changes the body | the next attempt begins with the call's own body again |
    /// | changes the URI | a path of the same origin is sent; another origin is refused with kind `Request` |
    /// | drops the request's extensions | the attempt counts as one that may have been sent |
    ///
    /// [`CallOptions::repeatable`](crate::CallOptions::repeatable) is the caller's word and takes the place of all methods.
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
        self.per_attempt.push(user_layer(layer, Place::PerAttempt));
        self
    }

    /// Uses a service of your own in place of the HTTP client. It is below all layers and receives requests with absolute
    /// URIs. The settings of connections and certificates mean nothing then.
    ///
    /// Its errors are classified as [`AdaptLayer`](crate::layer::AdaptLayer) describes. An error that means nothing there is
    /// final: give such a service a [classifier](Self::service_with_classifier).
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

    /// Uses a service of your own, and a function that classifies its errors. `None` leaves an error to the rules of
    /// [`AdaptLayer`](crate::layer::AdaptLayer).
    ///
    /// For `reqwest`, pass `classify_reqwest` of the feature `reqwest`.
    ///
    /// ```
    /// use avala_transport::{Body, Classified, Sent, TransportBuilder, TransportErrorKind};
    /// use http::{Request, Response};
    /// use tower::service_fn;
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("no free line")]
    /// struct Busy;
    ///
    /// let phone = service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(Busy) });
    /// let transport = TransportBuilder::new()
    ///     .service_with_classifier(phone, |error| {
    ///         error.is::<Busy>().then(|| Classified::new(TransportErrorKind::Connect).sent(Sent::No))
    ///     })
    ///     .build()?;
    /// # Ok::<(), avala_transport::TransportError>(())
    /// ```
    #[must_use]
    pub fn service_with_classifier<S, B, F>(mut self, service: S, classify: F) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
        F: Fn(&BoxError) -> Option<Classified> + Send + Sync + 'static,
    {
        self.service = Some(stack::boxed(AdaptLayer::classify(classify).layer(service)));
        self
    }

    /// Builds the stack. It needs no runtime, makes no connection and starts no task.
    ///
    /// # Errors
    ///
    /// [`Configuration`](crate::TransportErrorKind::Configuration) when the user agent is no legal header value, a
    /// certificate or key cannot be read, or the features of this build cannot reach the base URL.
    pub fn build(mut self) -> Result<Transport, TransportError> {
        let base_url = self.base_url.clone().unwrap_or_default();
        let mut address = ResolveLayer::new(base_url.clone());
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
            None => self.build_over_http(&base_url, address),
        }
    }

    #[cfg(feature = "hyper")]
    fn build_over_http(self, base_url: &BaseUrl, address: ResolveLayer) -> Result<Transport, TransportError> {
        let https = base_url.scheme() == "https";
        if https && cfg!(not(feature = "tls")) {
            return Err(TransportError::configuration(
                "the base URL is https and this build has no TLS; turn on `tls-webpki-roots` or `tls-native-roots`",
            ));
        }
        let client = HttpClient::new(&self.connections, https)?;
        Ok(stack::assemble(self.settings(address), Either::Left(client)))
    }

    #[cfg(not(feature = "hyper"))]
    fn build_over_http(self, _base_url: &BaseUrl, _address: ResolveLayer) -> Result<Transport, TransportError> {
        Err(TransportError::configuration(
            "this build has no HTTP client; turn on the feature `hyper`, or give a service of your own",
        ))
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

/// Reads settings back, for a builder that wraps this one and must not store a setting a second time.
impl TransportBuilder {
    /// Returns the base URL, if one was set.
    #[must_use]
    pub fn get_base_url(&self) -> Option<&BaseUrl> {
        self.base_url.as_ref()
    }

    /// Returns the timeout of a whole call.
    #[must_use]
    pub fn get_timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns the rate limiter, which shares its state with the transport that is built.
    #[must_use]
    pub fn get_rate_limiter(&self) -> &RateLimiter {
        &self.rate_limiter
    }

    /// Returns the largest response body that is read into memory, in bytes.
    #[must_use]
    pub fn get_max_body_bytes(&self) -> usize {
        self.max_body_bytes
    }

    /// Returns whether an API key, an access token, or a provider of one was set.
    #[must_use]
    pub fn has_credentials(&self) -> bool {
        self.auth.is_some()
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
            .field("memory_budget", &self.memory_budget)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

fn user_layer<L, B>(layer: L, place: Place) -> UserLayer
where
    L: Layer<Transport> + Send + Sync + 'static,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
    <L::Service as Service<Request<Body>>>::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Box::new(move |inner| stack::boxed(Adapt::layer_of_user(layer.layer(inner), place)))
}
