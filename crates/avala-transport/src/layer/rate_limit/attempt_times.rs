//! Durations of recent attempts, to decide whether a queued call still has enough time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::context::concurrency_group::ConcurrencyGroup;

/// Minimum time that an attempt is assumed to need, also before any was measured.
pub(super) const MINIMUM: Duration = Duration::from_millis(50);
/// The weight of an attempt halves in this time.
const HALF_LIFE: Duration = Duration::from_secs(30);
/// The slowest of this many attempts is ignored.
const LEFT_OUT: u32 = 200;

const STEPS_PER_OCTAVE: u32 = 4;
/// The first bucket ends at about a millisecond (2^10 microseconds).
const FIRST_OCTAVE: u32 = 10;
/// The last bucket ends at 67 seconds and also holds slower attempts.
const BUCKETS: usize = 64;

/// Durations of each concurrency group: exports take longer than other calls.
#[derive(Debug, Default)]
pub(super) struct TimesByGroup {
    default: Arc<AttemptTimes>,
    /// Names are static, so there are few.
    named: Mutex<HashMap<ConcurrencyGroup, Arc<AttemptTimes>>>,
}

impl TimesByGroup {
    pub(super) fn of(&self, group: ConcurrencyGroup) -> Arc<AttemptTimes> {
        if group == ConcurrencyGroup::DEFAULT {
            return Arc::clone(&self.default);
        }
        // Each entry is added in one step, so the map is valid after a panic.
        let mut named = self.named.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(named.entry(group).or_default())
    }
}

/// Decaying histogram of durations. Adding to it takes no lock.
#[derive(Debug)]
pub(super) struct AttemptTimes {
    counts: [AtomicU32; BUCKETS],
    first: OnceLock<Instant>,
    decayed_at: Mutex<Option<Instant>>,
}

impl Default for AttemptTimes {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU32::new(0)),
            first: OnceLock::new(),
            decayed_at: Mutex::new(None),
        }
    }
}

impl AttemptTimes {
    pub(super) fn add(&self, time: Duration, now: Instant) {
        self.first.get_or_init(|| now);
        if let Some(count) = self.counts.get(bucket(time)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns the time within which 199 of 200 recent attempts ended, rounded up by at most a quarter. With fewer
    /// attempts, the time of the slowest. At least [`MINIMUM`].
    pub(super) fn estimate(&self, now: Instant) -> Duration {
        self.decay(now);
        let counts: [u32; BUCKETS] = std::array::from_fn(|index| self.counts[index].load(Ordering::Relaxed));
        let total = counts.iter().fold(0_u32, |total, count| total.saturating_add(*count));
        let mut slower = total / LEFT_OUT;
        for (index, count) in counts.iter().enumerate().rev() {
            if *count > slower {
                return upper_end(index).max(MINIMUM);
            }
            slower -= count;
        }
        MINIMUM
    }

    fn decay(&self, now: Instant) {
        // One instant, written in one step.
        let mut decayed_at = self.decayed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let then = decayed_at.or(self.first.get().copied()).unwrap_or(now);
        let halvings = now.saturating_duration_since(then).as_secs() / HALF_LIFE.as_secs();
        if halvings == 0 {
            return;
        }
        *decayed_at = Some(now);
        for count in &self.counts {
            // Attempts that end at the same time may be lost, which an estimate tolerates.
            let halved = count.load(Ordering::Relaxed).checked_shr(u32::try_from(halvings).unwrap_or(u32::MAX));
            count.store(halved.unwrap_or(0), Ordering::Relaxed);
        }
    }
}

fn bucket(time: Duration) -> usize {
    let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
    let octave = micros.ilog2();
    if octave < FIRST_OCTAVE {
        return 0;
    }
    let step = (micros >> (octave - 2)) & 3;
    (((octave - FIRST_OCTAVE) * STEPS_PER_OCTAVE) as usize + step as usize).min(BUCKETS - 1)
}

fn upper_end(index: usize) -> Duration {
    let (octave, step) = (index / STEPS_PER_OCTAVE as usize, index % STEPS_PER_OCTAVE as usize);
    Duration::from_micros((5 + step as u64) << (octave + FIRST_OCTAVE as usize - 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn estimate_without_data_is_the_minimum() {
        let times = AttemptTimes::default();
        assert_eq!(times.estimate(Instant::now()), MINIMUM);
        times.add(Duration::ZERO, Instant::now());
        assert_eq!(times.estimate(Instant::now()), MINIMUM);
    }

    #[test]
    fn estimate_is_a_quarter_above_the_slowest_at_most() {
        for time in [51, 70, 100, 333, 1_000, 5_000, 60_000].map(millis) {
            let times = AttemptTimes::default();
            let now = Instant::now();
            times.add(millis(1), now);
            times.add(time, now);
            let estimate = times.estimate(now);
            assert!(estimate > time && estimate <= time.mul_f64(1.25), "{time:?}: {estimate:?}");
        }
    }

    #[test]
    fn one_slow_attempt_in_two_hundred_is_left_out() {
        let (times, now) = (AttemptTimes::default(), Instant::now());
        (0..398).for_each(|_| times.add(millis(60), now));
        (0..2).for_each(|_| times.add(millis(1_000), now));
        assert!(times.estimate(now) < millis(75));
        times.add(millis(1_000), now);
        assert!(times.estimate(now) > millis(1_000));
    }

    #[test]
    fn slow_attempts_are_forgotten_with_time() {
        let (times, now) = (AttemptTimes::default(), Instant::now());
        (0..4).for_each(|_| times.add(millis(1_000), now));
        assert!(times.estimate(now) > millis(1_000));
        assert!(times.estimate(now + HALF_LIFE * 2) > millis(1_000));
        assert_eq!(times.estimate(now + HALF_LIFE * 3), MINIMUM);
        assert_eq!(times.estimate(now + Duration::from_secs(1 << 40)), MINIMUM);
    }

    #[test]
    fn extreme_times_fit() {
        let times = AttemptTimes::default();
        for time in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
            times.add(time, Instant::now());
        }
        assert!(times.estimate(Instant::now()) > Duration::from_secs(60));
    }
}
