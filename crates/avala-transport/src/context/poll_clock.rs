//! One reading of the clock for all layers of one poll.
//!
//! A call in a stack without user layers is polled by one task, through all layers and to the pool. Each of them needs
//! the time, and on a virtual machine reading it costs more than their work with it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// No poll is running, or not all of it is in this task: each reading is separate.
const OFF: u64 = u64::MAX;
/// A poll is running, and no layer has needed the time yet.
const UNREAD: u64 = u64::MAX - 1;

/// The time of the running poll, in nanoseconds since the start of the call.
#[derive(Debug)]
pub(super) struct PollClock(AtomicU64);

impl Default for PollClock {
    fn default() -> Self {
        Self(AtomicU64::new(OFF))
    }
}

impl PollClock {
    /// Returns the time of the first reading in this poll.
    pub(super) fn now(&self, started: Instant) -> Instant {
        match self.0.load(Ordering::Relaxed) {
            OFF => Instant::now(),
            UNREAD => {
                let now = Instant::now();
                let nanos = u64::try_from(now.saturating_duration_since(started).as_nanos()).unwrap_or(OFF);
                self.0.store(nanos, Ordering::Relaxed);
                now
            }
            nanos => started + Duration::from_nanos(nanos),
        }
    }

    /// Begins a poll. All layers must run in it, and in no other task.
    pub(super) fn begin(&self) {
        self.0.store(UNREAD, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.0.store(OFF, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn clock_is_read_once_in_a_poll() {
        let (clock, started) = (PollClock::default(), Instant::now());
        let step = Duration::from_millis(7);
        let advanced = async |polls: bool| {
            if polls {
                clock.begin();
            }
            let first = clock.now(started);
            tokio::time::advance(step).await;
            let second = clock.now(started);
            clock.end();
            (first - started, second - first)
        };
        assert_eq!(advanced(false).await, (Duration::ZERO, step));
        assert_eq!(advanced(true).await, (step, Duration::ZERO));
        assert_eq!(advanced(true).await, (step * 2, Duration::ZERO));
        assert_eq!(advanced(false).await, (step * 3, step));
    }
}
