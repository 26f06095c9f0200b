//! Concurrency limit.

mod permits;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower::BoxError;
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use self::permits::{Lease, Permits, Ticket, Turn};
use crate::body::Body;
use crate::context::CallState;
use crate::context::background::Background;
use crate::context::concurrency_group::ConcurrencyGroup;
use crate::context::options::{CallOptions, Priority};
use crate::context::time_spent::Phase;
use crate::error::TransportError;

/// Concurrency limits: how many calls of each [`ConcurrencyGroup`] may be in flight at once.
///
/// A group without a limit here has the limit in the options of its calls ([`CallOptions::concurrency_limit`]). Without
/// that, its calls count in the default group.
///
/// ```
/// use avala_transport::ConcurrencyLimits;
///
/// let limits = ConcurrencyLimits::default().default_group(32).group("thumbnails", 4);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    default: usize,
    groups: BTreeMap<ConcurrencyGroup, usize>,
    /// Whether the limits in the options of calls do not apply.
    is_off: bool,
}

/// Returns limits with 256 calls in the default group, and none for other groups.
///
/// 256 exceeds the number of calls that the default rate limit queues within the default call timeout (120) plus all
/// that can be in flight (70). So with the defaults, a call that cannot be sent in time is rejected at once by the rate
/// limiter instead of queueing here first.
impl Default for ConcurrencyLimits {
    fn default() -> Self {
        Self { default: 256, groups: BTreeMap::new(), is_off: false }
    }
}

impl ConcurrencyLimits {
    /// Creates limits that never apply; those in the options of calls do not apply either.
    #[must_use]
    pub fn off() -> Self {
        Self { default: usize::MAX, groups: BTreeMap::new(), is_off: true }
    }

    /// Sets how many calls of a group may be in flight at once. Zero counts as one; [`usize::MAX`] means no limit.
    #[must_use]
    pub fn group(mut self, group: impl Into<ConcurrencyGroup>, calls: usize) -> Self {
        match group.into() {
            ConcurrencyGroup::DEFAULT => self.default = calls,
            group => drop(self.groups.insert(group, calls)),
        }
        self
    }

    /// Sets how many calls of the default group may be in flight at once. Default: 256. Zero counts as one.
    #[must_use]
    pub fn default_group(self, calls: usize) -> Self {
        self.group(ConcurrencyGroup::DEFAULT, calls)
    }
}

/// Former names of the limits of three groups.
#[doc(hidden)]
impl ConcurrencyLimits {
    #[must_use]
    pub fn ordinary(self, calls: usize) -> Self {
        self.default_group(calls)
    }

    #[must_use]
    pub fn uploads(self, calls: usize) -> Self {
        self.group(ConcurrencyGroup::Upload, calls)
    }

    #[must_use]
    pub fn exports(self, calls: usize) -> Self {
        self.group(ConcurrencyGroup::Export, calls)
    }
}

/// Limits how many calls of each [`ConcurrencyGroup`] are in flight. Further attempts wait in the order in which they
/// queued, those of high [priority](CallOptions::priority) first.
///
/// Groups do not wait for each other. A call that reaches its deadline while it waits fails, and nothing was sent. The
/// permit is held until the response is read, or to the end of a stream; inside a retry layer it is released while a
/// call backs off. Clones of a layer share their permits.
///
/// A permit is a lease. It ends after the [`term`](Self::term), usually the attempt timeout, even if the call is not
/// polled and the runtime is idle. A call that is polled after that continues without a permit: its request was sent
/// long ago, and only the response is left to read. Each read of a stream restarts its term. A stream that was not read
/// for a whole term takes a permit again when it is read, if one is free.
///
/// A queued call holds nothing. If it is not polled when it is first, the permit goes to the next call, and it gets
/// its position back when it is polled. A call in the [background](CallOptions::background) takes a permit only if at
/// least half of them stay free, and does not queue.
///
/// ```
/// use avala_transport::{Body, ConcurrencyLimits};
/// use avala_transport::layer::{AdaptLayer, ConcurrencyLimitLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(8)))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer {
    groups: Arc<Groups>,
    term: Duration,
}

/// Permits of each group; `None` means no limit.
#[derive(Debug)]
struct Groups {
    default: Option<Arc<Permits>>,
    /// Groups with their own limit. Names are static, so there are few.
    named: Mutex<HashMap<ConcurrencyGroup, Option<Arc<Permits>>>>,
    is_off: bool,
}

impl Groups {
    /// Returns the permits of a group. `limit` applies to a group that has none in the settings.
    fn permits(&self, group: ConcurrencyGroup, limit: Option<usize>) -> Option<Arc<Permits>> {
        if group == ConcurrencyGroup::DEFAULT {
            return self.default.clone();
        }
        // Each entry is added in one step, so the map is valid after a panic.
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permits) = named.get(&group) {
            return permits.clone();
        }
        let Some(limit) = limit.filter(|_| !self.is_off) else { return self.default.clone() };
        named.entry(group).or_insert(permits(limit)).clone()
    }
}

fn permits(limit: usize) -> Option<Arc<Permits>> {
    (limit < usize::MAX).then(|| Permits::new(limit))
}

impl ConcurrencyLimitLayer {
    /// Creates a layer with these limits, and terms of 30 s.
    #[must_use]
    pub fn new(limits: ConcurrencyLimits) -> Self {
        let named = limits.groups.into_iter().map(|(group, limit)| (group, permits(limit)));
        let groups =
            Groups { default: permits(limits.default), named: Mutex::new(named.collect()), is_off: limits.is_off };
        Self { groups: Arc::new(groups), term: Duration::from_secs(30) }
    }

