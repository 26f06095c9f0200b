//! A rate limit for starting handlers.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Spaces the starts of handlers evenly.
#[derive(Debug)]
pub(crate) struct Pace {
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// Creates a pace of at most this many starts per minute. Zero counts as one.
    pub(crate) fn per_minute(starts: u32) -> Self {
        Self { interval: Duration::from_secs(60) / starts.max(1), next: Mutex::new(None) }
    }

    /// Returns when the next start is allowed; `None` at any time.
    pub(crate) fn next(&self) -> Option<Instant> {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a start now.
    pub(crate) fn start(&self) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + self.interval);
    }
}
