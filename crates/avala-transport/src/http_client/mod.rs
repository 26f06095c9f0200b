//! The pooled HTTP client at the bottom of the stack.

mod connect;
mod connection;
#[cfg(feature = "proxy")]
mod dial;
mod failure;
mod host;
mod host_name;
mod idle_check;
mod sending;
mod sent_body;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(feature = "proxy")]
mod tunnel;

use std::fmt;
use std::sync::Arc;

use http::{Request, Response};
use hyper_util::client::legacy::connect::HttpConnector;
use tower::{Service, service_fn};

use self::connect::ConnectTimeout;
use self::connection::{Dial, Opener};
use self::host::IdleLimits;
use self::idle_check::CheckedConnector;
use self::sending::Pool;
use crate::body::Body;
use crate::connection_settings::{Connections, finite};
use crate::context::options::CallOptions;
use crate::error::TransportError;
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;

/// Pool of connections that several transports share, with its TLS, proxy and connection settings. Clones are the same
/// pool.
///
/// Built by [`TransportBuilder::build_pool`](crate::TransportBuilder::build_pool), and set with
/// [`TransportBuilder::connection_pool`](crate::TransportBuilder::connection_pool). Transports with different API keys
/// and limits, such as those of several tenants, then use the same connections.
///
/// ```
/// use avala_transport::{ApiKey, RateLimit, RateLimiter, TransportBuilder};
///
/// # #[cfg(feature = "tls-webpki-roots")] {
/// let pool = TransportBuilder::new().build_pool()?;
/// let acme = TransportBuilder::new().api_key(ApiKey::new("avk_acme")?).connection_pool(pool.clone()).build()?;
/// let globex = TransportBuilder::new().api_key(ApiKey::new("avk_globex")?).connection_pool(pool);
/// let globex = globex.rate_limiter(RateLimiter::new(RateLimit::per_minute(30))).build()?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ConnectionPool(HttpClient);

impl ConnectionPool {
    pub(crate) fn new(settings: &Connections, https: bool) -> Result<Self, TransportError> {
        HttpClient::new(settings, https).map(Self)
    }

    /// Returns the service that sends requests over the pool.
    pub(crate) fn into_service(
        self,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = TransportError, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static {
        let client = self.0;
        service_fn(move |request| client.pool_for(&request).send(request))
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").finish_non_exhaustive()
    }
}

/// Sends requests with absolute URIs over pooled connections.
#[derive(Clone)]
struct HttpClient {
    pool: Arc<Pool>,
    /// For public calls, which use no proxy of the environment; `None` if the other one uses none either.
    direct: Option<Arc<Pool>>,
}

impl HttpClient {
    /// Creates a client without connecting; needs no runtime. With `https`, trusted roots are required.
    fn new(settings: &Connections, https: bool) -> Result<Self, TransportError> {
        #[cfg(not(feature = "proxy"))]
        let (pool, direct) = (pool(settings, https)?, None);
        #[cfg(feature = "proxy")]
        let pool = pool_through(settings, https, &settings.proxy)?;
        #[cfg(feature = "proxy")]
        let direct = match settings.proxy.is_of_environment() {
            true => Some(Arc::new(pool_through(settings, https, &Proxy::none())?)),
            false => None,
        };
        Ok(Self { pool: Arc::new(pool), direct })
    }

    fn pool_for(&self, request: &Request<Body>) -> &Arc<Pool> {
        match &self.direct {
            Some(direct) if request.extensions().get::<CallOptions>().is_some_and(|options| options.public) => direct,
            _ => &self.pool,
        }
    }
}

#[cfg(not(feature = "proxy"))]
fn pool(settings: &Connections, https: bool) -> Result<Pool, TransportError> {
    pool_over(tcp(settings), settings, https)
}

#[cfg(feature = "proxy")]
fn pool_through(settings: &Connections, https: bool, proxy: &Proxy) -> Result<Pool, TransportError> {
    pool_over(dial::Dial::new(tcp(settings), proxy), settings, https)
}

fn tcp(settings: &Connections) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    // Divided among the addresses of a host, so that one dead address does not use up the whole timeout.
    tcp.set_connect_timeout(finite(settings.connect_timeout));
    #[cfg(feature = "tls")]
    tcp.enforce_http(false);
    tcp
}

fn pool_over(
    tcp: Dial,
    settings: &Connections,
    #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing to prepare"))] https: bool,
) -> Result<Pool, TransportError> {
    let connector = CheckedConnector::new(tcp);
    #[cfg(feature = "tls")]
    let connector = tls::connector(connector, tls::config(settings, https)?);
    let opener = Opener::new(ConnectTimeout::new(connector, settings.connect_timeout), settings);
    let timeout = finite(settings.pool_idle_timeout);
    Ok(Pool::new(opener, IdleLimits { timeout, connections: settings.pool_max_idle_per_host }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Sent, TransportErrorKind};

    #[tokio::test]
    async fn unresolved_name_counts_as_not_sent() {
        // A label of 64 letters is one too long, so no name server is asked. No base URL can have it.
        let uri = format!("http://{}.invalid/x/", "x".repeat(64));
        let request = Request::post(uri).body(Body::from("{}")).unwrap();
        let client = HttpClient::new(&Connections::default(), false).unwrap();
        let error = client.pool_for(&request).send(request).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (TransportErrorKind::Connect, Sent::No), "{error:?}");
    }
}

#[cfg(all(test, feature = "proxy"))]
mod proxy_tests {
    use super::*;

    #[test]
    fn only_public_calls_bypass_a_proxy_of_the_environment() {
        let request = |public| {
            let mut request = Request::new(Body::empty());
            let options = CallOptions { public, ..CallOptions::default() };
            request.extensions_mut().insert(options);
            request
        };
        let lookup = |name: &str| (name == "HTTPS_PROXY").then(|| "http://proxy.example:1".to_owned());
        let settings = Connections { proxy: Proxy::from_lookup(lookup).unwrap(), ..Connections::default() };
        let client = HttpClient::new(&settings, false).unwrap();
        assert!(!Arc::ptr_eq(client.pool_for(&request(true)), &client.pool));
        assert!(Arc::ptr_eq(client.pool_for(&request(false)), &client.pool));
        assert!(Arc::ptr_eq(client.pool_for(&Request::new(Body::empty())), &client.pool));

        let settings = Connections { proxy: Proxy::http("http://proxy.example:1").unwrap(), ..Connections::default() };
        let client = HttpClient::new(&settings, false).unwrap();
        assert!(Arc::ptr_eq(client.pool_for(&request(true)), &client.pool), "the program chose the proxy");
    }
}