    /// Sets how long a call that is not polled keeps its permit. Default: 30 s. [`Duration::MAX`] means no limit.
    ///
    /// Use the attempt timeout, after which the server no longer works on the call. [`CallOptions::attempt_timeout`]
    /// overrides the term.
    #[must_use]
    pub fn term(mut self, term: Duration) -> Self {
        self.term = term;
        self
    }
}

/// Uses [`ConcurrencyLimits::default`].
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
        // The wait is inside the future, where a deadline counts it and where dropping it leaves the queue.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::of(request.extensions_mut());
        let options = request.extensions().get::<CallOptions>();
        let group = options.map(|options| options.concurrency_group).unwrap_or_default();
        let limit = options.and_then(|options| options.concurrency_limit);
        let priority = options.map(|options| options.priority).unwrap_or_default();
        let term = options.and_then(|options| options.attempt_timeout).unwrap_or(self.limits.term);
        let background = options.and_then(|options| options.background.clone());
        let permit = match self.limits.groups.permits(group, limit) {
            Some(permits) => Permit::Wanted { permits, priority },
            None => Permit::Unlimited,
        };
        ConcurrencyLimitFuture { call: self.inner.clone().oneshot(request), permit, term, background, state }
    }
}

pin_project! {
    /// The future of [`ConcurrencyLimit`].
    pub struct ConcurrencyLimitFuture<S: Service<Request<Body>>> {
        // Started when the future is first polled.
        #[pin]
        call: Oneshot<S, Request<Body>>,
        permit: Permit,
        term: Duration,
        background: Option<Background>,
        state: CallState,
    }
}

enum Permit {
    /// There is no limit, so no permit is held.
    Unlimited,
    Wanted {
        permits: Arc<Permits>,
        priority: Priority,
    },
    // Boxed only if the call has to wait.
    Queued(Box<Queued>),
    Held(Option<Lease>),
}

/// Call that waits for a permit.
struct Queued {
    permits: Arc<Permits>,
    ticket: Ticket,
    look_again: Pin<Box<Option<Sleep>>>,
}

impl Queued {
    /// Returns the permit if it is the turn of this call; otherwise ensures that the call is polled again.
    fn poll(&mut self, cx: &mut Context<'_>, term: Option<Duration>) -> Option<Lease> {
        match self.permits.try_take(&mut self.ticket, cx.waker(), term) {
            Turn::Taken(lease) => return Some(lease),
            Turn::Yield => cx.waker().wake_by_ref(),
            Turn::Wait(at) => {
                // Recreated each time: the runtime of the old timer may be another one, or idle.
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

/// Removes a cancelled call from the queue.
impl Drop for Queued {
    fn drop(&mut self) {
        self.permits.leave(&self.ticket);
    }
}

impl Permit {
    /// Acquires a permit; `Ready` when the call may start.
    fn poll(&mut self, cx: &mut Context<'_>, term: Duration, in_background: bool, state: &CallState) -> Poll<()> {
        if matches!(self, Self::Held(_)) {
            return Poll::Ready(());
        }
        // If the rate limiter has no token now, it polls again later, and nothing is held until then.
        let lease = if state.may_start() { self.acquire(cx, term, in_background, state) } else { self.leave() };
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
    fn acquire(
        &mut self,
        cx: &mut Context<'_>,
        term: Duration,
        in_background: bool,
        state: &CallState,
    ) -> Option<Option<Lease>> {
        let term = (term < Duration::MAX).then_some(term);
        match self {
            Self::Held(lease) => Some(lease.take()),
            Self::Unlimited => Some(None),
            Self::Wanted { permits, .. } if in_background => permits.try_acquire_spare(state.now(), term).map(Some),
            Self::Queued(queued) if in_background => {
                queued.leave();
                queued.permits.try_acquire_spare(state.now(), term).map(Some)
            }
            Self::Queued(queued) => queued.poll(cx, term).map(Some),
            Self::Wanted { permits, priority } => {
                if let Some(lease) = permits.try_acquire(state.now(), term, *priority) {
                    return Some(Some(lease));
                }
                let permits = Arc::clone(permits);
                let ticket = Ticket::new(*priority);
                let mut queued = Box::new(Queued { permits, ticket, look_again: Box::pin(None) });
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

/// Keeps the permit of a stream until it is read or dropped.
fn hold(response: Response<Body>, lease: Option<Lease>) -> Response<Body> {
    let Some(lease) = lease else { return response };
    if response.body().as_bytes().is_some() || response.body().is_end_stream() {
        return response;
    }
    lease.renew();
    response.map(|body| Body::once(Held { body, lease: Some(lease) }))
}

/// Body that holds the permit of its call until it ends.
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

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http::Method;
    use tokio::time::Instant;

    use super::*;

    const TERM: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn queued_call_that_pauses_leaves_the_queue() {
        let permits = Permits::new(4);
        let leases: Vec<_> =
            (0..4).map(|_| permits.try_acquire(Instant::now(), None, Priority::Normal).unwrap()).collect();
        let state = CallState::begin(TERM, None, &Method::GET);
        let mut permit = Permit::Wanted { permits: Arc::clone(&permits), priority: Priority::Normal };
        let mut cx = Context::from_waker(Waker::noop());
        assert!(permit.poll(&mut cx, TERM, false, &state).is_pending());
        drop(leases);
        // No call is queued now, so that a call in the background gets a permit that others do not need.
        assert!(permit.poll(&mut cx, TERM, true, &state).is_ready());
    }
}
