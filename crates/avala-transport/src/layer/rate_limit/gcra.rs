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

/// The latest start that was booked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Booking(u128);

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
    pub(super) fn book(&mut self, start: Duration) -> Booking {
        self.full_at = self.full_at.max(picos(start)) + self.interval;
        Booking(self.full_at)
    }

    /// Returns the token of a start in the future, unless other starts were booked since, or the limit changed.
    pub(super) fn cancel(&mut self, booking: Booking) {
        if booking == Booking(self.full_at) {
            self.full_at = self.full_at.saturating_sub(self.interval);
        }
    }

    /// Returns a token that was not used, unless that would allow a start before reserved ones.
    pub(super) fn put_back(&mut self, now: Duration) {
        let without = self.full_at.saturating_sub(self.interval);
        if without <= picos(now) + (self.capacity - 1) * self.interval {
            self.full_at = without;
        }
    }

    /// Returns the refill time of one token.
    pub(super) fn interval(&self) -> Duration {
        duration(self.interval)
    }

    /// Returns how often the gate was closed.
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
    fn only_the_last_booking_can_be_cancelled() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(1));
        take(&mut limit, ZERO);
        let first = limit.book(Duration::from_secs(1));
        let second = limit.book(Duration::from_secs(2));
        limit.cancel(first);
        assert_eq!(limit.start(ZERO, 0).as_secs(), 3, "the start of the second one does not change");
        limit.cancel(second);
        limit.cancel(second);
        assert_eq!(limit.start(ZERO, 0).as_secs(), 2);
        limit.cancel(first);
        assert_eq!(limit.start(ZERO, 0).as_secs(), 1);
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

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn spare_tokens_are_the_whole_bucket_at_most() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(3));
        take(&mut limit, secs(5));
        assert_eq!([0, 1, 2, 3, u32::MAX].map(|spare| limit.start(secs(5), spare).as_secs()), [5, 5, 6, 6, 6]);
        limit.book(secs(9));
        assert_eq!(limit.start(secs(9), 2), secs(10), "a later start is booked from there");
    }

    #[test]
    fn change_of_the_rate_keeps_the_number_of_tokens() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(10));
        let taken = [(); 3].map(|()| take(&mut limit, secs(5)));
        assert_eq!(taken, [secs(5); 3]);
        limit.report(secs(6), &LimitReport::new().with_limit(600));
        assert_eq!(limit.start(secs(6), 9), secs(6) + Duration::from_millis(200), "two of ten are missing");
        limit.report(secs(6), &LimitReport::new().with_limit(2));
        assert_eq!(limit.start(secs(6), 1), secs(66), "two tokens of 30 s each");
        limit.report(secs(1_000), &LimitReport::new().with_limit(600));
        let starts: Vec<u128> = (0..11).map(|_| take(&mut limit, secs(1_000)).as_millis()).collect();
        assert_eq!(starts[8..], [1_000_000, 1_000_000, 1_000_100], "the configured burst is back");
    }

    #[test]
    fn remaining_calls_only_lower_the_tokens() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(3));
        for (remaining, start) in [(9, 5), (3, 5), (1, 5), (0, 6), (2, 6)] {
            limit.report(secs(5), &LimitReport::new().with_remaining(remaining));
            assert_eq!(limit.start(secs(5), 0), secs(start), "{remaining}");
        }
    }

    #[test]
    fn only_a_later_opening_counts_as_a_closing() {
        let mut limit = Gcra::new(RateLimit::per_minute(60).burst(3));
        for (now, closed_for, closings, opening) in
            [(0, 10, 1, 10), (0, 10, 1, 10), (0, 5, 1, 10), (1, 9, 1, 10), (1, 10, 2, 11)]
        {
            limit.report(secs(now), &LimitReport::new().with_closed_for(secs(closed_for)));
            assert_eq!((limit.closings(), limit.start(secs(now), 0)), (closings, secs(opening)), "{now} {closed_for}");
        }
        // Another report behind the gate leaves one token for its opening.
        limit.put_back(secs(11));
        limit.report(secs(10), &LimitReport::new().with_closed_for(ZERO));
        assert_eq!([(); 2].map(|()| take(&mut limit, secs(10)).as_secs()), [11, 12]);
        limit.report(secs(20), &LimitReport::new().with_closed_for(Duration::MAX));
        assert_eq!(limit.start(secs(20), 0), secs(20) + LONGEST_CLOSING);
    }
}
