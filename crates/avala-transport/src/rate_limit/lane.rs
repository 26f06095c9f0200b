//! One line of waiting calls, before one bucket.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use http::{HeaderMap, StatusCode};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::bucket::Bucket;
use super::{RateLimit, RateLimitState};
use crate::retry_after::{answered_at, retry_after};

/// The wait after a 429 that does not name one.
const DEFAULT_CLOSING: Duration = Duration::from_secs(1);
/// The count starts again every minute; a reset further away is not believed.
const LONGEST_RESET: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Lane {
    /// One at a time waits for the next token, the others wait for their turn; the semaphore is fair.
    turnstile: Semaphore,
    in_line: AtomicUsize,
    bucket: Mutex<Bucket>,
    /// Wakes the one whose turn it is, and nobody else.
    learned: Notify,
}

/// With the default limit: a scope that is not told its own is as wide as the user's.
impl Default for Lane {
    fn default() -> Self {
        Self::new(RateLimit::default())
    }
}

impl Lane {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            turnstile: Semaphore::new(1),
            in_line: AtomicUsize::new(0),
            bucket: Mutex::new(Bucket::new(limit)),
            learned: Notify::new(),
        }
    }

    /// Takes a token if nobody waits and one is there. Who is told `false` has to [`acquire`](Self::acquire), which
    /// gives the same with more work.
    pub(super) fn try_acquire(&self) -> bool {
        self.in_line.load(Ordering::Relaxed) == 0 && self.bucket().try_take(Instant::now())
    }

    /// Takes a token if nobody waits and another token stays for others.
    pub(super) fn try_acquire_spare(&self) -> bool {
        self.in_line.load(Ordering::Relaxed) == 0 && self.bucket().try_take_spare(Instant::now())
    }

    /// Waits for a token. `Err` is the wait that would have been needed and that does not end before `deadline`.
    pub(super) async fn acquire(&self, deadline: Option<Instant>) -> Result<Token<'_>, Duration> {
        let place = Place::take(&self.in_line);
        in_time(self.bucket().wait(Instant::now(), place.ahead), deadline)?;
        // The semaphore is never closed; without a turn the bucket still keeps the limit.
        let _turn = self.turnstile.acquire().await.ok();
        loop {
            let now = Instant::now();
            let wait = {
                let mut bucket = self.bucket();
                if bucket.try_take(now) {
                    return Ok(Token { lane: Some(self) });
                }
                bucket.wait(now, 0)
            };
            in_time(wait, deadline)?;
            // An answer may change the limit, or close the gate, while we wait: then we look again.
            let _ = timeout_at(now + wait, self.learned.notified()).await;
        }
    }

    /// Learns from an answer.
    pub(super) fn observe(&self, status: StatusCode, headers: &HeaderMap, told: Option<RateLimitState>) {
        let now = Instant::now();
        let mut bucket = self.bucket();
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
        drop(bucket);
        if status == StatusCode::TOO_MANY_REQUESTS {
            self.refused(retry_after(headers));
        } else {
            self.learned.notify_one();
        }
    }

    /// Learns from a 429, and from how long it asks to wait.
    pub(super) fn refused(&self, retry_after: Option<Duration>) {
        self.bucket().close_for(Instant::now(), retry_after.unwrap_or(DEFAULT_CLOSING));
        self.learned.notify_one();
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        // The numbers stay sound when a thread panics between two of them.
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fails when the wait does not end before the deadline.
fn in_time(wait: Duration, deadline: Option<Instant>) -> Result<(), Duration> {
    match deadline {
        Some(deadline) if !wait.is_zero() && Instant::now() + wait >= deadline => Err(wait),
        _ => Ok(()),
    }
}

fn until_reset(reset: u64, headers: &HeaderMap) -> Duration {
    let answered = answered_at(headers).duration_since(UNIX_EPOCH).unwrap_or_default();
    Duration::from_secs(reset).saturating_sub(answered)
}

/// The permission for one call. It goes back when it is dropped unspent: the call was cancelled.
#[derive(Debug)]
pub(super) struct Token<'a> {
    lane: Option<&'a Lane>,
}

impl Token<'_> {
    /// The call goes out now.
    pub(super) fn spend(mut self) {
        self.lane = None;
    }
}

impl Drop for Token<'_> {
    fn drop(&mut self) {
        if let Some(lane) = self.lane {
            lane.bucket().put_back();
            lane.learned.notify_one();
        }
    }
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
