//! Sends requests to storage hosts.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_transport::layer::response_date;
use avala_transport::{
    BaseUrl, Body, CallOptions, RateLimiter, RetryPolicy, Transport, TransportBuilder, TransportError,
};
use http::{Request, Response};
use tokio::time::Instant;
use tower::ServiceExt as _;

use crate::budget::concurrency::Concurrency;
use crate::error::{Error, ErrorKind};
use crate::storage::clock::ServerClock;
use crate::storage::hosts::{StorageHosts, StorageUrl};
use crate::storage::strip::StripCredentials;

/// Maximum number of storage hosts whose connections are kept.
const MAX_ORIGINS: usize = 64;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum size of a response that is read into memory, which is an error in XML.
pub(crate) const MAX_RESPONSE: usize = 64 * 1024;

/// Changes the settings of connections or layers.
pub(crate) type Configure = Arc<dyn Fn(TransportBuilder) -> TransportBuilder + Send + Sync>;

/// The storage hosts of one `Transfers`.
///
/// Each host has its own connections and concurrency controller. Requests pass the tower stack of avala-transport
/// without credentials, rate limit and retries, because the protocols have their own retry rules.
#[derive(Clone)]
pub(crate) struct Storage(Arc<Shared>);

struct Shared {
    hosts: StorageHosts,
    /// Settings of connections: proxy, certificates, a service of the caller.
    connections: Configure,
    /// Layers of the caller.
    layers: Configure,
    max_uploads: usize,
    origins: Mutex<HashMap<String, Origin>>,
}

#[derive(Clone)]
struct Origin {
    transport: Transport,
    concurrency: Concurrency,
    clock: Option<ServerClock>,
}

impl Storage {
    pub(crate) fn new(hosts: StorageHosts, connections: Configure, layers: Configure, max_uploads: usize) -> Self {
        Self(Arc::new(Shared { hosts, connections, layers, max_uploads, origins: Mutex::default() }))
    }

    /// Checks a URL that the API returned.
    pub(crate) fn url(&self, text: &str) -> Result<StorageUrl, Error> {
        self.0.hosts.check(text)
    }

    /// Checks the URL of a grant for a public object, which the client has already checked against its provider.
    pub(crate) fn granted(&self, text: &str, api: Option<&BaseUrl>) -> Result<StorageUrl, Error> {
        let own = api.filter(|api| text.parse().is_ok_and(|uri| api.same_origin(&uri)));
        let origin = own.and_then(|_| text.parse::<http::Uri>().ok()).and_then(|uri| {
            Some(format!("{}://{}", uri.scheme_str()?, uri.authority()?.as_str().to_ascii_lowercase()))
        });
        self.0.hosts.check_with(text, origin.as_deref())
    }

    /// Returns the concurrency controller of a URL's host.
    pub(crate) fn concurrency(&self, url: &StorageUrl) -> Result<Concurrency, Error> {
        Ok(self.origin(url)?.concurrency)
    }

    /// Returns the clock of a host that responded before.
    pub(crate) fn clock(&self, url: &StorageUrl) -> Option<ServerClock> {
        self.origins().get(url.origin()).and_then(|origin| origin.clock)
    }

    /// Sends a request once. The body of the response is streamed, and the only timeout is that of connecting: the
    /// caller watches the progress.
    pub(crate) async fn send(
        &self,
        url: &StorageUrl,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, TransportError> {
        let origin = self.origin(url).map_err(|error| {
            TransportError::new(avala_transport::TransportErrorKind::Configuration, error.to_string())
        })?;
        *request.uri_mut() = url.uri().clone();
        let options = CallOptions::new()
            .with_operation("storage")
            .with_route("/{object}")
            .with_max_attempts(1)
            .with_streaming(true)
            .with_timeout(Duration::MAX)
            .with_attempt_timeout(Duration::MAX)
            .with_idle_timeout(Duration::MAX);
        request.extensions_mut().insert(options);
        let response = origin.transport.oneshot(request).await?;
        if let Some(date) = response_date(response.headers()) {
            let clock = ServerClock::new(date, Instant::now());
            if let Some(origin) = self.origins().get_mut(url.origin()) {
                origin.clock = Some(clock);
            }
        }
        Ok(response)
    }

    fn origin(&self, url: &StorageUrl) -> Result<Origin, Error> {
        if let Some(origin) = self.origins().get(url.origin()) {
            return Ok(origin.clone());
        }
        let origin = self.connect(url)?;
        let mut origins = self.origins();
        if origins.len() >= MAX_ORIGINS {
            origins.clear();
        }
        Ok(origins.entry(url.origin().to_owned()).or_insert(origin).clone())
    }

    /// Builds the stack of a host, without opening a connection.
    fn connect(&self, url: &StorageUrl) -> Result<Origin, Error> {
        let failed = |error: TransportError| {
            Error::new(ErrorKind::Configuration, error.to_string())
                .about(url.host())
                .help("correct the settings of storage connections")
                .with_source(error)
        };
        let base_url = BaseUrl::parse_insecure_loopback(url.origin()).map_err(failed)?;
        let bare = || {
            TransportBuilder::new()
                .base_url(base_url.clone())
                .timeout(Duration::MAX)
                .attempt_timeout(Duration::MAX)
                .idle_timeout(Duration::MAX)
                .retry(RetryPolicy::none())
                .rate_limiter(RateLimiter::off())
                .concurrency(avala_transport::ConcurrencyLimits::off())
        };
        let connections = (self.0.connections)(bare().connect_timeout(CONNECT_TIMEOUT));
        let innermost = connections.without_credentials().build().map_err(failed)?;
        let layers = (self.0.layers)(bare()).without_credentials();
        let transport = layers.service(StripCredentials::new(innermost)).build().map_err(failed)?;
        Ok(Origin { transport, concurrency: Concurrency::new(self.0.max_uploads), clock: None })
    }

    fn origins(&self) -> MutexGuard<'_, HashMap<String, Origin>> {
        self.0.origins.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("hosts", &self.0.hosts).finish_non_exhaustive()
    }
}
