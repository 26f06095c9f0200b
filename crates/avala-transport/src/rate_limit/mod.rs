//! No more calls than the server allows.

mod bucket;
mod lane;
mod limiter;
mod state;

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower::{Layer, Service, ServiceExt};

pub use self::limiter::{RateLimit, RateLimiter};
pub use self::state::RateLimitState;
use crate::call::CallState;
use crate::time_spent::Phase;
use crate::{Body, CallOptions, TransportError, TransportErrorKind};

/// Makes each attempt wait for its turn at a [`RateLimiter`], and shows the limiter the answers.
///
/// A wait that cannot end before the call's deadline fails at once, with
/// [`RateLimited`](TransportErrorKind::RateLimited) and the wait as [`retry_after`](TransportError::retry_after).
///
/// ```
/// use avala_transport::{AdaptLayer, Body, RateLimit, RateLimitLayer, RateLimiter};
/// use http::{Request, Response};
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
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The wait is inside the future, where a deadline counts it and where dropping it gives the place up.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let scope = request.extensions().get::<CallOptions>().map_or("", |options| options.rate_scope);
        let limiter = self.limiter.clone();
        let inner = self.inner.clone();
        Box::pin(async move {
            state.enter(Phase::Waiting);
            limiter.acquire(scope, state.deadline()).await.map_err(|wait| {
                let message = format!("this client's rate limit needs a wait of {wait:.1?}, longer than the call has");
                TransportError::new(TransportErrorKind::RateLimited, message).with_retry_after(wait)
            })?;
            state.enter(Phase::Attempt);
            let response = inner.oneshot(request).await?;
            limiter.observe(scope, response.status(), response.headers());
            Ok(response)
        })
    }
}
