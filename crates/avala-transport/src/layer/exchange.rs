//! Records each call of the innermost service.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::CallState;
use crate::context::record::{REFUSED, RESPONDED, Stack, UNKNOWN};
use crate::context::safety::{is_refusal, is_refused};
use crate::error::{Sent, TransportError};

/// One call of the innermost service. If it is dropped before its end, the outcome is unknown.
#[derive(Debug)]
pub(crate) struct Exchange {
    state: CallState,
    ended: bool,
}

impl Exchange {
    /// Starts recording, if the request has a call state of this stack.
    pub(crate) fn begin(request: &Request<Body>, stack: Option<&Arc<Stack>>) -> Option<Self> {
        let state = request.extensions().get::<CallState>().filter(|state| state.is_of(stack));
        let is_attributed = state.is_some_and(|state| {
            let method = request.method();
            state.total().begin(method);
            state.attempt().map_or(stack.is_none(), |attempt| attempt.begin(method))
        });
        if let Some(stack) = stack
            && !is_attributed
        {
            stack.add_stray();
        }
        state.map(|state| Self { state: state.clone(), ended: false })
    }

    pub(crate) fn end(&mut self, result: &Result<Response<Body>, TransportError>) {
        self.end_as(match result {
            Ok(response) if is_refusal(response.status(), response.headers()) => REFUSED,
            Ok(_) => RESPONDED,
            Err(error) if is_refused(error) => REFUSED,
            Err(error) => match error.sent() {
                Sent::No => 0,
                Sent::Maybe => UNKNOWN,
                Sent::Yes => RESPONDED,
            },
        });
    }

    fn end_as(&mut self, how: u32) {
        if !std::mem::replace(&mut self.ended, true) {
            self.state.total().end(how);
            if let Some(attempt) = self.state.attempt() {
                attempt.end(how);
            }
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end_as(UNKNOWN);
    }
}

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
