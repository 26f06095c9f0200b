//! No more calls than the server allows.

mod bucket;
mod lane;
mod limiter;
mod state;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

pub use self::limiter::{RateLimit, RateLimiter};
pub use self::state::RateLimitState;
use crate::call::CallState;
use crate::time_spent::Phase;
use crate::{Background, Body, CallOptions, TransportError, TransportErrorKind};

/// Makes each attempt wait for its turn at a [`RateLimiter`], and shows the limiter the answers.
///
/// A wait that cannot end before the call's deadline fails at once, with
/// [`RateLimited`](TransportErrorKind::RateLimited) and the wait as [`retry_after`](TransportError::retry_after).
///
/// ```
/// use avala_transport::{AdaptLayer, Body, RateLimit, RateLimitLayer, RateLimiter};
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
}

impl RateLimitLayer {
    /// A layer that asks this limiter; give clones of one limiter to all that share its limit.
    #[must_use]
    pub fn new(limiter: RateLimiter) -> Self {
        Self { limiter }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimited<S>;

    fn layer(&self, inner: S) -> RateLimited<S> {
        RateLimited { inner, limiter: self.limiter.clone() }
    }
}

/// The service of [`RateLimitLayer`].
#[derive(Debug, Clone)]
pub struct RateLimited<S> {
    inner: S,
    limiter: RateLimiter,
}

impl<S> Service<Request<Body>> for RateLimited<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = RateLimitedFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The wait is inside the future, where a deadline counts it and where dropping it gives the place up.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let options = request.extensions().get::<CallOptions>();
        let scope = options.map_or("", |options| options.rate_scope);
        let background = options.and_then(|options| options.background.clone());
        let (limiter, call) = (self.limiter.clone(), self.inner.clone().oneshot(request));
        RateLimitedFuture { call, token: Token::Wanted, limiter, scope, background, state }
    }
}

pin_project! {
    /// The future of [`RateLimited`].
    pub struct RateLimitedFuture<S: Service<Request<Body>>> {
        // Begins when it is polled.
        #[pin]
        call: Oneshot<S, Request<Body>>,
        token: Token,
        limiter: RateLimiter,
        scope: &'static str,
        background: Option<Background>,
        state: CallState,
    }
}

enum Token {
    Wanted,
    // Few calls stand in line, so the others pay for no box.
    InLine { turn: Pin<Box<dyn Future<Output = Result<(), Duration>> + Send>> },
    Spent,
}

impl<S> Future for RateLimitedFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        loop {
            *this.token = match this.token {
                Token::Wanted if this.background.as_ref().is_some_and(Background::is_on) => {
                    if !this.limiter.try_acquire_spare(this.scope) {
                        this.state.enter(Phase::Waiting);
                        return Poll::Pending;
                    }
                    this.state.enter(Phase::Attempt);
                    Token::Spent
                }
                // (A mutant that never goes this way does the same, and pays for a box.)
                Token::Wanted if this.limiter.try_acquire(this.scope) => Token::Spent,
                Token::Wanted => {
                    this.state.enter(Phase::Waiting);
                    let (limiter, scope, deadline) = (this.limiter.clone(), *this.scope, this.state.deadline());
                    Token::InLine { turn: Box::pin(async move { limiter.acquire(scope, deadline).await }) }
                }
                Token::InLine { turn } => {
                    ready!(turn.as_mut().poll(cx)).map_err(too_long)?;
                    this.state.enter(Phase::Attempt);
                    Token::Spent
                }
                Token::Spent => break,
            };
        }
        let result = ready!(this.call.poll(cx));
        match &result {
            Ok(response) => this.limiter.observe(this.scope, response.status(), response.headers()),
            // The answer was lost, and what it said is not.
            Err(error) if error.status() == Some(StatusCode::TOO_MANY_REQUESTS) => {
                this.limiter.refused(this.scope, error.retry_after());
            }
            Err(_) => {}
        }
        Poll::Ready(result)
    }
}

fn too_long(wait: Duration) -> TransportError {
    let message = format!("this client's rate limit needs a wait of {wait:.1?}, longer than the call has");
    TransportError::new(TransportErrorKind::RateLimited, message).with_retry_after(wait)
}

impl<S: Service<Request<Body>>> fmt::Debug for RateLimitedFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimitedFuture")
    }
}
