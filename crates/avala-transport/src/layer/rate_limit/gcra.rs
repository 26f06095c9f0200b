//! Reservations by the generic cell rate algorithm, in integers.

use std::time::Duration;

use super::RateLimit;
use super::bucket::{LONGEST_CLOSING, interval};
use super::store::LimitReport;

const PICOS_PER_NANO: u128 = 1_000;

/// One limit. Times are durations since a common start.
///
/// Unlike a [`Bucket`](super::bucket::Bucket), which refills and is asked again, it can reserve a start in the future.
#[derive(Debug)]
pub(super) struct Gcra {
    /// The configured burst; a lower server limit also lowers the tolerance.
    burst: u32,
    capacity: u128,
    /// Picoseconds per token.
    interval: u128,
    /// When the bucket will be full again: the "theoretical arrival time" plus one interval per reservation.
    full_at: u128,
    gate: u128,
    closings: u64,
}

impl Gcra {
    pub(super) fn new(limit: RateLimit) -> Self {
        let burst = limit.burst.max(1);
        let interval = interval(u64::from(limit.per_minute));
        Self { burst, capacity: u128::from(burst), interval, full_at: 0, gate: 0, closings: 0 }
    }

    /// Returns when the next call may start if `spare` tokens stay free then.
    pub(super) fn start(&self, now: Duration, spare: u32) -> Duration {
        let need = (1 + u128::from(spare)).min(self.capacity);
        let ready = self.full_at.saturating_sub((self.capacity - need) * self.interval);
        duration(picos(now).max(self.gate).max(ready))
    }

    /// Takes the token of a start that [`start`](Self::start) returned, or of a later one.
    pub(super) fn book(&mut self, start: Duration) {
        self.full_at = self.full_at.max(picos(start)) + self.interval;
    }

    /// Returns a token that was not used, unless that would allow a start before reserved ones.
    pub(super) fn put_back(&mut self, now: Duration) {
        let without = self.full_at.saturating_sub(self.interval);
        if without <= picos(now) + (self.capacity - 1) * self.interval {
            self.full_at = without;
        }
    }

    /// Returns the number of times that the gate was closed.
    pub(super) fn closings(&self) -> u64 {
        self.closings
    }

    pub(super) fn report(&mut self, now: Duration, report: &LimitReport) {
        let now = picos(now);
        if let Some(limit) = report.limit {
            let after = interval(limit);
            let used = self.full_at.saturating_sub(now);
            self.full_at = now + used * after / self.interval;
            self.capacity = u128::from(self.burst).min(u128::from(limit.max(1)));
            self.interval = after;
        }
        if let Some(missing) = report.remaining.and_then(|remaining| self.capacity.checked_sub(remaining.into())) {
            self.full_at = self.full_at.max(now + missing * self.interval);
        }
        if let Some(wait) = report.closed_for {
            let opening = now + picos(wait.min(LONGEST_CLOSING));
            // The gate opens with one token instead of a burst. Reservations from before are void.
            let one_token = (self.capacity - 1) * self.interval;
            if opening > self.gate {
                self.closings += 1;
                self.gate = opening;
                self.full_at = opening + one_token;
            }
            self.full_at = self.full_at.max(self.gate + one_token);
        }
    }
}

fn picos(time: Duration) -> u128 {
    time.as_nanos() * PICOS_PER_NANO
}

/// Rounds up, so that a start is never too early.
fn duration(picos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(picos.div_ceil(PICOS_PER_NANO)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: Duration = Duration::ZERO;

    fn take(limit: &mut Gcra, now: Duration) -> Duration {
        let start = limit.start(now, 0);
        limit.book(start);
        start
    }

    #[test]
    fn burst_then_one_start_per_interval() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(3));
        let starts: Vec<u64> = (0..6).map(|_| take(&mut limit, ZERO).as_secs()).collect();
        assert_eq!(starts, [0, 0, 0, 1, 2, 3]);
        limit.put_back(ZERO);
        assert_eq!(limit.start(ZERO, 0).as_secs(), 4, "the starts of others do not change");
        limit.put_back(Duration::from_secs(3));
        assert_eq!(limit.start(Duration::from_secs(3), 0).as_secs(), 3);
    }

    #[test]
    fn gate_opens_with_one_token() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(3));
        limit.report(ZERO, &LimitReport::new().with_closed_for(Duration::from_secs(10)));
        let starts: Vec<u64> = (0..3).map(|_| take(&mut limit, ZERO).as_secs()).collect();
        assert_eq!(starts, [10, 11, 12]);
    }

    #[test]
    fn reports_lower_tokens_and_set_the_rate() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(10));
        limit.report(ZERO, &LimitReport::new().with_limit(600).with_remaining(1));
        let starts: Vec<u128> = (0..3).map(|_| take(&mut limit, ZERO).as_millis()).collect();
        assert_eq!(starts, [0, 100, 200]);
        assert!(limit.start(ZERO, 1) > limit.start(ZERO, 0), "a spare token takes one interval more");
    }
}
