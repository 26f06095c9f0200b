//! Token arithmetic: tokens refill with time, and a gate delays them.

use std::time::Duration;

use tokio::time::Instant;

use super::RateLimit;

/// Maximum time for which the gate closes.
pub(super) const LONGEST_CLOSING: Duration = Duration::from_secs(3_600);
const PICOS_PER_MINUTE: u128 = 60_000_000_000_000;
const PICOS_PER_SECOND: f64 = 1e12;
const PICOS_PER_NANO: u128 = 1_000;

/// Token bucket in integers, so that rounding errors cannot add up to an extra call.
///
/// The level is counted in picoseconds of refill time: one token is one interval.
#[derive(Debug)]
pub(super) struct Bucket {
    /// The configured burst; a lower server limit also lowers the capacity.
    burst: u64,
    /// Refill time of one token, in picoseconds.
    interval: u128,
    /// Capacity in tokens.
    capacity: u64,
    level: u128,
    /// When `level` was computed; in the future while the gate is closed. `None` before the first use: a limiter may be
    /// created before a clock runs.
    counted_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(configured: RateLimit) -> Self {
        let burst = u64::from(configured.burst.max(1));
        let interval = interval(u64::from(configured.per_minute));
        Self { burst, interval, capacity: burst, level: u128::from(burst) * interval, counted_at: None }
    }

    /// Returns whether `tokens` are available and the gate is open.
    pub(super) fn has(&mut self, now: Instant, tokens: usize) -> bool {
        self.refill(now).is_zero() && self.level >= self.interval.saturating_mul(tokens as u128)
    }

    /// Takes a token that [`has`](Self::has) found.
    pub(super) fn take(&mut self) {
        self.level = self.level.saturating_sub(self.interval);
    }

    /// Returns a token that was not used.
    pub(super) fn put_back(&mut self) {
        self.level = (self.level + self.interval).min(self.full());
    }

    /// Returns the time until a call with `ahead` calls before it can be sent, rounded up so that its token is then
    /// available.
    pub(super) fn wait(&mut self, now: Instant, ahead: usize) -> Duration {
        let closed = self.refill(now);
        let missing = self.interval.saturating_mul(ahead as u128 + 1).saturating_sub(self.level);
        closed.saturating_add(nanos(missing))
    }

    /// Returns the refill time of one token, rounded up.
    pub(super) fn interval(&self) -> Duration {
        nanos(self.interval)
    }

    /// Returns the calls per minute that the refill allows.
    pub(super) fn per_minute(&self) -> f64 {
        PICOS_PER_MINUTE as f64 / self.interval as f64
    }

    /// Opens a closed gate after `wait`, if it opens later than that.
    pub(super) fn open_after(&mut self, now: Instant, wait: Duration) {
        if wait < self.refill(now) {
            self.counted_at = now.checked_add(wait).or(self.counted_at);
        }
    }

    /// Returns how long the gate stays closed.
    pub(super) fn closed_for(&mut self, now: Instant) -> Duration {
        self.refill(now)
    }

    /// Adds the tokens up to now. Returns how long the gate stays closed.
    fn refill(&mut self, now: Instant) -> Duration {
        let then = *self.counted_at.get_or_insert(now);
        let closed = then.saturating_duration_since(now);
        if closed.is_zero() {
            let passed = (now - then).as_nanos() * PICOS_PER_NANO;
            self.level = self.level.saturating_add(passed).min(self.full());
            self.counted_at = Some(now);
        }
        closed
    }

    /// Sets the time between two calls, without a burst. The time since the last call counts.
    pub(super) fn set_gap(&mut self, now: Instant, seconds: f64) {
        self.refill(now);
        self.interval = ((seconds * PICOS_PER_SECOND) as u128).max(1);
        self.capacity = 1;
        self.level = self.level.min(self.interval);
    }

    /// Sets the part of the time until the next call that has passed.
    pub(super) fn set_passed(&mut self, part: f64) {
        self.level = (self.interval as f64 * part) as u128;
    }

    /// Replaces the configured limit with the server's, which also caps the burst. Returns whether the limit changed.
    pub(super) fn set_limit(&mut self, now: Instant, per_minute: u64) -> bool {
        self.refill(now);
        let (before, after) = (self.interval, interval(per_minute));
        self.capacity = self.burst.min(per_minute.max(1));
        // Keeps the number of tokens.
        self.level = (self.level * after / before).min(u128::from(self.capacity) * after);
        self.interval = after;
        before != after
    }

