//! Buffers response bodies, up to a cap.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{Request, Response, StatusCode, response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::Body;
use crate::collect_body::CollectBody;
use crate::context::CallState;
use crate::context::options::CallOptions;
use crate::error::{Sent, TransportError};
use crate::memory_budget::MemoryBudget;
use crate::retry_after::retry_after;

/// Maximum number of bytes read of the body of an error response.
///
/// Error messages are short, and reading a long body takes time that the call may not have.
pub const MAX_ERROR_BODY: usize = 64 * 1024;

/// Response extension: the body was cut after its [first bytes](MAX_ERROR_BODY).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutBody;

/// Buffers each response body in memory, up to a cap. Of an error response (status 300 and above), only the first
/// [`MAX_ERROR_BODY`] bytes are read; if the body is longer, the response gets the extension [`CutBody`].
///
/// A body that the connection cuts off fails the attempt, so that it can be retried. Calls with `streaming` in their
/// [`CallOptions`] get their body as it arrives.
///
/// ```
/// use avala_transport::Body;
/// use avala_transport::layer::{AdaptLayer, CollectLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(CollectLayer::new(64 << 20))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::from("hello"))) }));
/// let response = service.oneshot(Request::new(Body::empty())).await?;
/// assert_eq!(response.body().as_bytes().unwrap(), "hello");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CollectLayer {
    max_bytes: usize,
    budget: Option<MemoryBudget>,
}

impl CollectLayer {
    /// Creates a layer that reads bodies of at most `max_bytes`.
    #[must_use]
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes, budget: None }
    }

    /// Limits the bytes of all bodies that this layer, its clones and their services buffer at once. Default:
    /// unlimited.
    ///
    /// A body counts until it and all clones of its [`Bytes`](https://docs.rs/bytes/1/bytes/struct.Bytes.html) are
    /// dropped. A body that would exceed the budget fails with
    /// [`MemoryBudget`](crate::TransportErrorKind::MemoryBudget). Streaming calls are not counted.
    #[must_use]
    pub fn memory_budget(mut self, bytes: usize) -> Self {
        self.budget = Some(MemoryBudget::new(bytes));
        self
    }
}

impl<S> Layer<S> for CollectLayer {
    type Service = Collect<S>;

    fn layer(&self, inner: S) -> Collect<S> {
        Collect { inner, layer: self.clone() }
    }
}

/// The service of [`CollectLayer`].
#[derive(Debug, Clone)]
pub struct Collect<S> {
    inner: S,
    layer: CollectLayer,
}

impl<S> Service<Request<Body>> for Collect<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = CollectFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let streaming = request.extensions().get::<CallOptions>().is_some_and(|options| options.streaming);
        CollectFuture {
            headers: self.inner.call(request),
            limits: if streaming { None } else { Some(self.layer.clone()) },
            body: None,
            state,
        }
    }
}

pin_project! {
    /// The future of [`Collect`].
    #[derive(Debug)]
    pub struct CollectFuture<F> {
        #[pin]
        headers: F,
        // `None` for a call whose body is not collected.
        limits: Option<CollectLayer>,
        body: Option<(response::Parts, CollectBody<Body>)>,
        state: CallState,
    }
}

impl<F> Future for CollectFuture<F>
where
    F: Future<Output = Result<Response<Body>, TransportError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if this.body.is_none() {
            let response = ready!(this.headers.poll(cx))?;
            let Some(CollectLayer { max_bytes, budget }) = this.limits else { return Poll::Ready(Ok(response)) };
            let (parts, body) = response.into_parts();
            if parts.status == StatusCode::TOO_MANY_REQUESTS {
                this.state.note_refusal(retry_after(&parts.headers));
            }
            let collect = if parts.status.as_u16() < 300 {
                CollectBody::new(body, *max_bytes)
            } else {
                CollectBody::start_of(body, MAX_ERROR_BODY.min(*max_bytes))
            };
            let collect = collect.within(budget.as_ref());
            *this.body = Some((parts, collect));
        }
        let Some((parts, collect)) = this.body else { return Poll::Pending };
        let result = ready!(Pin::new(&mut *collect).poll(cx));
        if collect.was_cut() {
            parts.extensions.insert(CutBody);
        }
        let result = result.map_err(|error| {
            let error = error.with_status(parts.status).with_sent(Sent::Yes);
            // The headers arrived, so `Retry-After` is known.
            match retry_after(&parts.headers) {
                Some(wait) => error.with_retry_after(wait),
                None => error,
            }
        });
        let parts = this.body.take().map(|(parts, _)| parts);
        Poll::Ready(result.map(|bytes| match parts {
            Some(parts) => Response::from_parts(parts, Body::from(bytes)),
            None => Response::new(Body::from(bytes)),
        }))
    }
}
