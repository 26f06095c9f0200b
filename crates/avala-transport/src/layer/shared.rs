//! Shares the service of an attempt between all calls.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{Layer, Service};

use crate::body::Body;
use crate::error::TransportError;
use crate::when_ready::{WhenReady, call_when_ready};

/// Puts the services below behind one reference count, and their futures into one box.
///
/// The layers above clone the service below them for each attempt, and move its futures: with this layer
/// both are small, whatever is below it. Each call uses a clone of its own, made ready inside of its future.
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
    type Future = Pin<Box<WhenReady<S>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(call_when_ready(S::clone(&self.inner), request))
    }
}
