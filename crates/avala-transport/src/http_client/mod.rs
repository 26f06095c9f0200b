//! The pooled HTTP client at the bottom of the stack.

mod connect;
#[cfg(feature = "proxy")]
mod dial;
mod failure;
mod sent_body;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::pin::Pin;
use std::sync::Arc;
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
use self::sent_body::SentBody;
use crate::connections::Connections;
use crate::{Body, TransportError};

/// All that is kept of an answer before its headers are complete: a server cannot fill the memory with them. The first
/// is also the largest piece of a body that is read at a time.
const HTTP1_BUFFER: usize = 256 * 1024;
#[cfg(feature = "http2")]
const HTTP2_HEADERS: u32 = 64 * 1024;

#[cfg(feature = "proxy")]
type Tcp = dial::Dial;
#[cfg(not(feature = "proxy"))]
type Tcp = HttpConnector;

#[cfg(feature = "tls")]
type Connector = ConnectTimeout<hyper_rustls::HttpsConnector<Tcp>>;
#[cfg(not(feature = "tls"))]
type Connector = ConnectTimeout<Tcp>;

/// Sends requests with absolute URIs over pooled connections.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    /// Behind one count: the layers clone what is below them for each attempt, and the client has a dozen parts.
    client: Arc<Client<Connector, SentBody>>,
}

impl HttpClient {
    /// Makes no connection and needs no runtime. `https` says whether it will be used, and needs roots to trust.
    pub(crate) fn new(
        settings: &Connections,
        #[cfg_attr(not(feature = "tls"), expect(unused_variables, reason = "nothing to prepare"))] https: bool,
    ) -> Result<Self, TransportError> {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // Shared between the addresses of a host, so that one dead address does not use up all the time.
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        #[cfg(feature = "tls")]
        tcp.enforce_http(false);
        #[cfg(feature = "proxy")]
        let tcp = dial::Dial::new(tcp, &settings.proxy);
        #[cfg(feature = "tls")]
        let tcp = tls::connector(tcp, tls::config(settings, https)?);

        let mut client = Client::builder(TokioExecutor::new());
        client
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.pool_idle_timeout)
            .pool_max_idle_per_host(settings.pool_max_idle_per_host)
            .http1_max_buf_size(HTTP1_BUFFER);
        #[cfg(feature = "http2")]
        client.http2_max_header_list_size(HTTP2_HEADERS);
        #[cfg(feature = "http2")]
        if let Some(pings) = settings.http2_keep_alive {
            client.http2_keep_alive_interval(pings.interval).http2_keep_alive_timeout(pings.timeout);
        }
        Ok(Self { client: Arc::new(client.build(ConnectTimeout::new(tcp, settings.connect_timeout))) })
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
        let has_body = !request.body().is_end_stream();
        let (parts, body) = request.into_parts();
        let (body, body_failure) = SentBody::new(body);
        let future = self.client.request(Request::from_parts(parts, body));
        HttpFuture { future, target: Target { authority, has_body, body_failure }, connecting }
    }
}

pin_project! {
    /// The future of [`HttpClient`].
    pub(crate) struct HttpFuture {
        #[pin]
        future: ResponseFuture,
        target: Target,
        connecting: Option<Connecting>,
    }
}

impl Future for HttpFuture {
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(result) = this.future.poll(cx) {
            return Poll::Ready(match result {
                Ok(response) => Ok(response.map(Body::once)),
                Err(error) => Err(failure::translate(error, this.target)),
            });
        }
        if this.connecting.as_ref().is_some_and(Connecting::is_done) {
            *this.connecting = None;
        }
        let Some(connecting) = this.connecting else { return Poll::Pending };
        ready!(connecting.poll_timeout(cx));
        Poll::Ready(Err(failure::no_connection_in_time(this.target)))
    }
}
