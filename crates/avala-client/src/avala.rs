//! The client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use avala_transport::{BaseUrl, Body, BoxError, RateLimiter, Transport};
use avala_types::{AvalaConfig, RateLimitInfo};
use bytes::Bytes;
use tower::{Layer as _, Service};

use crate::builder::AvalaBuilder;
use crate::call::Call;
use crate::decode;
use crate::decode::Decoder;
use crate::decoded::Decoded;
use crate::endpoint::Endpoint;
use crate::list::List;
use crate::meta::rate_limit_info;
use crate::request::Request;

/// A client of Avala: cheap to clone, and shared by its clones.
///
/// Making one opens no connection and starts no task, so it can be made anywhere, also outside a runtime.
///
/// ```no_run
/// # async fn example() -> Result<(), avala_client::Error> {
/// let avala = avala_client::Avala::from_env()?;
/// let dataset = avala.datasets().get("550e8400-e29b-41d4-a716-446655440000").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Avala(Arc<Inner>);

struct Inner {
    transport: Transport,
    settings: Settings,
    is_strict: bool,
}

/// What a client has to know of its transport.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `None` on a service that does everything.
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) limiter: Option<RateLimiter>,
    pub(crate) timeout: Duration,
    pub(crate) max_body_bytes: usize,
}

/// For a client on a service that does everything.
impl Default for Settings {
    fn default() -> Self {
        Self { base_url: None, limiter: None, timeout: AvalaConfig::DEFAULT_TIMEOUT, max_body_bytes: 64 << 20 }
    }
}

impl Avala {
    /// A client with the settings of the environment: `AVALA_API_KEY`, and optionally `AVALA_BASE_URL` and
    /// `AVALA_ALLOW_INSECURE_BASE_URL`.
    ///
    /// # Errors
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when there is no key, or a setting cannot be used.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self, crate::error::Error> {
        Self::builder().env()?.build()
    }

    /// A client with settings of your own.
    pub fn builder() -> AvalaBuilder {
        AvalaBuilder::default()
    }

    /// A client on a service that does everything: it is called as it is, without any of the layers of this SDK.
    ///
    /// Its requests have a path below the base address and no key, as `GET /datasets/?limit=5`, which is what a fake
    /// wants. To put your own HTTP under the layers of this SDK, give it to
    /// [`AvalaBuilder::service`](crate::AvalaBuilder::service).
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use avala_client::transport::{Body, TransportError};
    /// use avala_client::{Avala, types::Dataset};
    ///
    /// let fake = tower::service_fn(|request: http::Request<Body>| async move {
    ///     assert_eq!(request.uri().path(), "/datasets/d1/");
    ///     let dataset = Dataset::new("d1", "Night drives", "night-drives");
    ///     Ok::<_, TransportError>(http::Response::new(Body::from(serde_json::to_string(&dataset).unwrap())))
    /// });
    /// let avala = Avala::from_service(fake);
    /// assert_eq!(avala.datasets().get("d1").await?.name, "Night drives");
    /// # Ok::<(), avala_client::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn from_service<S, B>(service: S) -> Self
    where
        S: Service<http::Request<Body>, Response = http::Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let transport = Transport::new(avala_transport::layer::AdaptLayer::new().layer(service));
        Self::new(transport, Settings::default())
    }

    pub(crate) fn new(transport: Transport, settings: Settings) -> Self {
        Self(Arc::new(Inner { transport, settings, is_strict: false }))
    }

    /// Returns the rate limit that the server reported last; `None` before its first response.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitInfo> {
        self.0.settings.limiter.as_ref().and_then(RateLimiter::state).map(rate_limit_info)
    }

    /// Returns the same client with strict or lenient decoding; lenient is the default.
    ///
    /// A field of an unexpected form is an error in strict decoding. In lenient decoding it counts as unset, and its
    /// text is kept in the `extra` of its model; with the feature `tracing`, one event per response has the path. Only
    /// identities and required fields without a sensible default fail a record.
    ///
    /// Strict decoding is for tests that check a server or a fake. A type of yours
    /// ([`Call::decode_as`](crate::Call::decode_as)) decides for itself.
    ///
    /// ```
    /// # fn example(avala: avala_client::Avala) {
    /// let avala = avala.strict_decoding(true);
    /// # }
    /// ```
    #[must_use]
    pub fn strict_decoding(&self, is_strict: bool) -> Self {
        let Inner { transport, settings, .. } = &*self.0;
        Self(Arc::new(Inner { transport: transport.clone(), settings: settings.clone(), is_strict }))
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.0.is_strict
    }

    pub(crate) fn transport(&self) -> Transport {
        self.0.transport.clone()
    }

    /// Returns the base URL of the API; `None` on a service that does everything ([`from_service`](Self::from_service)).
    #[must_use]
    pub fn base_url(&self) -> Option<&BaseUrl> {
        self.0.settings.base_url.as_ref()
    }

    /// The total time of a call that has none of its own.
    pub(crate) fn timeout(&self) -> Duration {
        self.0.settings.timeout
    }

    /// The largest response body that is read, in bytes.
    pub(crate) fn max_body_bytes(&self) -> usize {
        self.0.settings.max_body_bytes
    }

    /// A call that gives a value.
    pub(crate) fn call<T: Decoded>(&self, endpoint: Endpoint, segments: &[&str]) -> Call<T> {
        Call::new(self, Request::new(endpoint, segments), Decoder::Plain(T::value))
    }

    /// A call that promises no value.
    pub(crate) fn command(&self, endpoint: Endpoint, segments: &[&str]) -> Call<()> {
        Call::new(self, Request::new(endpoint, segments), Decoder::Plain(decode::nothing))
    }

    /// Paginated list calls.
    pub(crate) fn list<T: Decoded, F>(&self, endpoint: Endpoint, segments: &[&str]) -> List<T, F> {
        List::new(self, Request::new(endpoint, segments))
    }
}

impl fmt::Debug for Avala {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Avala").field("base_url", &self.0.settings.base_url).finish_non_exhaustive()
    }
}
