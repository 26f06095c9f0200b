//! The pooled HTTP client at the bottom of the stack.

mod connect;
mod failure;
#[cfg(feature = "tls")]
pub(crate) mod tls;

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::MapErr;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pin_project_lite::pin_project;
use tower::Service;

use self::connect::ConnectTimeout;
use self::failure::BodyFailed;
use crate::{Body, BoxError, TransportError};

#[cfg(feature = "tls")]
type Connector = ConnectTimeout<hyper_rustls::HttpsConnector<HttpConnector>>;
#[cfg(not(feature = "tls"))]
type Connector = ConnectTimeout<HttpConnector>;

type SentBody = MapErr<Body, fn(BoxError) -> BodyFailed>;

/// Sends requests with absolute URIs over pooled connections.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    client: Client<Connector, SentBody>,
}

impl HttpClient {
    /// Makes no connection and needs no runtime.
    pub(crate) fn new(
        connect_timeout: Duration,
        pool_idle_timeout: Duration,
        #[cfg(feature = "tls")] tls: rustls::ClientConfig,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // Shared between the addresses of a host, so that one dead address does not use up all the time.
        tcp.set_connect_timeout(Some(connect_timeout));
        #[cfg(feature = "tls")]
        let connector = {
            tcp.enforce_http(false);
            tls::connector(tcp, tls)
        };
        #[cfg(not(feature = "tls"))]
        let connector = tcp;
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(pool_idle_timeout)
            .build(ConnectTimeout::new(connector, connect_timeout));
        Self { client }
    }
}

impl Service<Request<Body>> for HttpClient {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = HttpFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> HttpFuture {
        let authority = request.uri().authority().cloned();
        let request = request.map(|body| body.map_err(BodyFailed as fn(BoxError) -> BodyFailed));
        HttpFuture { future: self.client.request(request), authority }
    }
}

pin_project! {
    /// The future of [`HttpClient`].
    pub(crate) struct HttpFuture {
        #[pin]
        future: ResponseFuture,
        authority: Option<Authority>,
    }
}

impl Future for HttpFuture {
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(match ready!(this.future.poll(cx)) {
            Ok(response) => Ok(response.map(Body::once)),
            Err(error) => Err(failure::translate(error, this.authority.as_ref())),
        })
    }
}
