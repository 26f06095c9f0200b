//! Shares the services below a layer between all calls, and boxes their futures.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{Layer, Service};

use crate::body::Body;
use crate::error::TransportError;
use crate::when_ready::{WhenReady, call_when_ready};

/// Puts the services below behind one reference count.
///
/// The layers above clone the service below them for each call: with this layer that is one count for any service.
/// Each count costs more with more threads that make calls. Each call uses its own clone, made ready inside its future.
#[derive(Debug, Clone)]
pub(crate) struct SharedLayer;

impl<S> Layer<S> for SharedLayer {
    type Service = Shared<S>;

    fn layer(&self, inner: S) -> Shared<S> {
        Shared { inner: Arc::new(inner) }
    }
}

/// The service of [`SharedLayer`].
#[derive(Debug)]
pub(crate) struct Shared<S> {
    inner: Arc<S>,
}

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S> Service<Request<Body>> for Shared<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = WhenReady<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        call_when_ready(S::clone(&self.inner), request)
    }
}

/// Boxes the futures of the services below, so that the layers above move a pointer.
#[derive(Debug, Clone)]
pub(crate) struct BoxedLayer;

impl<S> Layer<S> for BoxedLayer {
    type Service = Boxed<S>;

    fn layer(&self, inner: S) -> Boxed<S> {
        Boxed { inner }
    }
}

/// The service of [`BoxedLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Boxed<S> {
    inner: S,
}

impl<S: Service<Request<Body>>> Service<Request<Body>> for Boxed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<S::Future>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.inner.call(request))
    }
}
