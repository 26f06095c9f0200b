//! The order of the layers, in one place.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use tower::util::{BoxCloneSyncService, option_layer};
use tower::{Layer, Service, ServiceBuilder};

use crate::Transport;
use crate::body::Body;
use crate::context::record::Stack;
use crate::error::TransportError;
use crate::layer::attempt_timeout::AttemptTimeoutLayer;
use crate::layer::auth::AuthLayer;
use crate::layer::call_timeout::CallTimeoutLayer;
use crate::layer::call_timeout::inner::InnerDeadlineLayer;
use crate::layer::collect::CollectLayer;
use crate::layer::concurrency::{ConcurrencyLimitLayer, ConcurrencyLimits};
use crate::layer::exchange::RecordLayer;
use crate::layer::idle_timeout::IdleTimeoutLayer;
use crate::layer::rate_limit::{RateLimitLayer, RateLimiter};
use crate::layer::reject_redirects::RejectRedirectsLayer;
use crate::layer::resolve::ResolveLayer;
use crate::layer::retry::{RetryLayer, RetryPolicy};
use crate::layer::{decompress, trace};
use crate::outgoing::OutgoingLayer;

/// A layer of the user: takes the stack below it and gives the stack with it.
pub(crate) type UserLayer = Box<dyn FnOnce(Transport) -> Transport + Send + Sync>;

/// What is below the layers: the HTTP client, or a service of the user.
#[cfg(feature = "hyper")]
pub(crate) type Bottom = tower::util::Either<crate::http_client::HttpClient, Transport>;
#[cfg(not(feature = "hyper"))]
pub(crate) type Bottom = Transport;

/// Everything that the layers need.
pub(crate) struct Settings {
    pub(crate) timeout: Duration,
    pub(crate) attempt_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) concurrency: ConcurrencyLimits,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) auth: Option<AuthLayer>,
    pub(crate) max_body_bytes: usize,
    pub(crate) memory_budget: Option<usize>,
    pub(crate) address: ResolveLayer,
    /// In the order in which they were added: the first is the outermost.
    pub(crate) per_call: Vec<UserLayer>,
    pub(crate) per_attempt: Vec<UserLayer>,
}

/// The whole stack over `bottom`, which takes requests with absolute URIs.
///
/// Each of the three parts lists its layers from the outside in. Types stay concrete inside a part. The outside is boxed,
/// and where the user has layers each part and each layer is: a box costs a call two allocations. Nothing here is generic:
/// each type of stack is a copy of all its code.
pub(crate) fn assemble(settings: Settings, bottom: Bottom) -> Transport {
    let Settings { per_call, per_attempt, .. } = settings;
    let stack = Arc::new(Stack::default());
    let collect = CollectLayer::new(settings.max_body_bytes);
    let collect = match settings.memory_budget {
        Some(bytes) => collect.memory_budget(bytes),
        None => collect,
    };
    // A deadline comes after those below it.
    let inner_yields = if per_attempt.is_empty() { 0 } else { YIELDS };
    let outer_yields = if per_call.is_empty() { inner_yields } else { inner_yields + YIELDS };

    let attempt = ServiceBuilder::new()
        // Covers everything that the network can delay, the body included.
        .layer(AttemptTimeoutLayer::new(settings.attempt_timeout))
        // Above collect, which leaves nothing but the bodies of streams to watch.
        .layer(IdleTimeoutLayer::new(settings.idle_timeout))
        // Inside the retry: a cut body is a failed attempt. Outside of the redirect guard: no body of a redirect is read.
        .layer(collect)
        // Below every other layer, so that none of them can send a request to another host.
        .layer(settings.address.clone())
        // Below the address, where it is known in whole: a relative redirect then names its host too.
        .layer(RejectRedirectsLayer::new())
        // Innermost, next to what makes the bytes: every layer sees the answer as if it never was compressed. The cap of
        // collect counts what comes out, and a cut there is a failed attempt; this one counts what goes in.
        .layer(decompress::layer(settings.max_body_bytes))
        // Around the innermost service: what it says of its own calls, and nothing else, decides whether a retry is safe.
        .layer(RecordLayer::new(Arc::clone(&stack)))
        .service(bottom);

    let calls = ServiceBuilder::new()
        // Above all that costs a server something; everything below is done anew for each attempt.
        .layer(RetryLayer::new(settings.retry).in_stack(&stack))
        // Inside the retry, so that each attempt takes a token. Its wait is not time of the attempt, but of the call.
        .layer(RateLimitLayer::new(settings.rate_limiter))
        // Below the rate limiter, so that calls which wait for a token, of a narrow limit for example, hold no permit. The
        // limiter takes a token and polls this layer in one poll; without a permit in that poll it puts the token back.
        .layer(ConcurrencyLimitLayer::new(settings.concurrency).term(settings.attempt_timeout))
        // After the waits, so that the key is put on when the request goes out. Layers of the user below see and sign it.
        .layer(option_layer(settings.auth))
        // Around the layers of the user, so that a trace context that they send names the attempt, and outside of the
        // timeout, so that the span shows it.
        .layer(trace::attempt(settings.address.base_url()));

    let deadline = ServiceBuilder::new()
        // Outermost, so that the span has the whole call.
        .layer(trace::call(settings.address.base_url()))
        // Above everything that waits.
        .layer(CallTimeoutLayer::new(settings.timeout).in_stack(&stack).backstop(outer_yields, !per_call.is_empty()));

    if per_call.is_empty() && per_attempt.is_empty() {
        return boxed(deadline.service(calls.service(attempt)));
    }
    let attempt = if per_attempt.is_empty() {
        boxed(attempt)
    } else {
        // Below the layers of the user, so that they see the attempts that the deadline ends.
        let attempt = InnerDeadlineLayer::new(0).layer(attempt);
        boxed(OutgoingLayer::new(settings.address).layer(apply(per_attempt, attempt)))
    };
    if per_call.is_empty() {
        return boxed(deadline.service(calls.service(attempt)));
    }
    let calls = InnerDeadlineLayer::new(inner_yields).layer(calls.service(attempt));
    boxed(deadline.service(apply(per_call, calls)))
}

/// How often a deadline lets other tasks run before it ends a call that has layers of the user below it. It costs no
/// time worth counting, and is enough for layers that run their part in a task of their own.
const YIELDS: u8 = 32;

fn apply<S>(layers: Vec<UserLayer>, inner: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    layers.into_iter().rev().fold(boxed(inner), |inner, layer| layer(inner))
}

pub(crate) fn boxed<S>(service: S) -> Transport
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    BoxCloneSyncService::new(service)
}
