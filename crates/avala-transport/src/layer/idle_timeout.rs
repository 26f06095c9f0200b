//! Idle timeout of streamed bodies.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower::BoxError;
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::CallState;
use crate::context::options::CallOptions;
use crate::context::time_spent::Seconds;
use crate::error::{Sent, TimeoutPhase, TransportError};

/// Ends a streamed response body if the next piece does not arrive within the idle timeout.
///
/// For a [streaming](CallOptions::streaming) call, the other timeouts end with the headers. Afterwards the body can
/// fail with a [`Timeout`](crate::TransportErrorKind::Timeout) of the phase [`Idle`](TimeoutPhase::Idle). Only the time
/// in which the reader waits for a piece counts, so a slow reader causes no timeout. A body that is already in memory
/// passes unchanged.
///
/// [`CallOptions::idle_timeout`] overrides the layer's timeout.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::Body;
/// use avala_transport::layer::{AdaptLayer, IdleTimeoutLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(IdleTimeoutLayer::new(Duration::from_secs(30)))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::from("hello"))) }));
/// let response = service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct IdleTimeoutLayer {
    timeout: Duration,
}

impl IdleTimeoutLayer {
    /// Creates a layer with this timeout for each piece of a body. [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout }
    }
}

impl<S> Layer<S> for IdleTimeoutLayer {
    type Service = IdleTimeout<S>;

    fn layer(&self, inner: S) -> IdleTimeout<S> {
        IdleTimeout { inner, timeout: self.timeout }
    }
}

/// The service of [`IdleTimeoutLayer`].
#[derive(Debug, Clone)]
pub struct IdleTimeout<S> {
    inner: S,
    timeout: Duration,
}

impl<S> Service<Request<Body>> for IdleTimeout<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = IdleTimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let own = request.extensions().get::<CallOptions>().and_then(|options| options.idle_timeout);
        let state = CallState::of(request.extensions_mut());
        IdleTimeoutFuture { headers: self.inner.call(request), timeout: own.unwrap_or(self.timeout), state }
    }
}

pin_project! {
    /// The future of [`IdleTimeout`].
    #[derive(Debug)]
    pub struct IdleTimeoutFuture<F> {
        #[pin]
        headers: F,
        timeout: Duration,
        state: CallState,
    }
}

impl<F> Future for IdleTimeoutFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let response = ready!(this.headers.poll(cx))?;
        if response.body().as_bytes().is_some() || response.body().is_end_stream() {
            return Poll::Ready(Ok(response));
        }
        let status = response.status();
        Poll::Ready(Ok(response.map(|body| {
            let body = Some(body);
            Body::once(Watched { body, timeout: *this.timeout, sleep: None, status, state: this.state.clone() })
        })))
    }
}

pin_project! {
    /// Body with an idle timeout.
    struct Watched {
        // `None` after the end.
        body: Option<Body>,
        timeout: Duration,
        // Runs while the reader waits for a piece.
        #[pin]
        sleep: Option<Sleep>,
        status: StatusCode,
        state: CallState,
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let Some(body) = this.body else { return Poll::Ready(None) };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            this.sleep.set(None);
            return Poll::Ready(frame);
        }
        if this.sleep.is_none() {
            this.sleep.set(Instant::now().checked_add(*this.timeout).map(sleep_until));
        }
        let Some(sleep) = this.sleep.as_mut().as_pin_mut() else { return Poll::Pending };
        ready!(sleep.poll(cx));
        // Dropping the rest of the body closes the connection.
        *this.body = None;
        let message = format!("idle timeout: no data of the body arrived for {}", Seconds(*this.timeout));
        let error = TransportError::timeout(TimeoutPhase::Idle, message).with_sent(Sent::Yes).with_status(*this.status);
        Poll::Ready(Some(Err(this.state.complete(error).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}
