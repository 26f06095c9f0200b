//! Handlers: async functions or tower services that decide about executions.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use tower::Service;
use tower::util::BoxCloneSyncService;

use crate::context::Context;
use crate::decision::{Decision, IntoDecision};
use crate::error::BoxError;

/// A handler with its type erased.
pub(crate) type BoxHandler = BoxCloneSyncService<Context, Decision, BoxError>;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A handler of executions: an async function of a [`Context`], or a
/// [`tower::Service`](https://docs.rs/tower/0.5/tower/trait.Service.html).
///
/// The function returns a [`Decision`] or a `Result<Decision, E>`. A service has `Context` as request, `Decision` as
/// response, and any error; it may be wrapped in tower layers. The parameter `M` distinguishes the two and is inferred.
///
/// ```
/// use avala_agents::{Agent, Context, Decision, handler_fn};
/// use avala_agents::types::EventType;
/// use tower::ServiceBuilder;
///
/// async fn check(context: Context) -> Result<Decision, std::io::Error> {
///     Ok(Decision::approve())
/// }
///
/// let agent = Agent::new("qa")
///     .on(EventType::ResultSubmitted, check)
///     // With middleware: at most 4 of these handlers at a time.
///     .on(EventType::TaskCompleted, ServiceBuilder::new().concurrency_limit(4).service(handler_fn(check)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    note = "a handler is `async fn(Context) -> Decision`, `async fn(Context) -> Result<Decision, E>`, or a `tower::Service<Context, Response = Decision>` that is `Clone + Send + Sync`"
)]
pub trait Handler<M> {
    /// Erases the type of the handler.
    fn into_service(self) -> HandlerService;
}

/// A handler whose type is erased.
#[derive(Clone, Debug)]
pub struct HandlerService(pub(crate) BoxHandler);

/// Marks handlers that are functions.
#[derive(Debug)]
pub struct FunctionMarker;

/// Marks handlers that are services.
#[derive(Debug)]
pub struct ServiceMarker;

impl<F, R, O> Handler<(FunctionMarker, R)> for F
where
    F: Fn(Context) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = O> + Send + 'static,
    O: IntoDecision + 'static,
{
    fn into_service(self) -> HandlerService {
        HandlerService(BoxCloneSyncService::new(handler_fn(self)))
    }
}

impl<S> Handler<ServiceMarker> for S
where
    S: Service<Context, Response = Decision> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
{
    fn into_service(self) -> HandlerService {
        HandlerService(BoxCloneSyncService::new(tower::ServiceExt::<Context>::map_err(self, Into::into)))
    }
}

/// Creates a [`tower::Service`](https://docs.rs/tower/0.5/tower/trait.Service.html) from an async handler function, to
/// put layers around it.
pub fn handler_fn<F, R>(function: F) -> HandlerFn<F, R> {
    HandlerFn { function, future: PhantomData }
}

/// The service of [`handler_fn`].
pub struct HandlerFn<F, R> {
    function: F,
    future: PhantomData<fn() -> R>,
}

impl<F: Clone, R> Clone for HandlerFn<F, R> {
    fn clone(&self) -> Self {
        handler_fn(self.function.clone())
    }
}

impl<F, R> std::fmt::Debug for HandlerFn<F, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HandlerFn")
    }
}

impl<F, R> Service<Context> for HandlerFn<F, R>
where
    F: Fn(Context) -> R,
    R: Future<Output: IntoDecision> + Send + 'static,
{
    type Response = Decision;
    type Error = BoxError;
    type Future = BoxFuture<Result<Decision, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, context: Context) -> Self::Future {
        let run = (self.function)(context);
        Box::pin(async move { run.await.into_decision() })
    }
}
