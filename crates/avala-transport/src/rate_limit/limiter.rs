//! The handle that all clones of a client share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tokio::time::Instant;

use super::RateLimitState;
use super::lane::Lane;

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

/// A rate limiter; its clones share one count.
///
/// Give the same limiter to every client that uses the same API key. Calls that have to wait go out in the order in
/// which they came. It learns from the answers:
///
/// - `X-RateLimit-Limit` takes the place of the configured calls a minute.
/// - `X-RateLimit-Remaining` lowers what is left here. Nothing left closes the gate until `X-RateLimit-Reset`, read
///   against the answer's own `Date`, for a minute at the most.
/// - A 429 closes the gate for the time of its `Retry-After`, or for a second; for an hour at the most.
///
/// A gate opens with one token: those who waited go out one at a time, as fast as the limit allows, and the burst comes
/// back with time.
///
/// Some endpoints have a narrower limit of their own. A call says so with
/// [`CallOptions::rate_scope`](crate::CallOptions::rate_scope): what its answers tell is then about that scope, which
/// has a line of its own from the first such answer on, and never slows other calls. It pays in both lines. The answers
/// of a call without a scope are about the user's limit, whichever endpoint they come from.
///
/// ```
/// use avala_transport::{RateLimit, RateLimiter};
///
/// let limiter = RateLimiter::new(RateLimit::per_minute(30).burst(5));
/// assert!(limiter.state().is_none(), "the server has not said anything yet");
/// ```
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// `None` when the limiter is off.
    user: Option<Lane>,
    /// The lanes of the narrower limits, by the name of their scope.
    scopes: Mutex<HashMap<&'static str, Arc<Lane>>>,
    /// What the server said last about the user's limit.
    told: Mutex<Option<RateLimitState>>,
}

/// With [`RateLimit::default`].
impl Default for RateLimiter {
    fn default() -> Self {
        Self::new(RateLimit::default())
    }
}

impl RateLimiter {
    /// A limiter of its own, with this limit.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self::with(Some(Lane::new(limit)))
    }

    /// A limiter that never makes a call wait. It still remembers what the server says.
    #[must_use]
    pub fn off() -> Self {
        Self::with(None)
    }

    fn with(user: Option<Lane>) -> Self {
        Self(Arc::new(Shared { user, scopes: Mutex::default(), told: Mutex::default() }))
    }

    /// The last rate limit that the server told to any of the clones, for calls without a scope of their own.
    #[must_use]
    pub fn state(&self) -> Option<RateLimitState> {
        *lock(&self.0.told)
    }

    /// Takes a token where that needs no wait. `false` says only that [`acquire`](Self::acquire) has to be asked.
    pub(super) fn try_acquire(&self, scope: &'static str) -> bool {
        match &self.0.user {
            Some(user) => scope.is_empty() && user.try_acquire(),
            None => true,
        }
    }

    /// Takes a token for a call in the background, if it is there and another one stays for others.
    pub(super) fn try_acquire_spare(&self, scope: &'static str) -> bool {
        match &self.0.user {
            Some(user) => scope.is_empty() && user.try_acquire_spare(),
            None => true,
        }
    }

    /// Waits for a token of the user's limit, and of the scope's. `Err` is the wait that would have been needed and
    /// that does not end before `deadline`.
    pub(super) async fn acquire(&self, scope: &'static str, deadline: Option<Instant>) -> Result<(), Duration> {
        let Some(user) = &self.0.user else { return Ok(()) };
        // The scope comes first: a call that waits for its narrow limit holds no token that another could use.
        let lane = if scope.is_empty() { None } else { lock(&self.0.scopes).get(scope).cloned() };
        let narrow = match &lane {
            Some(lane) => Some(lane.acquire(deadline).await?),
            None => None,
        };
        user.acquire(deadline).await?.spend();
        if let Some(token) = narrow {
            token.spend();
        }
        Ok(())
    }

    /// Learns from an answer.
    pub(super) fn observe(&self, scope: &'static str, status: StatusCode, headers: &HeaderMap) {
        let told = RateLimitState::from_headers(headers);
        if told.is_none() && status != StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        if scope.is_empty() {
            let mut last = lock(&self.0.told);
            *last = told.or(*last);
        }
        self.teach(scope, |lane| lane.observe(status, headers, told));
    }

    /// Learns from a 429 of which only its wait is known: the answer broke off after the headers.
    pub(super) fn refused(&self, scope: &'static str, retry_after: Option<Duration>) {
        self.teach(scope, |lane| lane.refused(retry_after));
    }

    fn teach(&self, scope: &'static str, lesson: impl FnOnce(&Lane)) {
        let Some(user) = &self.0.user else { return };
        if scope.is_empty() {
            lesson(user);
        } else {
            let lane = Arc::clone(lock(&self.0.scopes).entry(scope).or_default());
            lesson(&lane);
        }
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each is written in one step, so what a panicking thread left is sound.
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
