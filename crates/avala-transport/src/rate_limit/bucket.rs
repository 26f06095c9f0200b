//! The arithmetic of the limit: tokens that fill up with time, and a gate that can be closed.

use std::time::Duration;

use tokio::time::Instant;

use super::RateLimit;

const MINUTE: f64 = 60.0;

/// A wait longer than this is as good as for ever, and keeps the clock from overflowing.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

#[derive(Debug)]
pub(super) struct Bucket {
    burst: f64,
    /// Tokens that come back in a second.
    rate: f64,
    capacity: f64,
    tokens: f64,
    /// When `tokens` is right; a time to come is a closed gate. `None` before the first use: a limiter may be made
    /// before any clock runs.
    counted_at: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(configured: RateLimit) -> Self {
        let burst = f64::from(configured.burst.max(1));
        let rate = f64::from(configured.per_minute.max(1)) / MINUTE;
        Self { burst, rate, capacity: burst, tokens: burst, counted_at: None }
    }

    /// Takes a token if one is there and the gate is open.
    pub(super) fn try_take(&mut self, now: Instant) -> bool {
        let ready = self.wait(now, 0).is_zero();
        if ready {
            self.tokens -= 1.0;
        }
        ready
    }

    /// Takes a token if another one stays.
    pub(super) fn try_take_spare(&mut self, now: Instant) -> bool {
        let ready = self.wait(now, 1).is_zero();
        if ready {
            self.tokens -= 1.0;
        }
        ready
    }

