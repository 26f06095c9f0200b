//! Spreads the return of independent clients after a common refusal.

use std::time::Duration;

use tokio::time::Instant;

/// The time over which calls are counted, equal to the server's window.
const WINDOW: Duration = Duration::from_secs(60);
/// Maximum time that a gate stays closed after the time that the server named; for waits of at least this long.
const LONGEST: Duration = Duration::from_secs(30);

/// Decides how much later than requested a gate opens.
///
/// The server names the same time to all clients with one key. None knows how many there are, but each knows how much
/// of the limit it used itself: the rest was used by others. A client that used all of it calls again at once. One that
/// used little does at a random moment within as much time as it had to wait, if that was half a minute or more. After
/// a shorter wait the time is shorter still: only the few clients that called just before the end get such a short
/// wait.
#[derive(Debug, Default)]
pub(super) struct Spread {
    /// Start of the current window of counting.
    since: Option<Instant>,
    sent: u32,
    sent_before: u32,
    /// Random number from 0 to 1, the same while the gate is closed: a maximum of many would not be random.
    part: f64,
    /// The time that the server named.
    named: Option<Instant>,
}

impl Spread {
    /// Counts a call.
    pub(super) fn count(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since);
        if passed >= WINDOW {
            self.sent_before = if passed < WINDOW * 2 { self.sent } else { 0 };
            self.sent = 0;
            self.since = Some(now);
        }
        self.sent = self.sent.saturating_add(1);
    }

    /// Subtracts a call that was counted and not sent.
    pub(super) fn put_back(&mut self) {
        self.sent = self.sent.saturating_sub(1);
    }

    /// Draws another random part of the spread, for the next closing.
    pub(super) fn draw(&mut self, random: f64) {
        self.part = random;
    }

    /// Records the time that the server named.
    pub(super) fn name(&mut self, now: Instant, wait: Duration) {
        self.named = self.named.max(now.checked_add(wait));
    }

    /// Returns the remaining time until the time that the server named.
    pub(super) fn named_for(&self, now: Instant) -> Duration {
        self.named.map_or(Duration::ZERO, |named| named.saturating_duration_since(now))
    }

    /// Returns how much longer than `wait` the gate stays closed, with a limit of this many calls per minute.
    pub(super) fn after(&self, now: Instant, wait: Duration, per_minute: f64) -> Duration {
        let passed = self.since.map_or(WINDOW, |since| now.saturating_duration_since(since));
        let weight = 1.0 - (passed.as_secs_f64() / WINDOW.as_secs_f64()).min(1.0);
        let current = if passed < WINDOW * 2 { f64::from(self.sent) } else { 0.0 };
        let own = current + f64::from(self.sent_before) * weight;
        let others = (1.0 - own / per_minute.max(1.0)).clamp(0.0, 1.0);
        let long = wait.min(LONGEST);
        long.mul_f64(long.as_secs_f64() / LONGEST.as_secs_f64() * others * self.part)
    }

    /// Returns how much of `left` remains of the spread if it must be shorter by `excess`; `None` if it cannot be.
    pub(super) fn shortened(&self, left: Duration, excess: Duration) -> Option<Duration> {
        let affordable = left.checked_sub(excess).filter(|_| !excess.is_zero())?;
        Some(affordable.mul_f64(self.part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = LONGEST;

    fn after(spread: &Spread, now: Instant) -> f64 {
        spread.after(now, WAIT, 100.0).as_secs_f64()
    }

    #[test]
    fn client_that_used_the_limit_alone_returns_at_once() {
        let (mut spread, now) = (Spread::default(), Instant::now());
        spread.draw(1.0);
        assert!((after(&spread, now) - 30.0).abs() < 1e-6, "others used the limit");
        (0..50).for_each(|_| spread.count(now));
        assert!((after(&spread, now) - 15.0).abs() < 1e-6);
        (0..50).for_each(|_| spread.count(now));
        assert!(after(&spread, now) < 1e-6);
        spread.put_back();
        assert!((after(&spread, now) - 0.3).abs() < 1e-6);
    }

    #[test]
    fn calls_of_the_last_minute_count() {
        let (mut spread, now) = (Spread::default(), Instant::now());
        spread.draw(1.0);
        (0..80).for_each(|_| spread.count(now));
        assert!((after(&spread, now + WINDOW) - 6.0).abs() < 1e-6);
        spread.count(now + WINDOW);
        assert!(after(&spread, now + WINDOW) < 6.0);
        assert!((after(&spread, now + WINDOW * 3 / 2) - 17.7).abs() < 1e-6, "half of the 80, and one");
        assert!((after(&spread, now + WINDOW * 9) - 30.0).abs() < 1e-6);
    }

    #[test]
    fn short_waits_have_a_short_spread() {
        let (mut spread, now) = (Spread::default(), Instant::now());
        spread.draw(1.0);
        for (wait, longest) in [(1, 34), (3, 301), (15, 7_501), (30, 30_000), (3_600, 30_000)] {
            let after = spread.after(now, Duration::from_secs(wait), 100.0);
            assert!(after > Duration::ZERO && after <= Duration::from_millis(longest), "{wait}: {after:?}");
        }
    }

    #[test]
    fn extreme_waits_and_limits_are_bounded() {
        let (mut spread, now) = (Spread::default(), Instant::now());
        spread.draw(1.0);
        for wait in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            for limit in [0.0, 1.0, 1e300] {
                assert!(spread.after(now, wait, limit) <= wait.min(LONGEST));
            }
            spread.name(now, wait);
        }
        assert_eq!(spread.shortened(WAIT, WAIT * 2), None);
        assert_eq!(spread.shortened(WAIT, Duration::ZERO), None, "nothing is too long");
        assert_eq!(spread.shortened(WAIT, WAIT), Some(Duration::ZERO));
    }
}
