//! Records each call of the innermost service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::exchange::Exchange;
use crate::context::record::Stack;
use crate::error::TransportError;

/// Records every call of the innermost service of a stack.
#[derive(Debug, Clone)]
pub(crate) struct RecordLayer {
    stack: Arc<Stack>,
}

impl RecordLayer {
    pub(crate) fn new(stack: Arc<Stack>) -> Self {
        Self { stack }
    }
}

impl<S> Layer<S> for RecordLayer {
    type Service = Recorded<S>;

    fn layer(&self, inner: S) -> Recorded<S> {
        Recorded { inner, stack: Arc::clone(&self.stack) }
    }
}

/// The service of [`RecordLayer`].
#[derive(Debug, Clone)]
pub(crate) struct Recorded<S> {
    inner: S,
    stack: Arc<Stack>,
}

impl<S> Service<Request<Body>> for Recorded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = RecordedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let exchange = Exchange::begin(&request, Some(&self.stack));
        RecordedFuture { future: self.inner.call(request), exchange }
    }
}

pin_project! {
    /// The future of [`Recorded`].
    pub(crate) struct RecordedFuture<F> {
        #[pin]
        future: F,
        exchange: Option<Exchange>,
    }
}

impl<F> Future for RecordedFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let result = ready!(this.future.poll(cx));
        if let Some(exchange) = this.exchange {
            exchange.end(&result);
        }
        Poll::Ready(result)
    }
}
