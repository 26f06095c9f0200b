//! Rate limit: calls per minute and burst size.

/// Rate limit: calls per minute and burst size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    pub(super) per_minute: u32,
    pub(super) burst: u32,
}

/// Returns 100 calls per minute with bursts of 20, as Avala documents per user.
impl Default for RateLimit {
    fn default() -> Self {
        Self { per_minute: 100, burst: 20 }
    }
}

impl RateLimit {
    /// Creates a limit of this many calls per minute, with bursts of 20 or the limit, whichever is lower. Zero counts
    /// as one.
    #[must_use]
    pub fn per_minute(calls: u32) -> Self {
        Self { per_minute: calls, burst: calls.min(Self::default().burst) }
    }

    /// Sets the number of calls that may be sent at once after a pause. Zero counts as one.
    #[must_use]
    pub fn burst(mut self, calls: u32) -> Self {
        self.burst = calls;
        self
    }

    /// Returns the calls per minute; at least one.
    #[must_use]
    pub fn calls_per_minute(&self) -> u32 {
        self.per_minute.max(1)
    }

    /// Returns how many calls may be sent at once after a pause; at least one.
    #[must_use]
    pub fn burst_size(&self) -> u32 {
        self.burst.max(1)
    }
}