    /// Lowers the number of tokens: the server also counts calls of other processes with the same key.
    pub(super) fn set_remaining(&mut self, now: Instant, remaining: u64) {
        self.refill(now);
        self.level = self.level.min(self.interval.saturating_mul(u128::from(remaining)));
    }

    /// Closes the gate for `wait`, or keeps it closed if it opens later anyway. Returns whether it now opens later.
    ///
    /// The gate opens with one token instead of a burst: queued calls are sent one at a time. Otherwise they would all
    /// be refused again, together with those of other processes that wait for the same moment.
    pub(super) fn close_for(&mut self, now: Instant, wait: Duration) -> bool {
        let closed = self.refill(now);
        let wait = wait.min(LONGEST_CLOSING);
        let later = wait > closed;
        if later {
            self.counted_at = now.checked_add(wait).or(self.counted_at);
            self.level = self.interval;
        } else {
            self.level = self.level.min(self.interval);
        }
        later
    }

    fn full(&self) -> u128 {
        u128::from(self.capacity) * self.interval
    }
}

/// Returns the picoseconds for one token, rounded up so that the limit is never exceeded.
pub(super) fn interval(per_minute: u64) -> u128 {
    PICOS_PER_MINUTE.div_ceil(u128::from(per_minute.clamp(1, u64::from(u32::MAX))))
}

