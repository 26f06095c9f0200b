//! Attempt timeout.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::CallState;
use crate::context::background::Background;
use crate::context::options::CallOptions;
use crate::context::time_spent::Seconds;
use crate::error::{Sent, TimeoutPhase, TransportError};
use crate::when_ready::{WhenReady, call_when_ready};

/// Ends an attempt at its timeout, which covers readiness, connecting, headers and the collected body.
///
/// [`CallOptions::attempt_timeout`] overrides the layer's timeout. An attempt with a timeout of zero is not sent.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::Body;
/// use avala_transport::layer::{AdaptLayer, AttemptTimeoutLayer};
/// use http::{Request, Response, StatusCode};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(AttemptTimeoutLayer::new(Duration::from_secs(5)))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct AttemptTimeoutLayer {
    timeout: Duration,
}

impl AttemptTimeoutLayer {
    /// Creates a layer with this timeout. [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl<S> Layer<S> for AttemptTimeoutLayer {
    type Service = AttemptTimeout<S>;

    fn layer(&self, inner: S) -> AttemptTimeout<S> {
        AttemptTimeout { inner, timeout: self.timeout }
    }
}

/// The service of [`AttemptTimeoutLayer`].
#[derive(Debug, Clone)]
pub struct AttemptTimeout<S> {
    inner: S,
    timeout: Duration,
}

impl<S> Service<Request<Body>> for AttemptTimeout<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = AttemptTimeoutFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The inner service becomes ready inside the future, where the timeout counts it.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::begin_exchange(request.extensions_mut());
        let own = request.extensions().get::<CallOptions>().and_then(|options| options.attempt_timeout);
        let timeout = own.unwrap_or(self.timeout);
        let ends = state.now().checked_add(timeout);
        let paused_before = state.background().map_or(Duration::ZERO, Background::paused);
        let attempt = match timeout {
            Duration::ZERO => WhenReady::failed(timed_out(timeout).with_sent(Sent::No)),
            _ => call_when_ready(self.inner.clone(), request),
        };
        AttemptTimeoutFuture { attempt, sleep: ends.map(sleep_until), ends, paused_before, timeout, state }
    }
}

pin_project! {
    /// The future of [`AttemptTimeout`].
    #[derive(Debug)]
    pub struct AttemptTimeoutFuture<S: Service<Request<Body>>> {
        #[pin]
        attempt: WhenReady<S>,
        #[pin]
        sleep: Option<Sleep>,
        // Without pauses.
        ends: Option<Instant>,
        paused_before: Duration,
        timeout: Duration,
        state: CallState,
    }

    impl<S: Service<Request<Body>>> PinnedDrop for AttemptTimeoutFuture<S> {
        fn drop(this: Pin<&mut Self>) {
            this.state.set_attempt_timer(None);
        }
    }
}

impl<S> Future for AttemptTimeoutFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(result) = this.attempt.poll(cx) {
            this.state.set_attempt_timer(None);
            return Poll::Ready(result);
        }
        // A pause moves the end.
        if let (Some(background), Some(ends)) = (this.state.background(), *this.ends)
            && let Some(ends) = ends.checked_add(background.paused().saturating_sub(*this.paused_before))
            && let Some(sleep) = this.sleep.as_mut().as_pin_mut()
            && sleep.deadline() != ends
        {
            sleep.reset(ends);
        }
        let Some(mut sleep) = this.sleep.as_pin_mut() else { return Poll::Pending };
        if sleep.as_mut().poll(cx).is_pending() {
            this.state.set_attempt_timer(Some(sleep.deadline()));
            return Poll::Pending;
        }
        this.state.set_attempt_timer(None);
        let error = timed_out(*this.timeout);
        // The server refused the request, although the body of its response did not arrive in time.
        let Some(refusal) = this.state.refusal() else { return Poll::Ready(Err(error)) };
        let error = error.with_status(StatusCode::TOO_MANY_REQUESTS).with_sent(Sent::Yes);
        Poll::Ready(Err(match refusal.retry_after {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        }))
    }
}

fn timed_out(timeout: Duration) -> TransportError {
    TransportError::timeout(TimeoutPhase::Attempt, format!("attempt timed out after {}", Seconds(timeout)))
}
