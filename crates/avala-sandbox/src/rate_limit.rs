//! The rate limit: the number of requests in a window of time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, HeaderValue};

/// Number of requests that the sandbox accepts in a window of time before it responds 429.
///
/// The window starts with the first request in it. Requests without a valid key do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Number of requests in a window.
    pub requests: u64,
    /// Length of a window.
    pub window: Duration,
}

impl RateLimit {
    /// Creates a limit of this many requests per minute, counted as the real server does.
    #[must_use]
    pub fn per_minute(requests: u64) -> Self {
        Self { requests, window: Duration::from_secs(60) }
    }

    /// Changes the window, so that a test does not have to wait for a minute.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }
}

/// Counts requests.
pub(crate) struct Limiter {
    limit: RateLimit,
    enforced: bool,
    window: Mutex<Window>,
}

struct Window {
    started: Instant,
    used: u64,
}

/// How long a refused client has to wait, in whole seconds.
pub(crate) struct Refused {
    pub(crate) retry_after: u64,
}

impl Limiter {
    pub(crate) fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit: limit.unwrap_or(RateLimit::per_minute(1_000_000)),
            enforced: limit.is_some(),
            window: Mutex::new(Window { started: Instant::now(), used: 0 }),
        }
    }

    /// Counts a request, or refuses it.
    pub(crate) fn take(&self) -> Result<(), Refused> {
        self.with_window(|window, seconds_left| {
            if self.enforced && window.used >= self.limit.requests {
                return Err(Refused { retry_after: seconds_left });
            }
            window.used += 1;
            Ok(())
        })
    }

    /// Writes the current count, unless the response already has headers of these names.
    pub(crate) fn describe(&self, headers: &mut HeaderMap) {
        let (used, seconds_left) = self.with_window(|window, seconds_left| (window.used, seconds_left));
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs());
        for (name, number) in [
            ("x-ratelimit-limit", self.limit.requests),
            ("x-ratelimit-remaining", self.limit.requests.saturating_sub(used)),
            ("x-ratelimit-reset", now + seconds_left),
        ] {
            headers.entry(name).or_insert(HeaderValue::from(number));
        }
    }

    /// Gives access to the current window and the seconds until it ends, rounded up: at least one.
    fn with_window<R>(&self, read: impl FnOnce(&mut Window, u64) -> R) -> R {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.used == 0 || window.started.elapsed() >= self.limit.window {
            *window = Window { started: Instant::now(), used: 0 };
        }
        let left = self.limit.window.saturating_sub(window.started.elapsed());
        let seconds_left = left.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX);
        read(&mut window, seconds_left)
    }
}
