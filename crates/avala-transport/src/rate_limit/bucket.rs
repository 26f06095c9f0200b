//! The arithmetic of the limit: tokens that fill up with time, and a gate that can be closed.

use std::time::Duration;

use tokio::time::Instant;

use super::RateLimit;

const MINUTE: f64 = 60.0;

/// A wait longer than this is as good as for ever, and keeps the clock from overflowing.
const LONGEST_WAIT: Duration = Duration::from_secs(60 * 60);

#[derive(Debug)]
pub(super) struct Bucket {
    configured: RateLimit,
    /// Tokens that come back in a second.
    rate: f64,
    capacity: f64,
    tokens: f64,
    /// When `tokens` was right. `None` before the first use: a limiter may be made before any clock runs.
    counted_at: Option<Instant>,
    closed_until: Option<Instant>,
}

impl Bucket {
    pub(super) fn new(configured: RateLimit) -> Self {
        let capacity = f64::from(configured.burst.max(1));
        let rate = f64::from(configured.per_minute.max(1)) / MINUTE;
        Self { configured, rate, capacity, tokens: capacity, counted_at: None, closed_until: None }
    }

    /// Takes a token if one is there and the gate is open.
    pub(super) fn try_take(&mut self, now: Instant) -> bool {
        let ready = self.wait(now, 0).is_zero();
        if ready {
            self.tokens -= 1.0;
        }
        ready
    }

    /// How long somebody waits for a token who has `ahead` others before them.
    pub(super) fn wait(&mut self, now: Instant, ahead: usize) -> Duration {
        self.refill(now);
        let closed = self.closed_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let at_opening = (self.tokens + self.rate * closed.as_secs_f64()).min(self.capacity);
        let missing = ahead as f64 + 1.0 - at_opening;
        if missing <= 0.0 {
            return closed;
        }
        // Whole microseconds, rounded up: after the wait the token is there, without a second tiny wait.
        let refill = (missing / self.rate * 1e6).ceil().min(LONGEST_WAIT.as_micros() as f64);
        closed + Duration::from_micros(refill as u64)
    }

    fn refill(&mut self, now: Instant) {
        if let Some(then) = self.counted_at {
            let passed = now.saturating_duration_since(then).as_secs_f64();
            self.tokens = (self.tokens + self.rate * passed).min(self.capacity);
        }
        self.counted_at = Some(now);
        // Sums of fractions end just below a whole token.
        if (self.tokens.round() - self.tokens).abs() < 1e-6 {
            self.tokens = self.tokens.round();
        }
    }

    /// The server's limit takes the place of the configured one; a burst is never larger than it.
    pub(super) fn set_limit(&mut self, now: Instant, per_minute: u64) {
        self.refill(now);
        let per_minute = per_minute.clamp(1, u64::from(u32::MAX)) as f64;
        self.rate = per_minute / MINUTE;
        self.capacity = f64::from(self.configured.burst.max(1)).min(per_minute);
        self.tokens = self.tokens.min(self.capacity);
    }

    /// The server knows of calls that this client does not: other processes use the same key.
    pub(super) fn set_remaining(&mut self, now: Instant, remaining: u64) {
        self.refill(now);
        self.tokens = self.tokens.min(remaining as f64);
    }

    /// Lets nobody through for `wait`. A gate that is closed for longer stays so.
    pub(super) fn close_for(&mut self, now: Instant, wait: Duration) {
        let until = now + wait.min(LONGEST_WAIT);
        self.closed_until = Some(self.closed_until.map_or(until, |earlier| earlier.max(until)));
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
    fn tokens_come_back_while_the_gate_is_closed() {
        let (mut bucket, now) = bucket(60, 10);
        assert!((0..10).all(|_| bucket.try_take(now)));
        bucket.close_for(now, Duration::from_secs(3));
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(3));
        assert_eq!(bucket.wait(now, 2), Duration::from_secs(3));
        assert_eq!(bucket.wait(now, 4), Duration::from_secs(5));
        bucket.close_for(now, Duration::from_secs(1));
        assert_eq!(bucket.wait(now, 0), Duration::from_secs(3), "a shorter closing does not open it");
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
    fn endless_waits_do_not_overflow() {
        let (mut bucket, now) = bucket(1, 1);
        bucket.close_for(now, Duration::MAX);
        assert!(bucket.wait(now, usize::MAX) <= LONGEST_WAIT * 2);
    }
}
