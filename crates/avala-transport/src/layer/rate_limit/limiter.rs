//! Shared handle of the rate limiter.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::scope::Scope;
use super::{RateLimit, RateLimitState};

/// Client-side rate limiter. Clones share one count.
///
/// Use the same limiter in every client that uses the same API key. Calls that have to wait are sent in the order in
/// which they queued, those of high [priority](crate::CallOptions::priority) first. A queued call holds a reservation and nothing else: if it is dropped, those behind it move up,
/// and if it is not polled within one interval of its start, those behind it go ahead and it queues again. A call
/// counts when it is sent: never more than `rate * T + burst` calls in any time `T`.
///
/// The limiter adapts to response headers:
///
/// - `X-RateLimit-Limit` replaces the configured calls per minute.
/// - `X-RateLimit-Remaining` lowers the number of tokens. Zero closes the gate until `X-RateLimit-Reset`, read against
///   the response's own `Date`, for a minute at most.
/// - A 429 closes the gate for its `Retry-After`, or for a second without one; for an hour at most.
///
/// Invalid values are ignored. The gate opens with one token: queued calls are sent one at a time at the rate of the
/// limit, and the burst refills over time.
///
/// Some endpoints have a narrower limit. A call names it with
/// [`CallOptions::rate_scope`](crate::CallOptions::rate_scope). Rate limit headers in its responses then apply to that
/// scope, which gets its own schedule with the first such response and never delays other calls. Such a call takes a
/// token of both limits at once. Headers in responses to calls without a scope apply to the user's limit, for any
/// endpoint.
///
/// ```
/// use avala_transport::{RateLimit, RateLimiter};
///
/// let limiter = RateLimiter::new(RateLimit::per_minute(30).burst(5));
/// assert!(limiter.state().is_none(), "the server has not reported anything yet");
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Shared>);

/// The documented limit on calls without credentials.
const PUBLIC_PER_MINUTE: u32 = 30;

#[derive(Debug)]
struct Shared {
    /// `None` when the limiter is off.
    user: Option<Scope>,
    /// Narrower limits by name. Names are static, so there are few.
    scopes: Mutex<HashMap<&'static str, Arc<Scope>>>,
    last_reported: Mutex<Option<RateLimitState>>,
    /// The limit on anonymous calls, which the server counts by address and not by user.
    public: OnceLock<RateLimiter>,
}

/// With [`RateLimit::default`].
impl Default for RateLimiter {
    fn default() -> Self {
        Self::new(RateLimit::default())
    }
}

impl RateLimiter {
    /// Creates a limiter with this limit.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self::with(Some(Scope::new(limit)))
    }

    /// Creates a limiter that delays no call. It still remembers what the server reports.
    #[must_use]
    pub fn off() -> Self {
        Self::with(None)
    }

    fn with(user: Option<Scope>) -> Self {
        Self(Arc::new(Shared {
            user,
            scopes: Mutex::default(),
            last_reported: Mutex::default(),
            public: OnceLock::new(),
        }))
    }

    /// Returns the limiter of [public](crate::CallOptions::public) calls, which clones share; off if this one is.
    pub(super) fn public(&self) -> Self {
        let create = || match self.0.user {
            Some(_) => Self::new(RateLimit::per_minute(PUBLIC_PER_MINUTE)),
            None => Self::off(),
        };
        self.0.public.get_or_init(create).clone()
    }

    /// Returns the rate limit that the server last reported for calls without a scope, to any of the clones.
    #[must_use]
    pub fn state(&self) -> Option<RateLimitState> {
        *lock(&self.0.last_reported)
    }

    /// Returns the user's limit; `None` when the limiter is off.
    pub(super) fn user(&self) -> Option<&Scope> {
        self.0.user.as_ref()
    }

    /// Returns the narrower limit of this name, if the server has reported one.
    pub(super) fn scope(&self, name: Option<&'static str>) -> Option<Arc<Scope>> {
        lock(&self.0.scopes).get(name?).cloned()
    }

    /// Updates the limits from a response.
    pub(super) fn observe(&self, name: Option<&'static str>, status: StatusCode, headers: &HeaderMap) {
        let reported = RateLimitState::from_headers(headers);
        if reported.is_none() && status != StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        if name.is_none() {
            let mut last = lock(&self.0.last_reported);
            *last = reported.or(*last);
        }
        self.update(name, |scope| scope.observe(status, headers, reported));
    }

    /// Updates the limits from a 429 whose body was lost, so that only its `Retry-After` is known.
    pub(super) fn refused(&self, name: Option<&'static str>, retry_after: Option<Duration>) {
        self.update(name, |scope| scope.refused(retry_after));
    }

    fn update(&self, name: Option<&'static str>, update: impl FnOnce(&Scope)) {
        let Some(user) = self.user() else { return };
        match name {
            None => update(user),
            Some(name) => {
                let scope = Arc::clone(lock(&self.0.scopes).entry(name).or_default());
                update(&scope);
            }
        }
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each value is written in one step, so it is valid after a panic.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
