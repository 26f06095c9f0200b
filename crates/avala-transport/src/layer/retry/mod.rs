//! Retries failed attempts if that is safe and can help.

mod budget;
mod outcome;
mod policy;
mod spare;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use tokio::time::{Instant, sleep_until};
use tower::{Layer, Service};

pub use self::budget::RetryBudget;
use self::budget::Tokens;
use self::outcome::Outcome;
pub use self::policy::RetryPolicy;
use self::spare::Spare;
use crate::body::Body;
use crate::context::CallState;
use crate::context::options::CallOptions;
use crate::context::record::{Evidence, Stack};
use crate::context::safety::is_repeatable;
use crate::context::time_spent::Phase;
use crate::error::TransportError;
use crate::retry_after::retry_after;

/// Retries calls after transient failures.
///
/// Two questions decide: may the server have executed the attempt, and is it safe to execute the request twice?
///
/// | Outcome of the attempt | `GET`, `HEAD`, `PUT`, `DELETE`, `OPTIONS` | `POST`, `PATCH` |
/// |---|---|---|
/// | never sent: no connection was made | retry | retry |
/// | refused: 429, or 503 with `Retry-After` | retry | retry |
/// | unknown: connection lost, body cut, attempt timeout, 408, 425, 500, 502, 503, 504, 520, 522, 524 | retry | no |
/// | anything else | no | no |
///
/// [`CallOptions::repeatable`] overrides the method. If it is unset, all methods that the request has had must be
/// repeatable: the original method, and the method that a layer changed it to. A body that can be read only once allows
/// one attempt.
///
/// A retry is not made if its wait would exceed the call's deadline or the policy's maximum wait, or if the
/// [`RetryBudget`] has too few tokens. The last response or error is then returned at once. A response such as 503 is
/// returned as a response after the last attempt.
///
/// If a repeated `DELETE` finds 404 after an attempt with an unknown outcome, it counts as successful: the response is
/// a 204 without a body.
#[derive(Debug, Clone)]
pub struct RetryLayer {
    policy: RetryPolicy,
    budget: Arc<Tokens>,
    stack: Option<Arc<Stack>>,
}

/// Uses [`RetryPolicy::default`].
impl Default for RetryLayer {
    fn default() -> Self {
        Self::new(RetryPolicy::default())
    }
}

impl RetryLayer {
    /// Creates a layer with this policy. Its clones and all services that it wraps share one budget.
    #[must_use]
    pub fn new(policy: RetryPolicy) -> Self {
        Self { budget: Arc::new(Tokens::new(policy.budget)), policy, stack: None }
    }

    /// Sets the assembled stack, whose innermost service is recorded.
    pub(crate) fn in_stack(mut self, stack: &Arc<Stack>) -> Self {
        self.stack = Some(Arc::clone(stack));
        self
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry { inner, policy: self.policy.clone(), budget: Arc::clone(&self.budget), stack: self.stack.clone() }
    }
}

/// The service of [`RetryLayer`].
#[derive(Debug, Clone)]
pub struct Retry<S> {
    inner: S,
    policy: RetryPolicy,
    budget: Arc<Tokens>,
    stack: Option<Arc<Stack>>,
}

impl<S> Service<Request<Body>> for Retry<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        // Every attempt polls its own clone until it is ready.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = CallState::for_retry(request.extensions_mut(), self.stack.as_ref());
        state.set_max_wait(self.policy.max_wait);
        let budget = Arc::clone(&self.budget);
        let call = Call { state, policy: self.policy.clone(), budget, inner: self.inner.clone() };
        Box::pin(call.run(request))
    }
}

struct Call<S> {
    state: CallState,
    policy: RetryPolicy,
    budget: Arc<Tokens>,
    inner: S,
}

impl<S> Call<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError> + Clone + Send + 'static,
    S::Future: Send,
{
    /// Returns the future of the call. Not an `async fn`, which would store the request twice.
    fn run(self, mut request: Request<Body>) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send {
        let options = request.extensions().get::<CallOptions>();
        // Set by the caller, or else decided by every method that the request has had.
        let declared = options.and_then(|options| options.repeatable);
        let mut repeatable = declared.unwrap_or_else(|| self.state.is_repeatable() && is_repeatable(request.method()));
        let max_attempts = options.and_then(|options| options.max_attempts).unwrap_or(self.policy.max_attempts);
        let method = request.method().clone();
        let mut attempts = 0;
        let mut unknown_before = false;
        async move {
            loop {
                attempts += 1;
                let spare = if attempts < max_attempts { Spare::of(&request) } else { None };
                let attempt = self.state.begin_attempt();
                let strays = attempt.strays();
                if let Some(state) = request.extensions_mut().get_mut() {
                    *state = attempt.clone();
                }
                let mut service = self.inner.clone();
                let mut result = match poll_fn(|cx| service.poll_ready(cx)).await {
                    Ok(()) => service.call(request).await,
                    Err(error) => Err(error),
                };
                if let Some(record) = attempt.attempt() {
                    record.close();
                }
                let evidence = attempt.evidence(strays);
                let sent = outcome::sent(&result, evidence);
                if let Err(error) = &mut result {
                    error.set_sent(sent);
                }
                let ended = self.state.now();
                self.state.end_attempt(sent, ended);

                let outcome = Outcome::of(&result, evidence);
                if outcome.is_none() && result.is_ok() {
                    self.budget.reward(ended);
                }
                if declared.is_none() {
                    repeatable &= !evidence.is_some_and(Evidence::has_unrepeatable_method);
                }
                if let Ok(response) = &result
                    && unknown_before
                    && outcome::is_already_deleted(&method, response.status(), evidence)
                {
                    return self.finish(Ok(deleted()));
                }
                let (Some(spare), Some(outcome)) = (spare, outcome) else { return self.finish(result) };
                if !outcome.allows_repeat(repeatable) {
                    return self.finish(result);
                }
                let Some(start) = self.next_start(attempts, asked_wait(&result)) else { return self.finish(result) };
                // Last, so that only a retry that is made is paid for.
                let Some(payment) = self.budget.pay(outcome, Instant::now()) else { return self.finish(result) };
                // Drops the failed response, such as a streamed body, before the wait.
                drop(result);
                self.state.enter(Phase::Backoff);
                sleep_until(start).await;
                payment.spend();
                unknown_before |= outcome == Outcome::Unknown;
                request = spare.into_request();
            }
        }
    }

    /// Returns when the next attempt starts, or `None` if the wait for it is too long.
    fn next_start(&self, attempts: u32, asked: Option<Duration>) -> Option<Instant> {
        let start = Instant::now().checked_add(self.policy.delay(attempts, asked)?)?;
        match self.state.deadline() {
            // The time left after the wait must be enough for an attempt.
            Some(deadline) if deadline.saturating_duration_since(start) <= self.state.time_needed() => None,
            _ => Some(start),
        }
    }

    fn finish(&self, result: Result<Response<Body>, TransportError>) -> Result<Response<Body>, TransportError> {
        match result {
            Ok(mut response) => {
                self.state.report(&mut response);
                Ok(response)
            }
            Err(error) => Err(self.state.complete(error)),
        }
    }
}

fn asked_wait(result: &Result<Response<Body>, TransportError>) -> Option<Duration> {
    match result {
        Ok(response) => retry_after(response.headers()),
        Err(error) => error.retry_after(),
    }
}

fn deleted() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
