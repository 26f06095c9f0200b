//! Tools for testing layers and clients.
//!
//! - [`ScriptedService`] is a server without a network. It responds from a script and records requests.
//! - [`ReadyProbeLayer`] panics when a layer calls a service that it did not poll ready.
//! - [`check_limit_store`] checks an implementation of [`LimitStore`](crate::LimitStore).
//! - [`ByteServer`] is a server on a loopback port that resets, stalls, cuts, sends slowly and sends garbage.
//!
//! # A virtual clock
//!
//! All timers of this crate use tokio's clock, which can be paused: with the feature `test-util` of tokio and
//! `#[tokio::test(start_paused = true)]`, or `tokio::time::pause()`. While all tasks are idle, a paused clock advances
//! to the next timer. A test of a backoff of an hour then takes no time, and its waits are exact:
//!
//! ```
//! use std::time::Duration;
//! use avala_transport::testing::{ScriptedService, Step};
//! use avala_transport::{Body, TransportBuilder};
//! use tokio::time::Instant;
//! use tower::ServiceExt;
//!
//! # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
//! # runtime.block_on(async {
//! let slow = ScriptedService::always(Step::hang());
//! let transport = TransportBuilder::new().timeout(Duration::from_secs(3_600)).service(slow).build()?;
//!
//! let started = Instant::now();
//! let error = transport.oneshot(http::Request::post("/exports/").body(Body::empty())?).await.unwrap_err();
//! assert_eq!(error.elapsed(), Duration::from_secs(30), "the time of an attempt");
//! assert_eq!(started.elapsed(), Duration::from_secs(30));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A paused clock does not know about sockets: it also advances while bytes are in flight. With a [`ByteServer`], pause
//! the clock only after the server has sent everything, so that only time can end the call.

mod byte_server;
mod limit_store;
mod ready_probe;
mod step;

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use tokio::time::Instant;
use tower::Service;

pub use self::byte_server::{ByteServer, Script};
pub use self::limit_store::check_limit_store;
pub use self::ready_probe::{ReadyProbe, ReadyProbeLayer};
pub use self::step::Step;
use crate::body::Body;
use crate::error::{TransportError, TransportErrorKind};

/// Service that responds from a script and records requests. Clones share both.
///
/// Waits use tokio's clock, so a test with a paused clock takes no time.
///
/// ```
/// use avala_transport::testing::{ScriptedService, Step};
/// use avala_transport::{Body, TransportBuilder};
/// use tower::ServiceExt;
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// let service = ScriptedService::new().then(Step::respond(503)).then(Step::respond(200).body("[]"));
/// let transport = TransportBuilder::new().service(service.clone()).build()?;
///
/// let response = transport.oneshot(http::Request::get("/datasets/").body(Body::empty())?).await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(service.requests().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ScriptedService {
    script: Arc<Mutex<Shared>>,
    /// Readiness of this clone only.
    ready: bool,
}

#[derive(Debug, Default)]
struct Shared {
    steps: VecDeque<Step>,
    /// The response when the script is used up.
    always: Option<Step>,
    requests: Vec<RecordedRequest>,
    calls: usize,
    calls_while_not_ready: usize,
}

/// Request that a [`ScriptedService`] received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method.
    pub method: Method,
    /// The URI; absolute when the service is below the layers of a transport.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// When the service was called, on tokio's clock.
    pub at: Instant,
}

impl Default for ScriptedService {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for ScriptedService {
    fn clone(&self) -> Self {
        Self { script: Arc::clone(&self.script), ready: false }
    }
}

impl ScriptedService {
    /// Creates a service with an empty script. A call beyond the end of the script fails with
    /// [`Layer`](TransportErrorKind::Layer).
    #[must_use]
    pub fn new() -> Self {
        Self { script: Arc::default(), ready: false }
    }

    /// Creates a service that repeats one step for every call.
    #[must_use]
    pub fn always(step: Step) -> Self {
        let service = Self::new();
        service.script().always = Some(step);
        service
    }

    /// Adds a step to the script; each call takes one.
    #[must_use]
    pub fn then(self, step: Step) -> Self {
        self.script().steps.push_back(step);
        self
    }

    /// Returns the requests so far, in the order in which their bodies were read.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.script().requests.clone()
    }

    /// Returns how many times a clone was called while it was not ready, which is a bug of the calling layer.
    #[must_use]
    pub fn calls_while_not_ready(&self) -> usize {
        self.script().calls_while_not_ready
    }

    fn script(&self) -> MutexGuard<'_, Shared> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_step(&self) -> Result<Step, TransportError> {
        let mut script = self.script();
        script.calls += 1;
        let calls = script.calls;
        script.steps.pop_front().or_else(|| script.always.clone()).ok_or_else(|| {
            TransportError::new(TransportErrorKind::Layer, format!("the script has no step for call {calls}"))
        })
    }
}

impl Service<Request<Body>> for ScriptedService {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if !std::mem::take(&mut self.ready) {
            self.script().calls_while_not_ready += 1;
        }
        let at = Instant::now();
        let step = self.next_step();
        let service = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.read_to_bytes(usize::MAX).await?;
            service.script().requests.push(RecordedRequest {
                method: parts.method,
                uri: parts.uri,
                headers: parts.headers,
                body,
                at,
            });
            step?.run().await
        })
    }
}
