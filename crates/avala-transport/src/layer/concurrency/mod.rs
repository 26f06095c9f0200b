//! Concurrency limit: at most so many calls of each class in flight.

mod permits;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use self::permits::{Lease, Permits, Ticket, Turn};
use crate::BoxError;
use crate::body::Body;
use crate::context::CallState;
use crate::context::background::Background;
use crate::context::time_spent::Phase;
use crate::context::{CallClass, CallOptions};
use crate::error::TransportError;

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

/// Makes each attempt wait until fewer calls of its [`CallClass`] are in flight, in the order in which they came.
///
/// A class never waits for another one. A call whose deadline comes first fails, and nothing was sent. The permit is held
/// from here until the response is read, to the end of a stream; inside a retry layer it is free while a call backs off.
/// Layers that are made from clones share their count.
///
/// A permit is a lease. It ends after the [`term`](Self::term), which is that of an attempt, even if nobody polls the
/// call that holds it, and an idle runtime does not prolong it. A call that is polled again after that goes on without
/// counting: its request was sent long ago, and what is left is to read the response. A stream begins its term anew each
/// time that it is read, and one that nobody read for that long counts again when it is read on, if a permit is free.
///
/// A queued call holds nothing. If it is not polled when its turn comes, the permit goes to the next one, and the call
/// has its turn back when it is polled. A call in the [background](CallOptions::background) takes a permit only if at
/// least half of them stay free, and is not queued.
///
/// ```
/// use avala_transport::{Body, ConcurrencyLimits};
/// use avala_transport::layer::{AdaptLayer, ConcurrencyLimitLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(ConcurrencyLimitLayer::new(ConcurrencyLimits::default().ordinary(8)))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer {
    classes: Arc<Classes>,
    term: Duration,
}

/// `None` where there is no limit.
#[derive(Debug)]
struct Classes {
    ordinary: Option<Arc<Permits>>,
    uploads: Option<Arc<Permits>>,
    exports: Option<Arc<Permits>>,
}

impl ConcurrencyLimitLayer {
    /// Creates a layer with these limits, and terms of 30 seconds.
    #[must_use]
    pub fn new(limits: ConcurrencyLimits) -> Self {
        let permits = |limit: usize| (limit < usize::MAX).then(|| Permits::new(limit));
        let classes = Classes {
            ordinary: permits(limits.ordinary),
            uploads: permits(limits.uploads),
            exports: permits(limits.exports),
        };
        Self { classes: Arc::new(classes), term: Duration::from_secs(30) }
    }

    /// Sets how long a call that is not polled keeps its permit. [`Duration::MAX`] is no limit.
    ///
    /// Give it the attempt timeout, after which the server holds nothing for the call;
    /// [`CallOptions::attempt_timeout`] takes its place.
    #[must_use]
    pub fn term(mut self, term: Duration) -> Self {
        self.term = term;
        self
    }

    fn of(&self, class: CallClass) -> &Option<Arc<Permits>> {
        match class {
            CallClass::Ordinary => &self.classes.ordinary,
            CallClass::Upload => &self.classes.uploads,
            CallClass::Export => &self.classes.exports,
        }
    }
}

/// With [`ConcurrencyLimits::default`].
impl Default for ConcurrencyLimitLayer {
    fn default() -> Self {
        Self::new(ConcurrencyLimits::default())
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit { inner, limits: self.clone() }
    }
}

/// The service of [`ConcurrencyLimitLayer`].
#[derive(Debug, Clone)]
pub struct ConcurrencyLimit<S> {
    inner: S,
    limits: ConcurrencyLimitLayer,
}

impl<S> Service<Request<Body>> for ConcurrencyLimit<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = ConcurrencyLimitFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The wait is inside the future, where a deadline counts it and where dropping it gives the place up.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let options = request.extensions().get::<CallOptions>();
        let class = options.map(|options| options.class).unwrap_or_default();
        let term = options.and_then(|options| options.attempt_timeout).unwrap_or(self.limits.term);
        let background = options.and_then(|options| options.background.clone());
        let permit = match self.limits.of(class) {
            Some(permits) => Permit::Wanted { permits: Arc::clone(permits) },
            None => Permit::Unlimited,
        };
        ConcurrencyLimitFuture { call: self.inner.clone().oneshot(request), permit, term, background, state }
    }
}

pin_project! {
    /// The future of [`ConcurrencyLimit`].
    pub struct ConcurrencyLimitFuture<S: Service<Request<Body>>> {
        // Begins when it is polled.
        #[pin]
        call: Oneshot<S, Request<Body>>,
        permit: Permit,
        term: Duration,
        background: Option<Background>,
        state: CallState,
    }
}

