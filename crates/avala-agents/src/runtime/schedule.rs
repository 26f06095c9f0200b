//! Schedules polls: growing pauses while nothing happens, backoff after failures, and hints.

use std::time::Duration;

use tokio::time::Instant;

use crate::backoff;

/// Minimum time between two polls, even with hints.
const SHORTEST: Duration = Duration::from_secs(1);

/// Maximum time between two polls of a long list.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Interval of lists of executions in the status running, if none were found, because each list costs a call.
const RUNNING: Duration = Duration::from_secs(600);
/// The same interval while the list of pending executions lacks unfinished executions.
const RUNNING_IF_MISSED: Duration = Duration::from_secs(60);

/// Schedule of the polls of a run.
#[derive(Debug)]
pub(super) struct Schedule {
    interval: Duration,
    longest: Duration,
    next: Instant,
    /// Earliest next poll after a hint: the server requested a pause, or was just polled.
    earliest: Instant,
    /// Earliest next poll after an external hint, of which there may be many: a walk through a long list is not
    /// repeated for each.
    earliest_hint: Instant,
    /// While there is enough work, the next poll may wait until then.
    latest: Instant,
    /// When executions in the status running are listed next.
    next_running: Instant,
    failed: u32,
    idle: u32,
}

impl Schedule {
    /// Creates a schedule whose first poll is due immediately.
    pub(super) fn new(interval: Duration, longest: Duration, now: Instant) -> Self {
        let longest = longest.max(interval);
        Self {
            interval,
            longest,
            next: now,
            earliest: now,
            earliest_hint: now,
            latest: now,
            next_running: now,
            failed: 0,
            idle: 0,
        }
    }

    /// Returns when the next poll is due. `is_busy`: there is enough to do without it.
    pub(super) fn due(&self, is_busy: bool) -> Instant {
        if is_busy { self.next.max(self.latest) } else { self.next }
    }

    /// Records a successful poll of `pages` pages. The pause doubles for each poll that found nothing to do. It grows
    /// with the number of pages, so that a long list of executions that cannot start does not use up the rate limit.
    pub(super) fn succeeded(&mut self, found_work: bool, pages: usize, now: Instant) {
        self.failed = 0;
        self.idle = if found_work { 0 } else { self.idle.saturating_add(1) };
        let factor = 1_u32.checked_shl(self.idle.saturating_sub(1)).unwrap_or(u32::MAX);
        let pause = self.interval.saturating_mul(factor).min(self.longest);
        let pages = u32::try_from(pages).unwrap_or(u32::MAX).max(1);
        let for_pages = |of_one: Duration| of_one.saturating_mul(pages).min(LONGEST);
        let shortest = self.interval.min(SHORTEST);
        self.next = now + pause.max(for_pages(self.interval / 4));
        self.earliest = now + shortest;
        self.earliest_hint = now + for_pages(shortest);
        self.latest = now + self.longest.max(for_pages(self.interval));
    }

    /// Records a failed poll. Returns the pause.
    pub(super) fn failed(&mut self, retry_after: Option<Duration>, now: Instant) -> Duration {
        self.failed = self.failed.saturating_add(1);
        let pause = backoff::delay(self.failed, self.interval, self.longest);
        let pause = retry_after.map_or(pause, |asked| pause.max(backoff::later(asked)));
        self.next = now + pause;
        self.earliest = self.next;
        self.earliest_hint = self.next;
        self.latest = self.next;
        pause
    }

    /// Returns how many polls failed since the last success.
    pub(super) fn failures(&self) -> u32 {
        self.failed
    }

    /// Returns whether a poll lists executions in the status running too. The first one does.
    pub(super) fn lists_running(&self, now: Instant) -> bool {
        now >= self.next_running
    }

    /// Records that running executions were listed.
    pub(super) fn listed_running(&mut self, found: bool, now: Instant) {
        // If the server uses the status, it may use it for every execution.
        self.next_running = if found { now } else { now + RUNNING };
    }

    /// Records that the list of pending executions lacks known unfinished executions.
    pub(super) fn missed(&mut self, now: Instant) {
        self.next_running = self.next_running.min(now + RUNNING_IF_MISSED);
    }

    /// Polls as soon as allowed, after an external hint.
    pub(super) fn hint(&mut self, now: Instant) {
        self.next = self.next.min(now.max(self.earliest_hint));
        self.latest = self.next;
    }

    /// Polls as soon as allowed, because there is room for executions that were left out.
    pub(super) fn refill(&mut self, now: Instant) {
        self.next = self.next.min(now.max(self.earliest));
        self.latest = self.next;
    }

    /// Postpones the next poll, because the agent is quiet.
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
            schedule.succeeded(false, 1, now);
            assert_eq!(schedule.due(false), now + expected * SECOND);
        }
        schedule.succeeded(true, 1, now);
        assert_eq!(schedule.due(false), now + 5 * SECOND);
        assert_eq!(schedule.due(true), now + 60 * SECOND, "with enough to do, a poll is not urgent");
    }

    #[test]
    fn hints_poll_soon_but_not_in_bursts_nor_during_a_backoff() {
        let now = Instant::now();
        let mut schedule = Schedule::new(5 * SECOND, 60 * SECOND, now);
        schedule.succeeded(false, 1, now);
        schedule.hint(now);
        assert_eq!(schedule.due(false), now + SECOND);
        assert_eq!(schedule.due(true), now + SECOND);
        let pause = schedule.failed(Some(30 * SECOND), now);
        assert!((30 * SECOND..=33 * SECOND).contains(&pause), "{pause:?}");
        schedule.hint(now);
        schedule.refill(now);
        assert_eq!(schedule.due(false), now + pause);
        schedule.hint(now + 40 * SECOND);
        assert_eq!(schedule.due(false), now + pause, "a due poll is not moved");
    }

    #[test]
    fn long_lists_are_polled_less_often() {
        let now = Instant::now();
        let mut schedule = Schedule::new(5 * SECOND, 60 * SECOND, now);
        schedule.succeeded(true, 100, now);
        assert_eq!((schedule.due(false), schedule.due(true)), (now + 125 * SECOND, now + 500 * SECOND));
        schedule.hint(now);
        assert_eq!(schedule.due(false), now + 100 * SECOND, "a burst of hints does not start a burst of walks");
        schedule.refill(now);
        assert_eq!(schedule.due(false), now + SECOND, "there is work, and nothing else to do");
        schedule.succeeded(false, usize::MAX, now);
        assert_eq!(schedule.due(true), now + LONGEST);
    }
}
