//! Order of the layers.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
#[cfg(feature = "hyper")]
use tower::util::Either;
use tower::util::{BoxCloneSyncService, option_layer};
use tower::{Layer, Service, ServiceBuilder};

use crate::body::Body;
use crate::context::record::Stack;
use crate::error::TransportError;
use crate::known_settings::{Described, TransportSettings};
use crate::layer::attempt_timeout::AttemptTimeoutLayer;
use crate::layer::auth::AuthLayer;
use crate::layer::call_timeout::CallTimeoutLayer;
use crate::layer::call_timeout::inner::InnerDeadlineLayer;
use crate::layer::collect::CollectLayer;
use crate::layer::concurrency::{ConcurrencyLimitLayer, ConcurrencyLimits};
use crate::layer::idle_timeout::IdleTimeoutLayer;
use crate::layer::rate_limit::{RateLimitLayer, RateLimiter};
use crate::layer::record::RecordLayer;
use crate::layer::reject_redirects::RejectRedirectsLayer;
use crate::layer::resolve::ResolveLayer;
use crate::layer::retry::{RetryLayer, RetryPolicy};
use crate::layer::shared::{BoxedLayer, SharedLayer};
use crate::layer::{decompress, trace};
use crate::outgoing::OutgoingLayer;

/// Assembled stack: a service that can be cloned, shared between tasks, and used from any runtime.
///
/// Send requests with [`oneshot`](https://docs.rs/tower/0.5/tower/trait.ServiceExt.html#method.oneshot) on a clone.
/// Requests have relative URIs such as `/datasets/?limit=5`, and may have [`CallOptions`](crate::CallOptions) as an
/// extension. Every response has a [`CallReport`](crate::CallReport) as an extension.
pub type Transport = BoxCloneSyncService<Request<Body>, Response<Body>, TransportError>;

/// A user's layer: wraps the given stack.
pub(crate) type UserLayer = Box<dyn FnOnce(Transport) -> Transport + Send + Sync>;

/// Innermost service: a pool of connections, or a user's service.
pub(crate) enum Bottom {
    #[cfg(feature = "hyper")]
    Pool(crate::http_client::ConnectionPool),
    Service(Transport),
}

/// Settings of all layers.
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

/// Assembles the stack over `bottom`, which receives requests with absolute URIs.
///
/// Each of the three parts lists its layers from the outside in. Types are concrete within a part. The whole stack is
/// boxed; with user layers, each part and each user layer is boxed too, at two allocations per box and call. Nothing
/// here is generic, because each instance would be a copy of all the code.
pub(crate) fn assemble(settings: Settings, bottom: Bottom) -> Transport {
    // For the outermost service, so that a client on the stack finds its settings.
    let known = TransportSettings::new(
        settings.address.base_url().clone(),
        settings.rate_limiter.clone(),
        settings.timeout,
        settings.max_body_bytes,
    );
    #[cfg(feature = "hyper")]
    let has_pool = matches!(bottom, Bottom::Pool(_));
    #[cfg(not(feature = "hyper"))]
    let has_pool = false;
    #[cfg(feature = "hyper")]
    let bottom = match bottom {
        Bottom::Pool(pool) => Either::Left(pool.into_service()),
        Bottom::Service(service) => Either::Right(service),
    };
    #[cfg(not(feature = "hyper"))]
    let Bottom::Service(bottom) = bottom;
    let Settings { per_call, per_attempt, .. } = settings;
    let stack = Arc::new(Stack::new(settings.address.base_url()));
    let collect = CollectLayer::new(settings.max_body_bytes);
    let collect = match settings.memory_budget {
        Some(bytes) => collect.memory_budget(bytes),
        None => collect,
    };
    // An outer deadline fires after the deadlines below it.
    let inner_yields = if per_attempt.is_empty() { 0 } else { YIELDS };
    let outer_yields = if per_call.is_empty() { inner_yields } else { inner_yields + YIELDS };

    let attempt = ServiceBuilder::new()
        // Covers everything that the network can delay, including the body.
        .layer(AttemptTimeoutLayer::new(settings.attempt_timeout))
        // Below the layers that move the future of an attempt, and above those whose futures are large.
        .layer(BoxedLayer)
        .layer(SharedLayer)
        // Above collect, so that only streamed bodies are watched.
        .layer(IdleTimeoutLayer::new(settings.idle_timeout))
        // Inside retry: a cut body is a failed attempt. Outside redirect rejection: the body of a redirect is not
        // read.
        .layer(collect)
        // Below every user layer, so that none of them can send a request to another host.
        .layer(settings.address.clone())
        // Below resolve: with the absolute URI, the error of a relative redirect can name its host.
        .layer(RejectRedirectsLayer::new())
        // Next to the client: all layers above see decompressed bodies. The cap of collect counts decompressed bytes;
        // the cap here counts compressed ones.
        .layer(decompress::layer(settings.max_body_bytes))
        // Around the innermost service: only the outcomes recorded here decide whether a retry is safe.
        .layer(RecordLayer::new(Arc::clone(&stack)))
        .service(bottom);

    let calls = ServiceBuilder::new()
        // Above everything that costs the server work; all layers below run once per attempt.
        .layer(RetryLayer::new(settings.retry).in_stack(&stack))
        // Below the layers that are cloned for each call, and above those that are cloned for each attempt.
        .layer(SharedLayer)
        // Inside retry, so that each attempt takes a token. Its wait counts against the call, not against the attempt.
        .layer(RateLimitLayer::new(settings.rate_limiter).permit_term(settings.attempt_timeout))
        // Below the rate limiter, so that calls that wait for a token hold no permit. The limiter takes a token and
        // polls this layer in one poll; if no permit is free in that poll, it returns the token.
        .layer(ConcurrencyLimitLayer::new(settings.concurrency).term(settings.attempt_timeout))
        // After the waits, so that the key is current when the request is sent. User layers below can see and sign it.
        .layer(option_layer(settings.auth))
        // Around the per-attempt layers, so that a trace context that they send names the attempt, and outside the
        // timeout, so that the span records it.
        .layer(trace::attempt(settings.address.base_url()));

    let is_all_ours = has_pool && per_call.is_empty() && per_attempt.is_empty();
    let call_timeout = CallTimeoutLayer::new(settings.timeout).in_stack(&stack).over_pool(is_all_ours);
    let deadline = ServiceBuilder::new()
        // Outermost, so that the span covers the whole call.
        .layer(trace::call(settings.address.base_url()))
        // Above everything that waits.
        .layer(call_timeout.backstop(outer_yields, !per_call.is_empty()));

    if per_call.is_empty() && per_attempt.is_empty() {
        return boxed(Described::new(deadline.service(calls.service(attempt)), known));
    }
    let attempt = if per_attempt.is_empty() {
        boxed(attempt)
    } else {
        // Below the per-attempt layers, so that they see the attempts that the deadline ends.
        let attempt = InnerDeadlineLayer::new(0).layer(attempt);
        boxed(OutgoingLayer::new(settings.address).layer(apply(per_attempt, attempt)))
    };
    if per_call.is_empty() {
        return boxed(Described::new(deadline.service(calls.service(attempt)), known));
    }
    let calls = InnerDeadlineLayer::new(inner_yields).layer(calls.service(attempt));
    boxed(Described::new(deadline.service(apply(per_call, calls)), known))
}

/// How often a deadline yields to other tasks before it ends a call with user layers below it. Enough for layers that
/// run a part of their work in another task.
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
