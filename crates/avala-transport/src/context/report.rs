//! Report about a call: attempts and times.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::base_url::BaseUrl;
use crate::context::time_spent::TimeSpent;

/// Report about a finished call; an extension of every response, and part of every error.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct CallReport {
    /// Number of attempts that were started, including one that was still queued by the rate limiter.
    ///
    /// Zero if the call failed before its first attempt, or without a retry layer.
    pub attempts: u32,
    /// Time from the start of the call to its response or error.
    pub elapsed: Duration,
    /// How the elapsed time was spent: queued, backing off, in attempts.
    pub time_spent: TimeSpent,
    /// Base URL of the stack that the call was made through; `None` for layers that are used alone.
    pub(crate) base_url: Option<Arc<BaseUrl>>,
}

impl CallReport {
    /// Returns the base URL of the transport that made the call; `None` for layers that are used alone.
    #[must_use]
    pub fn base_url(&self) -> Option<&BaseUrl> {
        self.base_url.as_deref()
    }
}

/// The same values as the public fields.
impl CallReport {
    /// Returns the [number of attempts](Self::attempts) that were started.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Returns the time from the start of the call to its response.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns how the elapsed time was spent.
    #[must_use]
    pub fn time_spent(&self) -> TimeSpent {
        self.time_spent
    }
}

impl fmt::Debug for CallReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallReport")
            .field("attempts", &self.attempts)
            .field("elapsed", &self.elapsed)
            .field("time_spent", &self.time_spent)
            .finish_non_exhaustive()
    }
}

/// Compares attempts and times.
impl PartialEq for CallReport {
    fn eq(&self, other: &Self) -> bool {
        (self.attempts, self.elapsed, self.time_spent) == (other.attempts, other.elapsed, other.time_spent)
    }
}

impl Eq for CallReport {}
