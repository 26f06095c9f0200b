//! The handle that all clones of a client share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until};

use super::RateLimitState;
use super::bucket::Bucket;
use crate::retry_after::{answered_at, retry_after};

/// The wait after a 429 that does not name one.
const DEFAULT_CLOSING: Duration = Duration::from_secs(1);
/// The count starts again every minute; a reset further away is not believed.
const LONGEST_RESET: Duration = Duration::from_secs(60);

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
    /// One at a time waits for the next token, the others wait for their turn; the semaphore is fair.
    turnstile: Semaphore,
    in_line: AtomicUsize,
    state: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    /// `None` when the limiter is off.
    bucket: Option<Bucket>,
    server: Option<RateLimitState>,
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
        Self::with(Some(Bucket::new(limit)))
    }

    /// A limiter that never makes a call wait. It still remembers what the server says.
    #[must_use]
    pub fn off() -> Self {
        Self::with(None)
    }

    fn with(bucket: Option<Bucket>) -> Self {
        Self(Arc::new(Shared {
            turnstile: Semaphore::new(1),
            in_line: AtomicUsize::new(0),
            state: Mutex::new(Known { bucket, server: None }),
        }))
    }

    /// The last rate limit that the server told, to any of the clones.
    #[must_use]
    pub fn state(&self) -> Option<RateLimitState> {
        self.known().server
    }

    /// Waits for a token. `Err` is the wait that would have been needed and that does not end before `deadline`.
    pub(super) async fn acquire(&self, deadline: Option<Instant>) -> Result<(), Duration> {
        let place = Place::take(&self.0.in_line);
        self.check(place.ahead, deadline)?;
        // The semaphore is never closed; without a turn the bucket still keeps the limit.
        let _turn = self.0.turnstile.acquire().await.ok();
        while let Some(until) = self.take_token(deadline)? {
            sleep_until(until).await;
        }
        Ok(())
    }

    /// Fails when the token cannot come before the deadline.
    fn check(&self, ahead: usize, deadline: Option<Instant>) -> Result<(), Duration> {
        let now = Instant::now();
        let wait = self.known().bucket.as_mut().map_or(Duration::ZERO, |bucket| bucket.wait(now, ahead));
        match deadline {
            Some(deadline) if !wait.is_zero() && now + wait >= deadline => Err(wait),
            _ => Ok(()),
        }
    }

    /// Takes a token, or says when to look again.
    fn take_token(&self, deadline: Option<Instant>) -> Result<Option<Instant>, Duration> {
        self.check(0, deadline)?;
        let now = Instant::now();
        Ok(self
            .known()
            .bucket
            .as_mut()
            .and_then(|bucket| if bucket.try_take(now) { None } else { Some(now + bucket.wait(now, 0)) }))
    }

    /// Learns from an answer.
    pub(super) fn observe(&self, status: StatusCode, headers: &HeaderMap) {
        let told = RateLimitState::from_headers(headers);
        let refused = status == StatusCode::TOO_MANY_REQUESTS;
        if told.is_none() && !refused {
            return;
        }
        let now = Instant::now();
        let mut known = self.known();
        known.server = told.or(known.server);
        let Some(bucket) = known.bucket.as_mut() else { return };
        if let Some(limit) = told.and_then(|told| told.limit) {
            bucket.set_limit(now, limit);
        }
        if let Some(remaining) = told.and_then(|told| told.remaining) {
            bucket.set_remaining(now, remaining);
            if remaining == 0
                && let Some(reset) = told.and_then(|told| told.reset)
            {
                bucket.close_for(now, until_reset(reset, headers).min(LONGEST_RESET));
            }
        }
        if refused {
            bucket.close_for(now, retry_after(headers).unwrap_or(DEFAULT_CLOSING));
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // The numbers stay sound when a thread panics between two of them.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn until_reset(reset: u64, headers: &HeaderMap) -> Duration {
    let answered = answered_at(headers).duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_secs(reset).saturating_sub(answered)
}

/// A place in the line, given up when it is dropped: a call that is cancelled leaves no trace.
struct Place<'a> {
    in_line: &'a AtomicUsize,
    ahead: usize,
}

impl<'a> Place<'a> {
    fn take(in_line: &'a AtomicUsize) -> Self {
        Self { in_line, ahead: in_line.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.in_line.fetch_sub(1, Ordering::Relaxed);
    }
}
