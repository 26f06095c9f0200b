//! Clock of the server, for responses without `Date`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use super::WINDOW;

/// Tells the server's time by a local clock that may be off, and learns from each response how far.
#[derive(Debug, Default)]
pub(crate) struct FleetClock {
    /// The local time is counted from here, so that a clock which is set changes nothing.
    origin: Option<(Instant, SystemTime)>,
    server: ServerClock,
}

impl FleetClock {
    /// Returns when the server sent a response that arrives now and names this reset.
    pub(crate) fn sent_at(&mut self, reset: SystemTime) -> SystemTime {
        let (instant, time) = *self.origin.get_or_insert_with(|| (Instant::now(), SystemTime::now()));
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
        let local = seconds(time) + instant.elapsed().as_secs_f64();
        let server = local + self.server.observe(local, seconds(reset));
        // As if it were a `Date`, which has whole seconds.
        UNIX_EPOCH + Duration::try_from_secs_f64(server - 0.5).unwrap_or_default()
    }
}

/// Bounds this close, in seconds, tell more than the local clock.
const NARROW: f64 = 4.0;

/// Bounds of how far the server's clock is ahead of the local one, in seconds.
///
/// The reset in a response is the end of the server's window, so the server's clock is then before it, by a window at
/// most. Each response narrows the bounds; those near the beginning and the end of a window do most.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct ServerClock {
    ahead: Option<(f64, f64)>,
}

impl ServerClock {
    /// Returns how far the server's clock is ahead, from a response that arrives at `local` and names this reset, in
    /// seconds since 1970. It is the least correction that agrees with the responses so far, or their middle once they
    /// leave little room.
    pub(crate) fn observe(&mut self, local: f64, reset: f64) -> f64 {
        let (least, most) = (reset - WINDOW - local, reset - local);
        let (from, to) = match self.ahead {
            Some((from, to)) if from.max(least) <= to.min(most) => (from.max(least), to.min(most)),
            // One of the clocks was set.
            _ => (least, most),
        };
        self.ahead = Some((from, to));
        if to - from < NARROW {
            return (from + to) / 2.0;
        }
        // Not `clamp`, which panics if a number is none.
        0.0_f64.max(from).min(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the error for a clock that is `ahead`, after responses at these seconds of the server.
    fn error(ahead: f64, seconds: impl IntoIterator<Item = f64>) -> f64 {
        let mut clock = ServerClock::default();
        let estimates = seconds.into_iter().map(|server| {
            let reset = ((server / WINDOW).floor() + 1.0) * WINDOW;
            (clock.observe(server - ahead, reset) - ahead).abs()
        });
        estimates.last().unwrap()
    }

    #[test]
    fn clock_that_is_off_is_found_within_some_windows() {
        let calls = |gap: f64, count: u32| (0..count).map(move |call| 1_764_000_000.0 + f64::from(call) * gap);
        for ahead in [-30.0, -2.0, -0.5, 0.0, 0.5, 2.0, 3_600.0] {
            assert!(error(ahead, calls(1.1, 120)) <= 1.1, "{ahead}");
            assert!(error(ahead, calls(7.3, 600)) <= 0.2, "{ahead}");
        }
    }

    #[test]
    fn clock_that_was_set_is_found_again() {
        let mut clock = ServerClock::default();
        for server in 0..300 {
            let local = f64::from(server) + if server < 150 { 0.0 } else { 7.0 };
            let ahead = clock.observe(local, ((f64::from(server) / WINDOW).floor() + 1.0) * WINDOW);
            assert!(server < 240 || (ahead + 7.0).abs() <= 1.0, "{server}: {ahead}");
        }
    }
}
