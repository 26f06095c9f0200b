//! The pooled HTTP client at the bottom of the stack.

mod connect;
#[cfg(feature = "proxy")]
mod dial;
mod failure;
mod idle_check;
mod sent_body;
#[cfg(feature = "tls")]
pub(crate) mod tls;
#[cfg(feature = "proxy")]
mod tunnel;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use http_body::Body as _;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pin_project_lite::pin_project;
use tower::Service;

use self::connect::{ConnectTimeout, Connecting};
use self::failure::Target;
use self::idle_check::{CheckedConnector, LastWrite, RequestClock};
use self::sent_body::{BodyFailure, SentBody};
use crate::body::Body;
use crate::connection_settings::{Connections, finite};
use crate::context::options::CallOptions;
use crate::error::TransportError;
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;

/// Read buffer of HTTP/1.1: limits the headers of a response, and the largest piece of a body that is read at a time.
const HTTP1_BUFFER: usize = 256 * 1024;
#[cfg(feature = "http2")]
const HTTP2_HEADERS: u32 = 64 * 1024;
/// Stream window of HTTP/2: how much of an unread response the server may send. An ordinary page fits, so that the
/// server finishes it and its stream no longer counts against the server's limit of streams.
#[cfg(feature = "http2")]
const HTTP2_STREAM_WINDOW: u32 = 2 * 1024 * 1024;
/// Connection window of HTTP/2: the largest possible, so that 1,000 unread responses do not block others. Memory is
/// bounded by the number of streams and their own windows.
#[cfg(feature = "http2")]
const HTTP2_CONNECTION_WINDOW: u32 = (1 << 31) - 1;

#[cfg(feature = "proxy")]
type Tcp = CheckedConnector<dial::Dial>;
#[cfg(not(feature = "proxy"))]
type Tcp = CheckedConnector<HttpConnector>;

#[cfg(feature = "tls")]
type Connector = ConnectTimeout<hyper_rustls::HttpsConnector<Tcp>>;
#[cfg(not(feature = "tls"))]
type Connector = ConnectTimeout<Tcp>;

/// Pool of connections that several transports share, with its TLS, proxy and connection settings. Clones are the same
/// pool.
///
/// Built by [`TransportBuilder::build_pool`](crate::TransportBuilder::build_pool), and set with
/// [`TransportBuilder::connection_pool`](crate::TransportBuilder::connection_pool). Transports with different API keys and
/// limits, such as those of several tenants, then use the same connections.
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

    pub(crate) fn into_client(self) -> HttpClient {
        self.0
    }
}

impl fmt::Debug for ConnectionPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionPool").finish_non_exhaustive()
    }
}

/// Sends requests with absolute URIs over pooled connections.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    /// In an `Arc`, because the layers clone the client for each attempt and it has many parts.
    client: Arc<Pooled>,
    /// For public calls, which use no proxy of the environment; `None` where the other one does not either.
    direct: Option<Arc<Pooled>>,
}

#[derive(Debug)]
struct Pooled {
    client: Client<Connector, SentBody>,
    clock: RequestClock,
    /// Whether a server was found to use HTTP/2. Never reset.
    speaks_http2: Arc<AtomicBool>,
}

impl HttpClient {
    /// Creates a client without connecting; needs no runtime. With `https`, trusted roots are required.
    pub(crate) fn new(settings: &Connections, https: bool) -> Result<Self, TransportError> {
        #[cfg(not(feature = "proxy"))]
        let (client, direct) = (Pooled::new(settings, https)?, None);
        #[cfg(feature = "proxy")]
        let client = Pooled::new(settings, https, &settings.proxy)?;
        #[cfg(feature = "proxy")]
        let direct = match settings.proxy.is_of_environment() {
            true => Some(Arc::new(Pooled::new(settings, https, &Proxy::none())?)),
            false => None,
        };
        Ok(Self { client: Arc::new(client), direct })
    }

    fn pool_for(&self, request: &Request<Body>) -> &Arc<Pooled> {
        match &self.direct {
            Some(direct) if request.extensions().get::<CallOptions>().is_some_and(|options| options.public) => direct,
            _ => &self.client,
        }
    }
}

impl Pooled {
    fn new(
        settings: &Connections,
        #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing to prepare"))] https: bool,
        #[cfg(feature = "proxy")] proxy: &Proxy,
    ) -> Result<Self, TransportError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // Divided among the addresses of a host, so that one dead address does not use up the whole timeout.
        tcp.set_connect_timeout(finite(settings.connect_timeout));
        #[cfg(feature = "tls")]
        tcp.enforce_http(false);
        #[cfg(feature = "proxy")]
        let tcp = dial::Dial::new(tcp, proxy);
        let clock = RequestClock::default();
        let tcp = CheckedConnector::new(tcp, clock.clone());
        #[cfg(feature = "tls")]
        let tcp = tls::connector(tcp, tls::config(settings, https)?);

