//! Not too many calls at a time.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use crate::call::CallState;
use crate::time_spent::Phase;
use crate::{Body, BoxError, CallClass, CallOptions, TransportError};

/// How many calls of each [`CallClass`] may be on their way at a time.
///
/// ```
/// use avala_transport::ConcurrencyLimits;
///
/// let narrow = ConcurrencyLimits::default().ordinary(32).uploads(4);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    ordinary: usize,
    uploads: usize,
    exports: usize,
}

/// 256 ordinary calls, and what Avala documents: 10 uploads and 5 exports.
///
/// 256 is more than the default rate limit lets stand in line within the default time of a call (120), together with
/// all that can be on their way (70): at the defaults a call that comes too late hears that from the rate limiter at
/// once, and does not wait here first.
impl Default for ConcurrencyLimits {
    fn default() -> Self {
        Self { ordinary: 256, uploads: 10, exports: 5 }
    }
}

impl ConcurrencyLimits {
    /// No limit for any class.
    #[must_use]
    pub fn off() -> Self {
        Self { ordinary: usize::MAX, uploads: usize::MAX, exports: usize::MAX }
    }

    /// Sets how many ordinary calls may be on their way. Zero counts as one.
    #[must_use]
    pub fn ordinary(mut self, calls: usize) -> Self {
        self.ordinary = calls;
        self
    }

    /// Sets how many uploads may be on their way. Zero counts as one.
    #[must_use]
    pub fn uploads(mut self, calls: usize) -> Self {
        self.uploads = calls;
        self
    }

    /// Sets how many exports may be on their way. Zero counts as one.
    #[must_use]
    pub fn exports(mut self, calls: usize) -> Self {
        self.exports = calls;
        self
    }
}

/// Makes each attempt wait until fewer calls of its [`CallClass`] are on their way, first come, first served.
///
/// A class never waits for another one. A call whose deadline comes first ends in the line, and nothing was sent. The
/// permit is held from here until the answer is read, to the end of a stream; inside a retry layer it is free while a
/// call backs off. Layers that are made from clones share their count.
///
/// ```
/// use avala_transport::{AdaptLayer, Body, ConcurrencyLayer, ConcurrencyLimits};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(ConcurrencyLayer::new(ConcurrencyLimits::default().ordinary(8)))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ConcurrencyLayer(Arc<Semaphores>);

#[derive(Debug)]
struct Semaphores {
    ordinary: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    exports: Arc<Semaphore>,
}

impl ConcurrencyLayer {
    /// A layer with these limits.
    #[must_use]
    pub fn new(limits: ConcurrencyLimits) -> Self {
        let semaphore = |permits: usize| Arc::new(Semaphore::new(permits.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Semaphores {
            ordinary: semaphore(limits.ordinary),
            uploads: semaphore(limits.uploads),
            exports: semaphore(limits.exports),
        }))
    }

    fn of(&self, class: CallClass) -> &Arc<Semaphore> {
        match class {
            CallClass::Ordinary => &self.0.ordinary,
            CallClass::Upload => &self.0.uploads,
            CallClass::Export => &self.0.exports,
        }
    }
}

/// With [`ConcurrencyLimits::default`].
impl Default for ConcurrencyLayer {
    fn default() -> Self {
        Self::new(ConcurrencyLimits::default())
    }
}

impl<S> Layer<S> for ConcurrencyLayer {
    type Service = Concurrency<S>;

    fn layer(&self, inner: S) -> Concurrency<S> {
        Concurrency { inner, limits: self.clone() }
    }
}

/// The service of [`ConcurrencyLayer`].
#[derive(Debug, Clone)]
pub struct Concurrency<S> {
    inner: S,
    limits: ConcurrencyLayer,
}

impl<S> Service<Request<Body>> for Concurrency<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = ConcurrencyFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The wait is inside the future, where a deadline counts it and where dropping it gives the place up.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let class = request.extensions().get::<CallOptions>().map(|options| options.class).unwrap_or_default();
        let semaphore = Arc::clone(self.limits.of(class));
        ConcurrencyFuture { call: self.inner.clone().oneshot(request), permit: Permit::Wanted { semaphore }, state }
    }
}

pin_project! {
    /// The future of [`Concurrency`].
    pub struct ConcurrencyFuture<S: Service<Request<Body>>> {
        // Begins when it is polled.
        #[pin]
        call: Oneshot<S, Request<Body>>,
        permit: Permit,
        state: CallState,
    }
}

enum Permit {
    Wanted { semaphore: Arc<Semaphore> },
    // Few calls stand in line, so the others pay for no box.
    InLine { semaphore: Arc<Semaphore>, turn: Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>> },
    Held(Option<OwnedSemaphorePermit>),
}

impl<S> Future for ConcurrencyFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let permit = loop {
            *this.permit = match this.permit {
                // The rate limiter has no token now: it polls again, and nothing is held until then.
                Permit::Wanted { .. } if !this.state.may_start() => {
                    this.state.set_queued(true);
                    return Poll::Pending;
                }
                Permit::InLine { semaphore, .. } if !this.state.may_start() => {
                    Permit::Wanted { semaphore: Arc::clone(semaphore) }
                }
                Permit::Wanted { semaphore } => match Arc::clone(semaphore).try_acquire_owned() {
                    Ok(permit) => {
                        this.state.set_queued(false);
                        Permit::Held(Some(permit))
                    }
                    Err(_) => {
                        this.state.set_queued(true);
                        this.state.enter(Phase::Waiting);
                        // The semaphore is never closed.
                        let turn = Arc::clone(semaphore).acquire_owned();
                        let semaphore = Arc::clone(semaphore);
                        Permit::InLine { semaphore, turn: Box::pin(async { turn.await.ok() }) }
                    }
                },
                Permit::InLine { turn, .. } => {
                    let permit = ready!(turn.as_mut().poll(cx));
                    this.state.set_queued(false);
                    this.state.enter(Phase::Attempt);
                    Permit::Held(permit)
                }
                Permit::Held(permit) => break permit,
            };
        };
        let result = ready!(this.call.poll(cx));
        let permit = permit.take();
        Poll::Ready(result.map(|response| hold(response, permit)))
    }
}

impl<S: Service<Request<Body>>> fmt::Debug for ConcurrencyFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConcurrencyFuture")
    }
}

/// A stream is on its way until it is read or dropped, and keeps the permit for so long.
fn hold(response: Response<Body>, permit: Option<OwnedSemaphorePermit>) -> Response<Body> {
    if response.body().as_bytes().is_some() || response.body().is_end_stream() {
        return response;
    }
    response.map(|body| Body::once(Held { body, permit }))
}

/// A body that holds the permit of its call until it ends.
struct Held {
    body: Body,
    permit: Option<OwnedSemaphorePermit>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.permit = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
