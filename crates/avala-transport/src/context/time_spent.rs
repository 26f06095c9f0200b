//! How the time of a call is spent.

use std::fmt;
use std::time::Duration;

use tokio::time::Instant;

/// How the time of a call was spent.
///
/// The rest of the elapsed time was spent reading a streamed body, or in layers around the whole call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeSpent {
    /// Queued in this client: for the rate limiter or for a permit.
    pub waiting: Duration,
    /// Backing off between two attempts.
    pub backoff: Duration,
    /// In attempts: connecting, sending, and reading the response. Without a retry layer, all time that was not queued.
    pub attempts: Duration,
}

/// Formats all three: `2 s queued, 0.3 s backing off, 57.7 s in attempts`.
impl fmt::Display for TimeSpent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiting, backoff, attempts } = self;
        let (waiting, backoff, attempts) = (Seconds(*waiting), Seconds(*backoff), Seconds(*attempts));
        write!(f, "{waiting} queued, {backoff} backing off, {attempts} in attempts")
    }
}

/// Formats a duration for a message: `0.004 s`, `2.5 s`, `60 s`.
pub(crate) struct Seconds(pub(crate) Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        if self.0.subsec_millis() == 0 && self.0.as_secs() > 0 {
            write!(f, "{seconds:.0} s")
        } else if seconds < 0.1 && seconds > 0.0 {
            write!(f, "{seconds:.3} s")
        } else {
            write!(f, "{seconds:.1} s")
        }
    }
}

/// Phase of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// An attempt may be in flight. Also the initial phase.
    Attempt,
    /// Queued: the attempt has not started yet.
    Waiting,
    /// Between two attempts.
    Backoff,
    /// After the last attempt; not counted.
    Ended,
}

/// Measures the time of each phase.
#[derive(Debug)]
pub(crate) struct Clock {
    phase: Phase,
    since: Instant,
    before: TimeSpent,
}

impl Clock {
    pub(crate) fn start(now: Instant) -> Self {
        Self { phase: Phase::Attempt, since: now, before: TimeSpent::default() }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) fn enter(&mut self, phase: Phase, now: Instant) {
        self.before = self.spent(now);
        self.phase = phase;
        self.since = now;
    }

    /// Returns the time spent until `now`, including the running phase.
    pub(crate) fn spent(&self, now: Instant) -> TimeSpent {
        let mut spent = self.before;
        let passed = now.saturating_duration_since(self.since);
        match self.phase {
            Phase::Attempt => spent.attempts += passed,
            Phase::Waiting => spent.waiting += passed,
            Phase::Backoff => spent.backoff += passed,
            Phase::Ended => {}
        }
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_counts_on_its_own() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut clock = Clock::start(start);
        clock.enter(Phase::Waiting, at(1));
        clock.enter(Phase::Attempt, at(3));
        clock.enter(Phase::Ended, at(7));
        clock.enter(Phase::Backoff, at(100));
        assert_eq!(clock.spent(at(108)).to_string(), "2 s queued, 8 s backing off, 5 s in attempts");
        assert_eq!(clock.spent(at(99)).backoff, Duration::ZERO, "a clock that goes back has no effect");
    }
}