        let mut client = Client::builder(TokioExecutor::new());
        client
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(finite(settings.pool_idle_timeout))
            .pool_max_idle_per_host(settings.pool_max_idle_per_host)
            .http1_max_buf_size(HTTP1_BUFFER);
        #[cfg(feature = "http2")]
        client
            .http2_max_header_list_size(HTTP2_HEADERS)
            .http2_initial_stream_window_size(HTTP2_STREAM_WINDOW)
            .http2_initial_connection_window_size(HTTP2_CONNECTION_WINDOW);
        #[cfg(feature = "http2")]
        if let Some(pings) = settings.http2_keep_alive {
            client.http2_keep_alive_interval(pings.interval).http2_keep_alive_timeout(pings.timeout);
        }
        let speaks_http2 = Arc::new(AtomicBool::new(false));
        let connector = ConnectTimeout::new(tcp, settings.connect_timeout, Arc::clone(&speaks_http2));
        Ok(Self { client: client.build(connector), clock, speaks_http2 })
    }
}

impl Service<Request<Body>> for HttpClient {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = HttpFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> HttpFuture {
        let connecting = Connecting::start(&mut request);
        let authority = request.uri().authority().cloned();
        let https = request.uri().scheme() == Some(&http::uri::Scheme::HTTPS);
        let has_body = !request.body().is_end_stream();
        let pool = self.pool_for(&request);
        let spare = if pool.speaks_http2.load(Ordering::Relaxed) { copy(&request) } else { None };
        let spare = spare.map(|request| (Arc::clone(pool), request));
        let (sending, body_failure, number) = pool.send(request);
        HttpFuture { sending, target: Target { authority, https, has_body, body_failure, number }, connecting, spare }
    }
}

impl Pooled {
    fn send(&self, request: Request<Body>) -> (ResponseFuture, Option<BodyFailure>, u64) {
        let (parts, body) = request.into_parts();
        let (body, body_failure) = SentBody::new(body);
        let number = self.clock.begin();
        (self.client.request(Request::from_parts(parts, body)), body_failure, number)
    }
}

/// Copies the request as it is sent. `None` if its body can be read only once.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

pin_project! {
    /// The future of [`HttpClient`].
    pub(crate) struct HttpFuture {
        #[pin]
        sending: ResponseFuture,
        target: Target,
        connecting: Option<Connecting>,
        // Copy of the request. hyper-util resends an HTTP/1.1 request itself if its pooled connection turns out to be
        // closed; over HTTP/2 the request is lost by then.
        spare: Option<(Arc<Pooled>, Request<Body>)>,
    }
}

impl Future for HttpFuture {
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // At most twice, because the request is copied once.
        while let Poll::Ready(result) = this.sending.as_mut().poll(cx) {
            match result {
                Ok(mut response) => {
                    let last_write = response.extensions_mut().remove::<LastWrite>();
                    if last_write.is_some_and(|last_write| last_write.is_before(this.target.number)) {
                        return Poll::Ready(Err(failure::early_response(this.target)));
                    }
                    return Poll::Ready(Ok(response.map(Body::once)));
                }
                Err(error) => {
                    let closed_while_idle = failure::nothing_written(&error, this.target);
                    let Some((client, request)) = this.spare.take().filter(|_| closed_while_idle) else {
                        return Poll::Ready(Err(failure::translate(error, this.target)));
                    };
                    let (sending, body_failure, number) = client.send(request);
                    this.sending.set(sending);
                    this.target.body_failure = body_failure;
                    this.target.number = number;
                }
            }
        }
        if this.connecting.as_ref().is_some_and(Connecting::is_done) {
            *this.connecting = None;
        }
        let Some(connecting) = this.connecting else { return Poll::Pending };
        ready!(connecting.poll_timeout(cx));
        Poll::Ready(Err(failure::no_connection_in_time(this.target)))
    }
}

#[cfg(all(test, feature = "proxy"))]
mod tests {
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
        assert!(!Arc::ptr_eq(client.pool_for(&request(true)), &client.client));
        assert!(Arc::ptr_eq(client.pool_for(&request(false)), &client.client));
        assert!(Arc::ptr_eq(client.pool_for(&Request::new(Body::empty())), &client.client));

        let settings = Connections { proxy: Proxy::http("http://proxy.example:1").unwrap(), ..Connections::default() };
        let client = HttpClient::new(&settings, false).unwrap();
        assert!(Arc::ptr_eq(client.pool_for(&request(true)), &client.client), "the program chose the proxy");
    }
}
