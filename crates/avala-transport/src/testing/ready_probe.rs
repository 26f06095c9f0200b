//! Probe for calls of services that are not ready.

use std::task::{Context, Poll};

use tower::{Layer, Service};

/// Panics when the layer above calls a service that it did not poll ready.
///
/// A layer that clones its service and calls the clone passes most tests. In production it fails, if the service below
/// is a limiter that relies on `poll_ready`. Place this probe below your layer in its tests. Each clone first returns
/// `Pending`, to detect layers that poll and ignore the result.
///
/// ```
/// use avala_transport::testing::{ReadyProbeLayer, ScriptedService, Step};
/// use avala_transport::Body;
/// use avala_transport::layer::CallTimeoutLayer;
/// use tower::{ServiceBuilder, ServiceExt};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
/// # runtime.block_on(async {
/// let service = ServiceBuilder::new()
///     // The layer to test.
///     .layer(CallTimeoutLayer::new(std::time::Duration::from_secs(5)))
///     .layer(ReadyProbeLayer::new())
///     .service(ScriptedService::always(Step::respond(200)));
/// service.oneshot(http::Request::new(Body::empty())).await?;
/// # Ok::<(), avala_transport::TransportError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The bug that it detects:
///
/// ```should_panic
/// use avala_transport::testing::{ReadyProbeLayer, ScriptedService, Step};
/// use avala_transport::Body;
/// use tower::{Layer, Service};
///
/// let ready_or_not = ReadyProbeLayer::new().layer(ScriptedService::always(Step::respond(200)));
/// let _future = ready_or_not.clone().call(http::Request::new(Body::empty()));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ReadyProbeLayer;

impl ReadyProbeLayer {
    /// Creates the layer; it has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for ReadyProbeLayer {
    type Service = ReadyProbe<S>;

    fn layer(&self, inner: S) -> ReadyProbe<S> {
        ReadyProbe { inner, state: State::New }
    }
}

/// The service of [`ReadyProbeLayer`].
#[derive(Debug)]
pub struct ReadyProbe<S> {
    inner: S,
    /// State of this clone only.
    state: State,
}

#[derive(Debug, PartialEq)]
enum State {
    /// Not polled yet.
    New,
    Asked,
    Ready,
}

impl<S: Clone> Clone for ReadyProbe<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), state: State::New }
    }
}

impl<S, R> Service<R> for ReadyProbe<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        if self.state == State::New {
            self.state = State::Asked;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let poll = self.inner.poll_ready(cx);
        self.state = if matches!(poll, Poll::Ready(Ok(()))) { State::Ready } else { State::Asked };
        poll
    }

    #[expect(clippy::panic, reason = "to fail the test of the layer above is what a probe is for")]
    fn call(&mut self, request: R) -> S::Future {
        if self.state != State::Ready {
            panic!("a layer called a service that was not ready: call `poll_ready` on the same clone first");
        }
        self.state = State::Asked;
        self.inner.call(request)
    }
}
