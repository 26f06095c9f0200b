//! Buffers response bodies, up to a cap.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::{Request, Response, StatusCode, response};
use http_body::Body as _;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::Body;
use crate::context::CallOptions;
use crate::context::CallState;
use crate::error::{Sent, TransportError, TransportErrorKind};
use crate::memory_budget::{Lease, MemoryBudget};
use crate::retry_after::retry_after;

/// The most memory reserved for an announced size: a false header must not allocate the whole cap.
const MOST_RESERVED: usize = 4 * 1024 * 1024;

/// The most frames and bytes that one poll reads of a body that is always ready, so that other tasks can run.
const MOST_FRAMES: usize = 64;
const MOST_READ: usize = 1024 * 1024;

/// The most bytes that are read of the body of an error response.
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
    /// A body counts until it and all clones of its [`Bytes`] are dropped. A body that would exceed the budget fails
    /// with [`MemoryBudget`](TransportErrorKind::MemoryBudget). Streaming calls are not counted.
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
        body: Option<(response::Parts, CollectBody)>,
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
        if collect.was_cut {
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

/// Reads one body to its end.
#[derive(Debug)]
pub(crate) struct CollectBody {
    body: Body,
    max_bytes: usize,
    gathered: Gathered,
    /// Whether a body over `max_bytes` is cut instead of being an error.
    may_cut: bool,
    was_cut: bool,
    /// The body's share of the client's memory budget, if there is one.
    lease: Option<Lease>,
}

#[derive(Debug)]
enum Gathered {
    Nothing,
    /// The first piece, not copied: most bodies are one piece.
    One(Bytes),
    Many(BytesMut),
}

impl CollectBody {
    pub(crate) fn new(body: Body, max_bytes: usize) -> Self {
        Self { body, max_bytes, gathered: Gathered::Nothing, may_cut: false, was_cut: false, lease: None }
    }

    fn within(mut self, budget: Option<&MemoryBudget>) -> Self {
        self.lease = budget.map(MemoryBudget::lease);
        self
    }

    /// Reads the first `max_bytes` and drops the rest.
    pub(crate) fn start_of(body: Body, max_bytes: usize) -> Self {
        Self { may_cut: true, ..Self::new(body, max_bytes) }
    }

    pub(crate) fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// Returns the bytes that were read, with the lease attached.
    fn finish(&mut self) -> Bytes {
        let bytes = self.gathered.take();
        match self.lease.take() {
            Some(lease) => lease.attach(bytes),
            None => bytes,
        }
    }

    fn push(&mut self, mut piece: Bytes) -> Result<(), TransportError> {
        let room = self.max_bytes.saturating_sub(self.gathered.len());
        if self.may_cut && piece.len() > room {
            self.was_cut = true;
            piece.truncate(room);
        }
        let expected = usize::try_from(self.body.size_hint().lower()).unwrap_or(usize::MAX);
        let so_far = self.gathered.len().saturating_add(piece.len());
        let at_least = so_far.saturating_add(expected);
        if at_least > self.max_bytes && !self.may_cut {
            return Err(TransportError::body_too_large(self.max_bytes));
        }
        if let Some(lease) = &mut self.lease {
            lease.grow(piece.len())?;
        }
        self.gathered = match std::mem::replace(&mut self.gathered, Gathered::Nothing) {
            Gathered::Nothing => Gathered::One(piece),
            Gathered::One(first) => {
                let mut buffer = BytesMut::with_capacity(at_least.min(self.max_bytes).min(MOST_RESERVED).max(so_far));
                buffer.extend_from_slice(&first);
                buffer.extend_from_slice(&piece);
                Gathered::Many(buffer)
            }
            Gathered::Many(mut buffer) => {
                buffer.extend_from_slice(&piece);
                Gathered::Many(buffer)
            }
        };
        Ok(())
    }
}

impl Gathered {
    fn len(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(buffer) => buffer.len(),
        }
    }

    fn take(&mut self) -> Bytes {
        match std::mem::replace(self, Self::Nothing) {
            Self::Nothing => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(buffer) => buffer.freeze(),
        }
    }
}

impl Future for CollectBody {
    type Output = Result<Bytes, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.body.size_hint().lower() > self.max_bytes as u64 && !self.may_cut {
            return Poll::Ready(Err(TransportError::body_too_large(self.max_bytes)));
        }
        if let Some(lease) = &self.lease {
            let announced = self.body.size_hint().lower();
            let read = if self.may_cut { announced.min(self.max_bytes as u64) } else { announced };
            lease.check_announced(read)?;
        }
        let mut read = 0_usize;
        for _ in 0..MOST_FRAMES {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(Ok(self.finish())),
                Some(Ok(frame)) => {
                    // Trailers are not used by this API.
                    if let Ok(piece) = frame.into_data() {
                        read = read.saturating_add(piece.len());
                        self.push(piece)?;
                    }
                    if self.was_cut {
                        return Poll::Ready(Ok(self.finish()));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(cut(error))),
            }
            if read >= MOST_READ {
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

fn cut(error: crate::BoxError) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(own) => *own,
        Err(other) => TransportError::new(TransportErrorKind::Connection, "the connection was lost while the response body was read")
            .with_source(other),
    }
}
