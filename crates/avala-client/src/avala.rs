//! The client.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use avala_transport::{
    BaseUrl, CallReport, HttpService, RateLimitState, RateLimiter, Transport, TransportBuilder, TransportSettings,
};
use avala_types::RateLimitInfo;
use http::response::Parts;

use crate::meta::rate_limit_info;

/// A client of Avala: cheap to clone, and shared by its clones.
///
/// Building one opens no connection and starts no task, so it works anywhere, also outside a runtime.
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

#[derive(Clone)]
struct Inner {
    transport: Transport,
    settings: Settings,
    learned: Arc<Learned>,
    is_strict: bool,
}

/// State that a client on a service of the user learns from responses.
#[derive(Default)]
struct Learned {
    /// The base URL, if the service is a transport or has one below it.
    base_url: OnceLock<BaseUrl>,
    rate_limit: Mutex<Option<RateLimitState>>,
}

/// Settings of the transport that the client needs.
#[derive(Clone)]
pub(crate) struct Settings {
    /// `None` if a service of the user has none that is known.
    pub(crate) base_url: Option<BaseUrl>,
    pub(crate) limiter: Option<RateLimiter>,
    pub(crate) timeout: Duration,
    pub(crate) max_body_bytes: usize,
}

impl Settings {
    /// Returns the settings of the transport in a service; for any other service, the defaults of a transport.
    fn of<S: Clone>(service: &S) -> Self {
        match TransportSettings::of(service) {
            Some(known) => Self {
                base_url: Some(known.base_url().clone()),
                limiter: Some(known.rate_limiter().clone()),
                timeout: known.timeout(),
                max_body_bytes: known.max_body_bytes(),
            },
            None => {
                let defaults = TransportBuilder::new();
                let (timeout, max_body_bytes) = (defaults.get_timeout(), defaults.get_max_body_bytes());
                Self { base_url: None, limiter: None, timeout, max_body_bytes }
            }
        }
    }
}

impl Avala {
    /// Creates a client on a service that replaces the whole transport: no layer of this SDK is added.
    ///
    /// Its requests have a path below the base URL and no key, such as `GET /datasets/?limit=5`, which suits a fake,
    /// and a [`Transport`] that was built with its own settings. To put your own HTTP client under the layers of
    /// this SDK, pass it to [`AvalaBuilder::service`](crate::AvalaBuilder::service).
    ///
    /// A client on a [`Transport`], or on a service that clones one, reads its [base URL](Self::base_url), rate limit,
    /// timeout and body limit. On any other service it learns them from responses: [`rate_limit`](Self::rate_limit)
    /// from their headers, and the base URL from the report of a transport, if there is one somewhere below. Set the
    /// base URL of your own service with [`with_base_url`](Self::with_base_url).
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
    pub fn from_service<S: HttpService>(service: S) -> Self {
        let settings = Settings::of(&service);
        Self::new(service.into_transport(), settings)
    }

    /// Returns the same client with the base URL of its [service](Self::from_service), which links are checked against.
    ///
    /// It changes no request: their URIs stay paths below the base URL. It has no effect on a client that was built
    /// with a builder or on a [`Transport`], because that has a base URL.
    ///
    /// ```
    /// # use avala_client::transport::{Body, TransportError};
    /// # let service = tower::service_fn(|_: http::Request<Body>| async {
    /// #     Ok::<_, TransportError>(http::Response::new(Body::from("{}")))
    /// # });
    /// use avala_client::{Avala, transport::BaseUrl};
    ///
    /// let avala = Avala::from_service(service).with_base_url(BaseUrl::parse("https://eu.avala.example/v2")?);
    /// assert_eq!(avala.base_url().map(BaseUrl::host), Some("eu.avala.example"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_base_url(&self, base_url: BaseUrl) -> Self {
        self.with(|inner| {
            inner.settings.base_url.get_or_insert(base_url);
        })
    }

    fn with(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner::clone(&self.0);
        change(&mut inner);
        Self(Arc::new(inner))
    }

    pub(crate) fn new(transport: Transport, settings: Settings) -> Self {
        Self(Arc::new(Inner { transport, settings, learned: Arc::default(), is_strict: false }))
    }

    /// Returns the rate limit that the server reported last; `None` before its first response.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// avala.projects().list().limit(1).await?;
    /// if let Some(limit) = avala.rate_limit() {
    ///     println!("{:?} of {:?} calls are left in this minute", limit.remaining, limit.limit);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitInfo> {
        let state = match &self.0.settings.limiter {
            Some(limiter) => limiter.state(),
            None => *self.0.learned.rate_limit.lock().unwrap_or_else(PoisonError::into_inner),
        };
        state.map(rate_limit_info)
    }

    /// Returns the base URL of all calls.
    ///
    /// It is unknown for a client on a [service](Self::from_service) of your own until it is set with
    /// [`with_base_url`](Self::with_base_url), or a response of a [`Transport`] below the service has it.
    ///
    /// ```
    /// let avala = avala_client::Avala::builder().api_key("avk_1f9a").build()?;
    /// assert_eq!(avala.base_url().map(ToString::to_string).as_deref(), Some("https://api.avala.ai/api/v1"));
    /// # Ok::<(), avala_client::Error>(())
    /// ```
    #[must_use]
    pub fn base_url(&self) -> Option<&BaseUrl> {
        self.0.settings.base_url.as_ref().or_else(|| self.0.learned.base_url.get())
    }

    /// Learns from a response of a service of the user. `has_scope` means that its rate limit is a narrower one.
    pub(crate) fn observe(&self, parts: &Parts, has_scope: bool) {
        let Inner { settings, learned, .. } = &*self.0;
        if settings.limiter.is_none()
            && !has_scope
            && let Some(state) = RateLimitState::from_headers(&parts.headers)
        {
            *learned.rate_limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(state);
        }
        if settings.base_url.is_none()
            && learned.base_url.get().is_none()
            && let Some(base_url) = parts.extensions.get::<CallReport>().and_then(CallReport::base_url)
        {
            // Another call may have set the same value before.
            let _ = learned.base_url.set(base_url.clone());
        }
    }

    /// Returns the same client with strict or lenient decoding; lenient is the default.
    ///
    /// A field of an unexpected form is an error in strict decoding. In lenient decoding it counts as unset, and its
    /// text is kept in the `extra` of its model; with the feature `tracing`, one event per response has the path. Only
    /// identities and required fields without a sensible default fail a record.
    ///
    /// Strict decoding is for tests of a server or a fake. Your own type
    /// ([`Call::decode_as`](crate::Call::decode_as)) decides for itself.
    ///
    /// ```
    /// # fn example(avala: avala_client::Avala) {
    /// let avala = avala.strict_decoding(true);
    /// # }
    /// ```
    #[must_use]
    pub fn strict_decoding(&self, is_strict: bool) -> Self {
        self.with(|inner| inner.is_strict = is_strict)
    }

    pub(crate) fn is_strict(&self) -> bool {
        self.0.is_strict
    }

    pub(crate) fn transport(&self) -> Transport {
        self.0.transport.clone()
    }

    /// Returns the default timeout of calls.
    pub(crate) fn timeout(&self) -> Duration {
        self.0.settings.timeout
    }

    /// Returns the maximum size of a response body that is read, in bytes.
    pub(crate) fn max_body_bytes(&self) -> usize {
        self.0.settings.max_body_bytes
    }
}

impl fmt::Debug for Avala {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Avala").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}
