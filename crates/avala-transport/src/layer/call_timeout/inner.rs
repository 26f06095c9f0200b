//! Call timeout below user layers, so that they see the calls that it ends.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use crate::body::Body;
use crate::context::CallState;
use crate::error::{Sent, TransportError};

/// Ends the call below at the deadline that the outermost layer has set.
///
/// If only the outermost layer enforced the deadline, it would drop the futures of the user layers, which would then
/// see neither a response nor an error. The outermost layer remains as a backstop for user layers that are late
/// themselves.
#[derive(Debug, Clone)]
pub(crate) struct InnerDeadlineLayer {
    yields: u8,
}

impl InnerDeadlineLayer {
    /// Creates a layer. `yields` is how often to yield to other tasks before the call is ended, for layers below that
    /// run in their own task.
    pub(crate) fn new(yields: u8) -> Self {
        Self { yields }
    }
}

impl<S> Layer<S> for InnerDeadlineLayer {
    type Service = InnerDeadline<S>;

    fn layer(&self, inner: S) -> InnerDeadline<S> {
        InnerDeadline { inner, yields: self.yields }
    }
}

/// The service of [`InnerDeadlineLayer`].
#[derive(Debug, Clone)]
pub(crate) struct InnerDeadline<S> {
    inner: S,
    yields: u8,
}

impl<S> Service<Request<Body>> for InnerDeadline<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = InnerDeadlineFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The inner service becomes ready inside the future, where the deadline counts it.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let state = request.extensions().get::<CallState>().cloned();
        let sleep = state.as_ref().and_then(CallState::deadline).map(sleep_until);
        let yields = self.yields;
        InnerDeadlineFuture { call: self.inner.clone().oneshot(request), sleep, state, started: false, yields }
    }
}

pin_project! {
    /// The future of [`InnerDeadline`].
    pub(crate) struct InnerDeadlineFuture<S: Service<Request<Body>>> {
        #[pin]
        call: Oneshot<S, Request<Body>>,
        #[pin]
        sleep: Option<Sleep>,
        state: Option<CallState>,
        started: bool,
        yields: u8,
    }
}

impl<S> Future for InnerDeadlineFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !std::mem::replace(this.started, true)
            && let Some(state) = this.state
            && state.is_expired(Instant::now())
        {
            // No time is left: nothing below is called.
            return Poll::Ready(Err(state.complete(state.timed_out().with_sent(Sent::No))));
        }
        if let Poll::Ready(result) = this.call.poll(cx) {
            return Poll::Ready(result);
        }
        let (Some(mut sleep), Some(state)) = (this.sleep.as_mut().as_pin_mut(), this.state) else {
            return Poll::Pending;
        };
        // A pause moves the deadline.
        if let Some(deadline) = state.deadline()
            && sleep.deadline() != deadline
        {
            sleep.as_mut().reset(deadline);
        }
        ready!(sleep.poll(cx));
        if *this.yields > 0 {
            *this.yields -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        // Complete, so that the layers above see attempts and times too.
        Poll::Ready(Err(state.complete(state.timed_out())))
    }
}
