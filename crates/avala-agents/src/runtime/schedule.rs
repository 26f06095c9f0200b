//! When to poll: growing pauses while nothing happens, backoff after failures, and hints.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff;

/// The shortest time between two polls, however many hints arrive.
const SHORTEST: Duration = Duration::from_secs(1);

/// Executions in the status running are listed this often where none were found: each list costs a call.
const RUNNING: Duration = Duration::from_secs(600);
/// The same while the list of pending executions lacks some that are not done.
const RUNNING_IF_MISSED: Duration = Duration::from_secs(60);

/// The times of the polls of one run.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    longest: Duration,
    next: Instant,
    /// A hint does not move the next poll before this moment: the server asked for a pause, or was just polled.
    earliest: Instant,
    /// With enough work at hand, the next poll may wait until then.
    latest: Instant,
    /// When executions in the status running are listed next.
    next_running: Instant,
    failed: u32,
    idle: u32,
}

impl Schedule {
    /// Creates a schedule whose first poll is due at once.
    pub(super) fn new(interval: Duration, longest: Duration, now: Instant) -> Self {
        let longest = longest.max(interval);
        Self { interval, longest, next: now, earliest: now, latest: now, next_running: now, failed: 0, idle: 0 }
    }

    /// Returns when the next poll is due. `is_busy`: there is enough to do without it.
    pub(super) fn due(&self, is_busy: bool) -> Instant {
        if is_busy { self.next.max(self.latest) } else { self.next }
    }

    /// Records a successful poll: the pause doubles for each poll that found nothing to do.
    pub(super) fn succeeded(&mut self, found_work: bool, now: Instant) {
        self.failed = 0;
        self.idle = if found_work { 0 } else { self.idle.saturating_add(1) };
        let factor = 1_u32.checked_shl(self.idle.saturating_sub(1)).unwrap_or(u32::MAX);
        self.next = now + self.interval.saturating_mul(factor).min(self.longest);
        self.earliest = now + self.interval.min(SHORTEST);
        self.latest = now + self.longest;
    }

    /// Records a failed poll. Returns the pause.
    pub(super) fn failed(&mut self, retry_after: Option<Duration>, now: Instant) -> Duration {
        self.failed = self.failed.saturating_add(1);
        let pause = backoff::delay(self.failed, self.interval, self.longest);
        let pause = retry_after.map_or(pause, |asked| pause.max(asked));
        self.next = now + pause;
        self.earliest = self.next;
        self.latest = self.next;
        pause
    }

    /// Returns whether a poll lists executions in the status running too. The first one does.
    pub(super) fn lists_running(&self, now: Instant) -> bool {
        now >= self.next_running
    }

    /// Records that running executions were listed.
    pub(super) fn listed_running(&mut self, found: bool, now: Instant) {
        // A server that uses the status may use it for each execution.
        self.next_running = if found { now } else { now + RUNNING };
    }

    /// Records that the list of pending executions lacks some that this process knows and that are not done.
    pub(super) fn missed(&mut self, now: Instant) {
        self.next_running = self.next_running.min(now + RUNNING_IF_MISSED);
    }

    /// Polls as soon as allowed: there may be work.
    pub(super) fn hint(&mut self, now: Instant) {
        self.next = self.next.min(now.max(self.earliest));
        self.latest = self.next;
    }

    /// Polls later, because no new work is wanted.
    pub(super) fn postpone(&mut self, now: Instant) {
        self.next = now + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn idle_polls_slow_down_and_work_resets_the_pause() {
        let now = Instant::now();
        let mut schedule = Schedule::new(5 * SECOND, 60 * SECOND, now);
        for expected in [5, 10, 20, 40, 60, 60] {
            schedule.succeeded(false, now);
            assert_eq!(schedule.due(false), now + expected * SECOND);
        }
        schedule.succeeded(true, now);
        assert_eq!(schedule.due(false), now + 5 * SECOND);
        assert_eq!(schedule.due(true), now + 60 * SECOND, "with enough to do, a poll is not urgent");
    }

    #[test]
    fn hints_poll_soon_but_not_in_bursts_nor_during_a_backoff() {
        let now = Instant::now();
        let mut schedule = Schedule::new(5 * SECOND, 60 * SECOND, now);
        schedule.succeeded(false, now);
        schedule.hint(now);
        assert_eq!(schedule.due(false), now + SECOND);
        assert_eq!(schedule.due(true), now + SECOND);
        schedule.failed(Some(30 * SECOND), now);
        schedule.hint(now);
        assert_eq!(schedule.due(false), now + 30 * SECOND);
        schedule.hint(now + 40 * SECOND);
        assert_eq!(schedule.due(false), now + 30 * SECOND, "a due poll is not moved");
    }
}
