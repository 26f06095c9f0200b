//! Call timeout.

pub(crate) mod inner;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep_until};
use tower::util::Oneshot;
use tower::{Layer, Service, ServiceExt};

use crate::body::Body;
use crate::context::CallState;
use crate::context::options::CallOptions;
use crate::context::record::Stack;
use crate::context::report::CallReport;
use crate::error::{Sent, TransportError};

/// Ends a call at its timeout, which covers queueing, all attempts, backoff and the collected body.
///
/// [`CallOptions::timeout`] overrides the layer's timeout. The layers below know the deadline: a wait that would exceed
/// it is not started. For a streaming call the timeout ends with the headers. The error says how the time was spent.
///
/// ```
/// use std::time::Duration;
/// use avala_transport::Body;
/// use avala_transport::layer::{AdaptLayer, CallTimeoutLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let service = ServiceBuilder::new()
///     .layer(CallTimeoutLayer::new(Duration::from_secs(5)))
///     .layer(AdaptLayer::new())
///     .service(service_fn(|_: Request<Body>| async { Ok::<_, std::io::Error>(Response::new(Body::empty())) }));
/// service.oneshot(Request::new(Body::empty())).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct CallTimeoutLayer {
    timeout: Duration,
    stack: Option<Arc<Stack>>,
    yields: u8,
    has_inner: bool,
    over_pool: bool,
}

impl CallTimeoutLayer {
    /// Creates a layer with this timeout. [`Duration::MAX`] means no limit.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout, stack: None, yields: 0, has_inner: false, over_pool: false }
    }

    /// Sets the assembled stack, whose innermost service is recorded.
    pub(crate) fn in_stack(mut self, stack: &Arc<Stack>) -> Self {
        self.stack = Some(Arc::clone(stack));
        self
    }

    /// Sets whether there is no layer or service of the user between this layer and the pool. Then the clock is read
    /// once per poll.
    pub(crate) fn over_pool(mut self, over_pool: bool) -> Self {
        self.over_pool = over_pool;
        self
    }

    /// Sets how often to yield to other tasks before a call is ended, so that user layers below that run in a task of
    /// their own see the end of the call first.
    ///
    /// `has_inner` means that the deadline is also enforced below user layers. A call that has no time from the start
    /// then ends there, where the layers see it.
    pub(crate) fn backstop(mut self, yields: u8, has_inner: bool) -> Self {
        self.yields = yields;
        self.has_inner = has_inner;
        self
    }
}

impl<S> Layer<S> for CallTimeoutLayer {
    type Service = CallTimeout<S>;

    fn layer(&self, inner: S) -> CallTimeout<S> {
        CallTimeout {
            inner,
            timeout: self.timeout,
            stack: self.stack.clone(),
            yields: self.yields,
            has_inner: self.has_inner,
            over_pool: self.over_pool,
        }
    }
}

/// The service of [`CallTimeoutLayer`].
#[derive(Debug, Clone)]
pub struct CallTimeout<S> {
    inner: S,
    timeout: Duration,
    stack: Option<Arc<Stack>>,
    yields: u8,
    has_inner: bool,
    over_pool: bool,
}

impl<S> Service<Request<Body>> for CallTimeout<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = CallTimeoutFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // The inner service becomes ready inside the future, where the deadline counts it.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let options = request.extensions().get::<CallOptions>();
        let own = options.and_then(|options| options.timeout);
        let background = options.and_then(|options| options.background.clone());
        let state = CallState::begin(own.unwrap_or(self.timeout), self.stack.as_ref(), request.method());
        if let Some(background) = background {
            state.set_background(background);
        }
        request.extensions_mut().insert(state.clone());
        let sleep = state.deadline().map(sleep_until);
        CallTimeoutFuture {
            call: self.inner.clone().oneshot(request),
            sleep,
            state,
            started: self.has_inner,
            yields: self.yields,
            // Without user layers, everything below is polled by the same task.
            shares_timer: self.stack.is_some() && self.yields == 0,
            over_pool: self.over_pool,
        }
    }
}

pin_project! {
    /// The future of [`CallTimeout`].
    #[derive(Debug)]
    pub struct CallTimeoutFuture<S: Service<Request<Body>>> {
        #[pin]
        call: Oneshot<S, Request<Body>>,
        #[pin]
        sleep: Option<Sleep>,
        state: CallState,
        started: bool,
        yields: u8,
        shares_timer: bool,
        over_pool: bool,
    }
}

impl<S> Future for CallTimeoutFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>,
{
    type Output = Result<Response<Body>, TransportError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if *this.over_pool {
            this.state.begin_poll();
        }
        if !std::mem::replace(this.started, true) && this.state.is_expired(this.state.now()) {
            this.state.end_poll();
            // The deadline passed before the call started: nothing below was called.
            return Poll::Ready(Err(this.state.complete(this.state.timed_out().with_sent(Sent::No))));
        }
        let poll = this.call.poll(cx);
        this.state.end_poll();
        if let Poll::Ready(result) = poll {
            return Poll::Ready(match result {
                Ok(mut response) => {
                    // A layer above retry may have responded itself.
                    if response.extensions().get::<CallReport>().is_none() {
                        this.state.report(&mut response);
                    }
                    Ok(response)
                }
                Err(error) => Err(this.state.complete(error)),
            });
        }
        if *this.shares_timer && this.state.has_earlier_timer() {
            return Poll::Pending;
        }
        let mut sleep = this.sleep;
        if let Some(background) = this.state.background() {
            background.register(cx.waker());
            // A pause moves the deadline.
            if let (Some(sleep), Some(deadline)) = (sleep.as_mut().as_pin_mut(), this.state.deadline())
                && sleep.deadline() != deadline
            {
                sleep.reset(deadline);
            }
        }
        match sleep.as_pin_mut() {
            Some(sleep) => ready!(sleep.poll(cx)),
            None => return Poll::Pending,
        }
        if *this.yields > 0 {
            *this.yields -= 1;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Err(this.state.complete(this.state.timed_out())))
    }
}
