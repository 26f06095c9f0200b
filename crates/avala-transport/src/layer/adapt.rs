//! Adapts HTTP middleware and services with other body and error types.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::BoxError;
use tower::{Layer, Service};

use crate::body::Body;
use crate::classify::{Classified, Classifier, Place, translate};
use crate::context::exchange::Exchange;
use crate::error::TransportError;

/// Converts the response body and the error of a service to the types of this crate.
///
/// Place it between a layer of this crate and a service with another response body or error type.
///
/// # Errors of the service
///
/// A [`TransportError`] passes unchanged. Any other error is classified by the first known error in its source chain:
///
/// | Error | Kind |
/// |---|---|
/// | [`Elapsed`](https://docs.rs/tower/0.5/tower/timeout/error/struct.Elapsed.html) of `tower::timeout` | `Timeout` |
/// | [`Overloaded`](https://docs.rs/tower/0.5/tower/load_shed/error/struct.Overloaded.html) of `tower::load_shed` | `RateLimited`; retried, unlike that of the client-side rate limiter |
/// | `io::Error`: refused, unreachable, no address | `Connect` |
/// | `io::Error`: reset, aborted, not connected, broken pipe, unexpected end | `ConnectionLost` |
/// | `io::Error`: timed out | `Timeout` |
/// | client of `hyper-util`: no connection | `Connect` |
/// | `hyper` and `h2`: invalid request or request body | `Request` |
/// | `hyper` and `h2`: any other | `ConnectionLost` |
/// | [`TransportError`] | the same kind |
/// | any other | [`Layer`](crate::TransportErrorKind::Layer), which is never retried |
/// [`classify`](Self::classify) adds your own rules. The original error is the source of the `TransportError`.
///
/// # Whether the request was sent
///
/// Around the innermost service, this layer records each call and its outcome, and only this record decides whether the
/// request may have been sent. [`Sent::No`](crate::Sent::No) requires that the service itself returns it with a
/// `TransportError` or a classification, or a refused connection; all other errors are `Maybe`.
///
/// ```
/// use avala_transport::Body;
/// use avala_transport::layer::{AdaptLayer, CallTimeoutLayer};
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
///     .layer(CallTimeoutLayer::new(std::time::Duration::from_secs(5)))
///     .layer(AdaptLayer::new())
///     .service(foreign);
/// ```
#[derive(Debug, Clone, Default)]
pub struct AdaptLayer;

impl AdaptLayer {
    /// Creates the layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// Creates a layer that classifies errors with `classify` first. If it returns `None`, the built-in rules apply.
    ///
    /// ```
    /// use avala_transport::layer::{AdaptLayer, Classified};
    /// use avala_transport::{Body, TransportErrorKind};
    /// use http::{Request, Response};
    /// use tower::{Layer, service_fn};
    ///
    /// #[derive(Debug, thiserror::Error)]
    /// #[error("the leader is being elected")]
    /// struct NoLeader;
    ///
    /// let layer = AdaptLayer::classify(|error| {
    ///     error.is::<NoLeader>().then(|| Classified::new(TransportErrorKind::ConnectionLost))
    /// });
    /// let service = layer.layer(service_fn(|_: Request<Body>| async { Err::<Response<Body>, _>(NoLeader) }));
    /// ```
    pub fn classify<F>(classify: F) -> ClassifyLayer
    where
        F: Fn(&BoxError) -> Option<Classified> + Send + Sync + 'static,
    {
        ClassifyLayer(Classifier::new(classify))
    }
}

impl<S> Layer<S> for AdaptLayer {
    type Service = Adapt<S>;

    fn layer(&self, inner: S) -> Adapt<S> {
        Adapt { inner, place: Place::Innermost, classifier: None }
    }
}

/// [`AdaptLayer`] with additional rules for errors. Created by [`AdaptLayer::classify`].
#[derive(Debug, Clone)]
pub struct ClassifyLayer(Classifier);

impl<S> Layer<S> for ClassifyLayer {
    type Service = Adapt<S>;

    fn layer(&self, inner: S) -> Adapt<S> {
        Adapt { inner, place: Place::Innermost, classifier: Some(self.0.clone()) }
    }
}

/// The service of [`AdaptLayer`].
#[derive(Debug, Clone)]
pub struct Adapt<S> {
    inner: S,
    place: Place,
    classifier: Option<Classifier>,
}

impl<S> Adapt<S> {
    pub(crate) fn new(inner: S, place: Place, classifier: Option<Classifier>) -> Self {
        Self { inner, place, classifier }
    }
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
        self.inner.poll_ready(cx).map_err(|error| translate(error.into(), self.place, self.classifier.as_ref()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // In an assembled stack, calls are recorded at its bottom; this records them for layers that are used alone.
        let exchange = if self.place == Place::Innermost { Exchange::begin(&request, None) } else { None };
        let future = self.inner.call(request);
        AdaptFuture { future, exchange, place: self.place, classifier: self.classifier.clone() }
    }
}

pin_project! {
    /// The future of [`Adapt`].
    #[derive(Debug)]
    pub struct AdaptFuture<F> {
        #[pin]
        future: F,
        exchange: Option<Exchange>,
        place: Place,
        classifier: Option<Classifier>,
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
        let this = self.project();
        let result = match ready!(this.future.poll(cx)) {
            Ok(response) => Ok(response.map(Body::once)),
            Err(error) => Err(translate(error.into(), *this.place, this.classifier.as_ref())),
        };
        if let Some(exchange) = this.exchange {
            exchange.end(&result);
        }
        Poll::Ready(result)
    }
}