fn nanos(picos: u128) -> Duration {
    Duration::from_nanos(u64::try_from(picos.div_ceil(PICOS_PER_NANO)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_minute: u32, burst: u32) -> (Bucket, Instant) {
        (Bucket::new(RateLimit::per_minute(per_minute).burst(burst)), Instant::now())
    }

    fn take(bucket: &mut Bucket, now: Instant) -> bool {
        let there = bucket.has(now, 1);
        if there {
            bucket.take();
        }
        there
    }

    #[test]
    fn burst_then_one_token_per_interval() {
        let (mut bucket, now) = bucket(60, 3);
        assert!((0..3).all(|_| take(&mut bucket, now)));
        assert!(!take(&mut bucket, now));
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(1));
        assert_eq!(bucket.wait(now, 4), Duration::from_secs(5));
        assert!(!take(&mut bucket, now + Duration::from_millis(999)));
        assert!(take(&mut bucket, now + Duration::from_secs(1)));
    }

    #[test]
    fn computed_wait_always_suffices_and_never_adds_calls() {
        for per_minute in [1, 7, 30, 59, 97, 100, 601, 10_000, u32::MAX - 1, u32::MAX] {
            let (mut bucket, start) = bucket(per_minute, 1);
            let mut now = start;
            for calls in 0..500_u32 {
                assert!(take(&mut bucket, now), "{per_minute}");
                let least = 60.0 / f64::from(per_minute) * f64::from(calls);
                assert!((now - start).as_secs_f64() >= least * (1.0 - 1e-12), "{per_minute}: {calls}");
                now += bucket.wait(now, 0);
            }
        }
    }

    #[test]
    fn gate_opens_for_one_at_a_time() {
        let (mut bucket, now) = bucket(60, 10);
        assert!(bucket.close_for(now, Duration::from_secs(3)));
        assert_eq!([0, 1, 4].map(|ahead| bucket.wait(now, ahead)), [3, 4, 7].map(Duration::from_secs));
        assert!(!bucket.close_for(now, Duration::from_secs(1)));
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(3), "a shorter closing does not open it");
        assert!(bucket.set_limit(now, 600));
        bucket.set_remaining(now, 5);
        assert_eq!(bucket.wait(now, 1), Duration::from_millis(3_100), "reports behind a closed gate count");

        let opening = now + Duration::from_secs(3);
        assert!(!take(&mut bucket, opening - Duration::from_millis(1)));
        assert!(take(&mut bucket, opening));
        assert!(!take(&mut bucket, opening));
        assert_eq!(bucket.wait(opening + Duration::from_secs(60), 9), Duration::ZERO, "the burst refills with time");
    }

    #[test]
    fn zero_length_closing_ends_the_burst() {
        let (mut bucket, now) = bucket(60, 10);
        bucket.close_for(now, Duration::ZERO);
        assert!(take(&mut bucket, now));
        assert!(!take(&mut bucket, now));
    }

    #[test]
    fn token_put_back_never_exceeds_the_burst() {
        let (mut bucket, now) = bucket(60, 2);
        bucket.put_back();
        assert!((0..2).all(|_| take(&mut bucket, now)));
        assert!(!take(&mut bucket, now));
        bucket.put_back();
        assert!(take(&mut bucket, now));
    }

    #[test]
    fn server_values_lower_the_tokens_and_set_the_rate() {
        let (mut bucket, now) = bucket(60, 10);
        bucket.set_remaining(now, 1);
        bucket.set_remaining(now, 500);
        assert!(take(&mut bucket, now));
        assert!(!take(&mut bucket, now), "more remaining calls than tokens add none");
        assert!(bucket.set_limit(now, 600));
        assert!(!bucket.set_limit(now, 600), "the same limit again changes nothing");
        assert_eq!(bucket.wait(now, 0), Duration::from_millis(100));
        bucket.set_limit(now, 0);
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(60), "a limit of zero counts as one");
    }

    #[test]
    fn extreme_values_do_not_overflow_or_close_over_an_hour() {
        let extremes = [0, 1, u32::MAX - 1, u32::MAX];
        for (per_minute, burst) in extremes.iter().flat_map(|rate| extremes.map(|burst| (*rate, burst))) {
            let (mut bucket, mut now) = bucket(per_minute, burst);
            for limit in [0, 1, u64::MAX - 1, u64::MAX] {
                bucket.set_limit(now, limit);
                bucket.set_remaining(now, limit);
                assert!(bucket.wait(now, usize::MAX) > LONGEST_CLOSING);
                now += Duration::from_secs(1 << 30);
                assert_eq!(bucket.wait(now, 0), Duration::ZERO);
            }
            bucket.close_for(now, Duration::MAX);
            assert_eq!(bucket.closed_for(now), LONGEST_CLOSING);
            assert!(take(&mut bucket, now + LONGEST_CLOSING), "{per_minute} {burst}");
        }
    }

    #[test]
    fn change_of_the_rate_keeps_the_number_of_tokens() {
        let (mut bucket, now) = bucket(60, 10);
        (0..5).for_each(|_| bucket.take());
        for (per_minute, tokens, interval) in [(600, 5, 100), (2, 2, 30_000), (600, 2, 100)] {
            bucket.set_limit(now, per_minute);
            assert!(bucket.has(now, tokens) && !bucket.has(now, tokens + 1), "{per_minute}");
            assert_eq!(bucket.interval(), Duration::from_millis(interval));
            assert_eq!(bucket.wait(now, tokens), bucket.interval(), "{per_minute}");
            assert!((bucket.per_minute() - per_minute as f64).abs() < 1e-6);
        }
        let later = now + Duration::from_secs(60);
        assert!(bucket.has(later, 10) && !bucket.has(later, 11), "the configured burst is back");
    }

    #[test]
    fn gap_is_the_time_between_two_calls_without_a_burst() {
        let (mut bucket, now) = bucket(60, 3);
        bucket.set_gap(now, 2.5);
        assert!(bucket.has(now, 1) && !bucket.has(now, 2));
        bucket.take();
        assert_eq!(bucket.wait(now, 0), Duration::from_millis(2_500));
        bucket.set_passed(0.2);
        assert_eq!(bucket.wait(now, 0), Duration::from_millis(2_000));
        let later = now + Duration::from_secs(1);
        bucket.set_gap(later, 4.0);
        assert_eq!(bucket.wait(later, 0), Duration::from_millis(2_500), "the time since the last call counts");
        assert!(!bucket.has(later + Duration::from_secs(60), 2));
        bucket.set_gap(later, 0.0);
        assert!(bucket.interval() <= Duration::from_nanos(1));
    }

    #[test]
    fn gate_is_only_opened_earlier() {
        let (mut bucket, now) = bucket(60, 3);
        bucket.open_after(now, Duration::from_secs(1));
        assert!(bucket.has(now, 3), "an open gate stays open");
        let close = |bucket: &mut Bucket, wait| bucket.close_for(now, Duration::from_secs(wait));
        assert!(close(&mut bucket, 10) && !close(&mut bucket, 10) && !close(&mut bucket, 9) && close(&mut bucket, 11));
        for (wait, closed_for) in [(11, 11), (12, 11), (3, 3), (5, 3), (0, 0)] {
            bucket.open_after(now, Duration::from_secs(wait));
            assert_eq!(bucket.closed_for(now), Duration::from_secs(closed_for), "{wait}");
        }
    }
}