enum Permit {
    /// There is no limit, and what would be held counts for nobody.
    Unlimited,
    Wanted {
        permits: Arc<Permits>,
    },
    // Boxed only if the call has to wait.
    Queued(Box<Queued>),
    Held(Option<Lease>),
}

/// A call that waits for a permit.
struct Queued {
    permits: Arc<Permits>,
    ticket: Ticket,
    look_again: Pin<Box<Option<Sleep>>>,
}

impl Queued {
    /// Returns the permit if it is the turn of this call, and otherwise makes sure that it is polled again.
    fn poll(&mut self, cx: &mut Context<'_>, term: Option<Duration>) -> Option<Lease> {
        match self.permits.try_take(&mut self.ticket, cx.waker(), term) {
            Turn::Taken(lease) => return Some(lease),
            Turn::Yield => cx.waker().wake_by_ref(),
            Turn::Wait(at) => {
                // Made anew each time: the runtime that it belongs to may be another one, or idle.
                self.look_again.as_mut().set(at.map(sleep_until));
                if let Some(sleep) = self.look_again.as_mut().as_pin_mut()
                    && sleep.poll(cx).is_ready()
                {
                    cx.waker().wake_by_ref();
                }
            }
        }
        None
    }

    fn leave(&mut self) {
        self.look_again.as_mut().set(None);
        self.permits.leave(&self.ticket);
    }
}

/// A cancelled call leaves no trace.
impl Drop for Queued {
    fn drop(&mut self) {
        self.permits.leave(&self.ticket);
    }
}

impl Permit {
    /// Acquires a permit; `Ready` when the call may begin.
    fn poll(&mut self, cx: &mut Context<'_>, term: Duration, in_background: bool, state: &CallState) -> Poll<()> {
        if matches!(self, Self::Held(_)) {
            return Poll::Ready(());
        }
        // The rate limiter may have no token now. Then it polls again, and nothing is held until then.
        let lease = if state.may_start() { self.acquire(cx, term, in_background) } else { self.leave() };
        let Some(lease) = lease else {
            if !state.is_queued() {
                state.set_queued(true);
                state.enter(Phase::Waiting);
            }
            return Poll::Pending;
        };
        if state.is_queued() {
            state.set_queued(false);
            state.enter(Phase::Attempt);
        }
        *self = Self::Held(lease);
        Poll::Ready(())
    }

    /// Returns the permit, or `None` if the call has to wait.
    #[expect(clippy::option_option, reason = "without a limit there is no permit to hold")]
    fn acquire(&mut self, cx: &mut Context<'_>, term: Duration, in_background: bool) -> Option<Option<Lease>> {
        let term = (term < Duration::MAX).then_some(term);
        match self {
            Self::Held(lease) => Some(lease.take()),
            Self::Unlimited => Some(None),
            Self::Wanted { permits } if in_background => permits.try_acquire_spare(term).map(Some),
            Self::Queued(queued) if in_background => {
                queued.leave();
                queued.permits.try_acquire_spare(term).map(Some)
            }
            Self::Queued(queued) => queued.poll(cx, term).map(Some),
            Self::Wanted { permits } => {
                if let Some(lease) = permits.try_acquire(term) {
                    return Some(Some(lease));
                }
                let permits = Arc::clone(permits);
                let mut queued = Box::new(Queued { permits, ticket: Ticket::default(), look_again: Box::pin(None) });
                let lease = queued.poll(cx, term);
                *self = Self::Queued(queued);
                lease.map(Some)
            }
        }
    }

    #[expect(clippy::option_option, reason = "as above")]
    fn leave(&mut self) -> Option<Option<Lease>> {
        if let Self::Queued(queued) = self {
            queued.leave();
        }
        None
    }
}

impl<S> Future for ConcurrencyLimitFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let in_background = this.background.as_ref().is_some_and(Background::is_on);
        ready!(this.permit.poll(cx, *this.term, in_background, this.state));
        let result = ready!(this.call.poll(cx));
        let lease = match this.permit {
            Permit::Held(lease) => lease.take(),
            _ => None,
        };
        Poll::Ready(result.map(|response| hold(response, lease)))
    }
}

impl<S: Service<Request<Body>>> fmt::Debug for ConcurrencyLimitFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConcurrencyLimitFuture")
    }
}

/// A stream is in flight until it is read or dropped, and keeps the permit for so long.
fn hold(response: Response<Body>, lease: Option<Lease>) -> Response<Body> {
    let Some(lease) = lease else { return response };
    if response.body().as_bytes().is_some() || response.body().is_end_stream() {
        return response;
    }
    lease.renew();
    response.map(|body| Body::once(Held { body, lease: Some(lease) }))
}

/// A body that holds the permit of its call until it ends.
struct Held {
    body: Body,
    lease: Option<Lease>,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(lease) = &self.lease {
            lease.renew();
        }
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.lease = None;
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
