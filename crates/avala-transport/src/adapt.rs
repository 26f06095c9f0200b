//! Ordinary HTTP middleware made to fit.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::{Body, BoxError, TransportError};

/// Gives a service the body and the error type of this crate.
///
/// Put it between a layer of this crate and a service that has another response body or another error.
/// A `Body` passes unchanged, and so does a [`TransportError`] that is somewhere in the error's chain.
///
/// ```
/// use avala_transport::{AdaptLayer, Body, DeadlineLayer};
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use tower::{ServiceBuilder, service_fn};
///
/// // Its body and its error are its own.
/// let foreign = service_fn(|_: Request<Body>| async {
///     Ok::<_, std::io::Error>(Response::new(Full::new(Bytes::from_static(b"hello"))))
/// });
/// let service = ServiceBuilder::new()
///     .layer(DeadlineLayer::new(std::time::Duration::from_secs(5)))
///     .layer(AdaptLayer::new())
///     .service(foreign);
/// ```
#[derive(Debug, Clone, Default)]
pub struct AdaptLayer;

impl AdaptLayer {
    /// The layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for AdaptLayer {
    type Service = Adapt<S>;

    fn layer(&self, inner: S) -> Adapt<S> {
        Adapt { inner }
    }
}

/// The service of [`AdaptLayer`].
#[derive(Debug, Clone)]
pub struct Adapt<S> {
    inner: S,
}

impl<S, B> Service<Request<Body>> for Adapt<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = AdaptFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx).map_err(|error| TransportError::from_box(error.into()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        AdaptFuture { future: self.inner.call(request) }
    }
}

pin_project! {
    /// The future of [`Adapt`].
    #[derive(Debug)]
    pub struct AdaptFuture<F> {
        #[pin]
        future: F,
    }
}

impl<F, B, E> Future for AdaptFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.project().future.poll(cx));
        Poll::Ready(match result {
            Ok(response) => Ok(response.map(Body::once)),
            Err(error) => Err(TransportError::from_box(error.into())),
        })
    }
}