    /// Puts back a token that was not used after all.
    pub(super) fn put_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(self.capacity);
    }

    /// How long somebody waits for a token who has `ahead` others before them.
    pub(super) fn wait(&mut self, now: Instant, ahead: usize) -> Duration {
        let opening = self.refill(now);
        let missing = ahead as f64 + 1.0 - self.tokens;
        if missing <= 0.0 {
            return opening;
        }
        // Whole microseconds, rounded up: after the wait the token is there, without a second tiny wait.
        let refill = (missing / self.rate * 1e6).ceil().min(LONGEST_WAIT.as_micros() as f64);
        opening + Duration::from_micros(refill as u64)
    }

    /// Counts the tokens that came back until now. Returns how long the gate stays closed.
    fn refill(&mut self, now: Instant) -> Duration {
        let then = *self.counted_at.get_or_insert(now);
        let closed = then.saturating_duration_since(now);
        if !closed.is_zero() {
            return closed;
        }
        self.tokens = (self.tokens + self.rate * (now - then).as_secs_f64()).min(self.capacity);
        self.counted_at = Some(now);
        // Sums of fractions end just below a whole token. (A mutant with `<=` does the same: no sum is exactly there.)
        if (self.tokens.round() - self.tokens).abs() < 1e-6 {
            self.tokens = self.tokens.round();
        }
        Duration::ZERO
    }

    /// The server's limit takes the place of the configured one; a burst is never larger than it.
    pub(super) fn set_limit(&mut self, now: Instant, per_minute: u64) {
        self.refill(now);
        let per_minute = per_minute.clamp(1, u64::from(u32::MAX)) as f64;
        self.rate = per_minute / MINUTE;
        self.capacity = self.burst.min(per_minute);
        self.tokens = self.tokens.min(self.capacity);
    }

    /// The server knows of calls that this client does not: other processes use the same key.
    pub(super) fn set_remaining(&mut self, now: Instant, remaining: u64) {
        self.refill(now);
        self.tokens = self.tokens.min(remaining as f64);
    }

    /// Lets nobody through for `wait`. A gate that is closed for longer stays so.
    ///
    /// It opens with one token and not with a burst: whoever gathered before it goes out one at a time. Otherwise they
    /// would all be refused again, together with those of every other process that waits for the same moment.
    pub(super) fn close_for(&mut self, now: Instant, wait: Duration) {
        let closed_already = self.refill(now);
        let wait = wait.min(LONGEST_WAIT);
        if wait > closed_already {
            self.counted_at = Some(now + wait);
            self.tokens = 1.0;
        } else {
            self.tokens = self.tokens.min(1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(per_minute: u32, burst: u32) -> (Bucket, Instant) {
        (Bucket::new(RateLimit::per_minute(per_minute).burst(burst)), Instant::now())
    }

    #[test]
    fn a_burst_then_one_at_a_time() {
        let (mut bucket, now) = bucket(60, 3);
        assert!((0..3).all(|_| bucket.try_take(now)));
        assert!(!bucket.try_take(now));
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(1));
        assert_eq!(bucket.wait(now, 4), Duration::from_secs(5));
        assert!(!bucket.try_take(now + Duration::from_millis(999)));
        assert!(bucket.try_take(now + Duration::from_secs(1)));
    }

    #[test]
    fn the_computed_wait_is_always_enough() {
        for per_minute in [1, 7, 30, 59, 97, 100, 601, 10_000] {
            let (mut bucket, mut now) = bucket(per_minute, 1);
            for _ in 0..500 {
                assert!(bucket.try_take(now), "{per_minute}");
                now += bucket.wait(now, 0);
            }
        }
    }

    #[test]
    fn a_gate_opens_for_one_at_a_time() {
        let (mut bucket, now) = bucket(60, 10);
        bucket.close_for(now, Duration::from_secs(3));
        assert_eq!([0, 1, 4].map(|ahead| bucket.wait(now, ahead)), [3, 4, 7].map(Duration::from_secs));
        bucket.close_for(now, Duration::from_secs(1));
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(3), "a shorter closing does not open it");
        bucket.set_limit(now, 600);
        bucket.set_remaining(now, 5);
        assert_eq!(bucket.wait(now, 1), Duration::from_millis(3_100), "what is learned behind a closed gate counts");

        let opening = now + Duration::from_secs(3);
        assert!(!bucket.try_take(opening - Duration::from_millis(1)));
        assert!(bucket.try_take(opening));
        assert!(!bucket.try_take(opening));
        assert_eq!(bucket.wait(opening + Duration::from_secs(60), 9), Duration::ZERO, "the burst comes back with time");
    }

    #[test]
    fn a_closing_of_no_length_spreads_too() {
        let (mut bucket, now) = bucket(60, 10);
        bucket.close_for(now, Duration::ZERO);
        assert!(bucket.try_take(now));
        assert!(!bucket.try_take(now));
    }

    #[test]
    fn a_token_that_is_put_back_can_be_taken_and_never_makes_more_than_a_burst() {
        let (mut bucket, now) = bucket(60, 2);
        bucket.put_back();
        assert!((0..2).all(|_| bucket.try_take(now)));
        assert!(!bucket.try_take(now));
        bucket.put_back();
        assert!(bucket.try_take(now));
    }

    #[test]
    fn what_the_server_says_lowers_the_tokens_and_sets_the_rate() {
        let (mut bucket, now) = bucket(60, 10);
        bucket.set_remaining(now, 1);
        bucket.set_remaining(now, 500);
        assert!(bucket.try_take(now));
        assert!(!bucket.try_take(now), "more remaining calls than tokens add none");
        bucket.set_limit(now, 600);
        assert_eq!(bucket.wait(now, 0), Duration::from_millis(100));
        bucket.set_limit(now, 0);
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(60), "a limit of zero is taken as one");
    }

    #[test]
    fn endless_waits_end_after_an_hour() {
        let (mut bucket, now) = bucket(1, 1);
        assert_eq!(bucket.wait(now, usize::MAX), LONGEST_WAIT);
        bucket.close_for(now, Duration::MAX);
        assert_eq!([0, usize::MAX].map(|ahead| bucket.wait(now, ahead)), [LONGEST_WAIT, LONGEST_WAIT * 2]);
    }
}
