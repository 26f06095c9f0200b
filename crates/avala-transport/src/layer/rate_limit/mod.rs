//! Client-side rate limiter.

mod admission;
mod asking;
mod attempt_times;
mod bucket;
mod gcra;
mod hold;
mod limit;
mod limiter;
mod memory_store;
mod pacer;
mod schedule;
mod scope;
mod spread;
mod state;
mod store;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use self::admission::Admission;
pub use self::limit::RateLimit;
pub use self::limiter::RateLimiter;
pub use self::memory_store::MemoryLimits;
pub use self::state::RateLimitState;
pub use self::store::{Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, StoreCall};
use crate::body::Body;
use crate::context::CallState;
use crate::context::options::CallOptions;
use crate::error::TransportError;

/// Delays attempts as a [`RateLimiter`] requires, and reports responses to the limiter.
///
/// A call that has to wait needs time for its attempt: as much as recent attempts of the same group took, at least 50
/// ms, and at most half of its timeout. If less would be left after the wait, the call fails at once with
/// [`RateLimited`](crate::TransportErrorKind::RateLimited), the wait as [`retry_after`](TransportError::retry_after),
/// and [`Sent::No`](crate::Sent::No), and takes no token. A call also fails if the gate stays closed for longer than
/// the [`max_wait`](crate::RetryPolicy::max_wait) of its retry policy. A call whose deadline has passed is not sent.
///
/// Place this layer above the concurrency limit: token and permit are then taken together, and a call that waits for
/// one of them does not hold the other.
///
/// ```
/// use avala_transport::{Body, RateLimit, RateLimiter};
/// use avala_transport::layer::{AdaptLayer, RateLimitLayer};
/// use http::{Request, Response, StatusCode};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let limiter = RateLimiter::new(RateLimit::per_minute(30));
/// let service = ServiceBuilder::new()
///     .layer(RateLimitLayer::new(limiter.clone()))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RateLimitLayer {
    limiter: RateLimiter,
    permit_term: Duration,
}

impl RateLimitLayer {
    /// Creates a layer with this limiter. Share clones of one limiter to share its limit.
    #[must_use]
    pub fn new(limiter: RateLimiter) -> Self {
        Self { limiter, permit_term: Duration::from_secs(30) }
    }

    /// Sets the maximum time for which a permit of a [`LimitStore`] is held. Default: 30 s.
    ///
    /// Use the attempt timeout. [`CallOptions::attempt_timeout`] overrides the term.
    #[must_use]
    pub fn permit_term(mut self, term: Duration) -> Self {
        self.permit_term = term;
        self
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> RateLimitService<S> {
        RateLimitService { inner, limiter: self.limiter.clone(), permit_term: self.permit_term }
    }
}

/// The service of [`RateLimitLayer`].
#[derive(Debug, Clone)]
pub struct RateLimitService<S> {
    inner: S,
    limiter: RateLimiter,
    permit_term: Duration,
}

impl<S> Service<Request<Body>> for RateLimitService<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = RateLimitFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The wait is inside the future, where a deadline counts it and where dropping it leaves the queue.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let options = request.extensions().get::<CallOptions>();
        let is_public = options.is_some_and(|options| options.public);
        let limiter = if is_public { self.limiter.public() } else { self.limiter.clone() };
        let admission = Admission::new(limiter, options, state, self.permit_term);
        RateLimitFuture { call: self.inner.clone().oneshot(request), admission }
    }
}

pin_project! {
    /// The future of [`RateLimitService`].
    pub struct RateLimitFuture<S: Service<Request<Body>>> {
        // Started when the future is first polled.
        #[pin]
        call: Oneshot<S, Request<Body>>,
        admission: Admission,
    }
}

impl<S> Future for RateLimitFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.admission.is_sent() {
            let result = ready!(this.call.poll(cx));
            return Poll::Ready(this.admission.finish(result));
        }
        if this.admission.poll_take(cx)?.is_pending() {
            let state = this.admission.state();
            if !state.is_queued() {
                return Poll::Pending;
            }
            // The attempt also waits for a permit: lets the layer below release what it holds.
            state.set_may_start(false);
            let poll = this.call.poll(cx);
            state.set_may_start(true);
            return poll;
        }
        let poll = this.call.as_mut().poll(cx);
        if this.admission.state().is_queued() {
            this.admission.put_aside();
            return poll;
        }
        this.admission.sent();
        poll.map(|result| this.admission.finish(result))
    }
}

impl<S: Service<Request<Body>>> fmt::Debug for RateLimitFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimitFuture")
    }
}
