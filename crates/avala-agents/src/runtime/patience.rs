//! When a run that ends by itself gives up something that fails again and again.

use std::time::Duration;

use tokio::time::Instant;

/// So long something may fail, and so often in any case: with long poll intervals, a few failures take hours.
const LONGEST: Duration = Duration::from_secs(600);
const FEWEST: u32 = 3;

/// Failures of one kind since the last success.
#[derive(Debug, Default)]
pub(super) struct Patience {
    failures: u32,
    since: Option<Instant>,
}

impl Patience {
    /// Counts a failure that is followed by this pause. Returns whether to give up.
    pub(super) fn failed(&mut self, pause: Duration, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        let since = *self.since.get_or_insert(now);
        self.failures >= FEWEST && now.duration_since(since).saturating_add(pause) > LONGEST
    }

    /// Forgets the failures.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Returns how often it failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn patience_ends_after_ten_minutes_and_three_failures() {
        let (mut patience, start) = (Patience::default(), Instant::now());
        for minute in 0..10 {
            assert!(!patience.failed(MINUTE, start + minute * MINUTE), "minute {minute}");
        }
        assert!(patience.failed(MINUTE, start + 10 * MINUTE));
        patience.succeeded();
        for _ in 0..2 {
            assert!(!patience.failed(60 * MINUTE, start), "a long pause alone is no reason");
        }
        assert!(patience.failed(60 * MINUTE, start));
        assert_eq!(patience.failures(), 3);
    }
}
