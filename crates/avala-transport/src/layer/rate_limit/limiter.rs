//! The handle that all clones of a client share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use super::RateLimitState;
use super::scope::Scope;

/// How many calls may go out: so many a minute, and so many at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub(super) per_minute: u32,
    pub(super) burst: u32,
}

/// 100 calls a minute with bursts of 20, which is what Avala documents for a user.
impl Default for RateLimit {
    fn default() -> Self {
        Self { per_minute: 100, burst: 20 }
    }
}

impl RateLimit {
    /// So many calls a minute, and bursts of 20 or less if the limit is lower. Zero counts as one.
    #[must_use]
    pub fn per_minute(calls: u32) -> Self {
        Self { per_minute: calls, burst: calls.min(Self::default().burst) }
    }

    /// Sets how many calls may go out at once after a pause. Zero counts as one.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self
    }
}

/// Client-side rate limiter; its clones share one count.
///
/// Give the same limiter to every client that uses the same API key. Calls that have to wait are sent in the order in
/// which they queued. A waiting call holds a reservation and nothing else: if it is dropped, those behind it move up, and
/// if nobody polls it within one interval of its start, those behind it go ahead and it queues again. A call counts when
/// it is sent: there are never more than `rate * T + burst` in any time `T`.
///
/// The limiter learns from responses:
///
/// - `X-RateLimit-Limit` replaces the configured calls per minute.
/// - `X-RateLimit-Remaining` lowers what is left here. Nothing left closes the gate until `X-RateLimit-Reset`, read
///   against the response's own `Date`, for a minute at most.
/// - A 429 closes the gate for the time of its `Retry-After`, or for a second; for an hour at most.
///
/// Values that cannot be what the header says are ignored. The gate opens with one token: the calls that waited are sent
/// one at a time at the rate of the limit, and the burst comes back with time.
///
/// Some endpoints have a narrower limit of their own. A call names it with
/// [`CallOptions::rate_scope`](crate::CallOptions::rate_scope): what its responses report is then about that scope, which
/// has a schedule of its own from the first such response on, and never delays other calls. Such a call takes a token of
/// each of the two limits, both at once. The responses of a call without a scope are about the user's limit, whichever
/// endpoint they come from.
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
    /// The narrower limits by name. Names are static, so there are few.
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

    /// Returns the last rate limit that the server reported to any of the clones, for calls without a scope of their own.
    #[must_use]
    pub fn state(&self) -> Option<RateLimitState> {
        *lock(&self.0.last_reported)
    }

    /// The user's limit; `None` when the limiter is off.
    pub(super) fn user(&self) -> Option<&Scope> {
        self.0.user.as_ref()
    }

    /// The narrower limit of this name, if the server reported one.
    pub(super) fn scope(&self, name: &'static str) -> Option<Arc<Scope>> {
        if name.is_empty() { None } else { lock(&self.0.scopes).get(name).cloned() }
    }

    /// Learns from a response.
    pub(super) fn observe(&self, name: &'static str, status: StatusCode, headers: &HeaderMap) {
        let reported = RateLimitState::from_headers(headers);
        if reported.is_none() && status != StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        if name.is_empty() {
            let mut last = lock(&self.0.last_reported);
            *last = reported.or(*last);
        }
        self.update(name, |scope| scope.observe(status, headers, reported));
    }

    /// Learns from a 429 of which only its wait is known: the response ended after the headers.
    pub(super) fn refused(&self, name: &'static str, retry_after: Option<Duration>) {
        self.update(name, |scope| scope.refused(retry_after));
    }

    fn update(&self, name: &'static str, update: impl FnOnce(&Scope)) {
        let Some(user) = self.user() else { return };
        if name.is_empty() {
            update(user);
        } else {
            let scope = Arc::clone(lock(&self.0.scopes).entry(name).or_default());
            update(&scope);
        }
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is written in one step, so what a panicking thread left is sound.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
