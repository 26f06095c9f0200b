//! Chooses the number of executions on a page: many small ones, or few large ones.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Target size of a page in bytes.
const PAGE_BYTES: usize = 256 << 10;
/// How long sizes are reduced after a page that failed repeatedly, and the minimum size.
const NARROW: Duration = Duration::from_secs(3_600);
const NARROWEST: u32 = 11;
/// Default and maximum page size of the server.
const DEFAULT: u32 = 100;
const MOST: u32 = 1_000;

/// Size of the pages of a list, learned from the executions that were listed.
#[derive(Debug, Default)]
pub(crate) struct PageSize(Mutex<State>);

#[derive(Debug)]
struct State {
    /// How many executions of the latest size fit on a page.
    fitting: u32,
    /// How many executions fitted into the limit on response bodies.
    ceiling: u32,
    is_long: bool,
    /// Maximum size to request, and until when.
    narrow: Option<(u32, Instant)>,
    /// The server does not accept the parameter.
    is_rejected: bool,
}

impl Default for State {
    fn default() -> Self {
        Self { fitting: DEFAULT, ceiling: MOST, is_long: false, narrow: None, is_rejected: false }
    }
}

impl PageSize {
    /// Returns the page size for a walk through the pending executions; `None` for the server's default.
    pub(crate) fn of_pending(&self) -> Option<u32> {
        let state = self.state();
        let wanted = if state.is_long { state.fitting.max(DEFAULT) } else { DEFAULT };
        state.ask(wanted)
    }

    /// Returns the page size for a walk through all executions.
    pub(crate) fn of_all(&self) -> Option<u32> {
        let state = self.state();
        state.ask(state.fitting.max(DEFAULT))
    }

    /// Returns the page size within a walk, if it is smaller than the server's default.
    pub(crate) fn reduced(&self) -> Option<u32> {
        let state = self.state();
        state.ask(DEFAULT)
    }

    /// Updates the sizes after a complete walk.
    pub(crate) fn learn(&self, executions: usize, bytes: usize) {
        let mut state = self.state();
        let average = bytes.checked_div(executions).unwrap_or(0).max(1);
        state.fitting = u32::try_from(PAGE_BYTES / average).unwrap_or(MOST).clamp(1, MOST);
        state.is_long = executions > 2 * DEFAULT as usize;
        if state.fitting >= DEFAULT {
            state.ceiling = MOST;
        }
    }

    /// Reduces the size after a response that was too large. Returns `false` if it cannot be reduced.
    pub(crate) fn reduce(&self, asked: Option<u32>) -> bool {
        let mut state = self.state();
        let asked = asked.unwrap_or(DEFAULT);
        state.ceiling = state.ceiling.min(asked / 4).max(1);
        asked > 1 && !state.is_rejected
    }

    /// Reduces the page size temporarily, because a page fails repeatedly: to a third each time, so that pages do not
    /// begin at the same positions as before.
    pub(crate) fn narrow(&self) {
        let mut state = self.state();
        let now = Instant::now();
        let most = state.narrow.filter(|(_, until)| now < *until).map_or(DEFAULT, |(most, _)| most);
        state.narrow = Some(((most / 3).max(NARROWEST), now + NARROW));
    }

    /// Records that the server rejected a request with a size. Returns `false` if the request had no size.
    pub(crate) fn reject(&self, asked: Option<u32>) -> bool {
        self.state().is_rejected |= asked.is_some();
        asked.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each value is written in one step, so it is valid after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ask(&self, wanted: u32) -> Option<u32> {
        let narrow = self.narrow.filter(|(_, until)| Instant::now() < *until).map_or(MOST, |(most, _)| most);
        Some(wanted.min(self.ceiling).min(narrow)).filter(|size| *size != DEFAULT && !self.is_rejected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_of_small_executions_have_large_pages() {
        let size = PageSize::default();
        assert_eq!((size.of_pending(), size.of_all()), (None, None));
        size.learn(5_000, 5_000 * 700);
        assert_eq!((size.of_pending(), size.of_all(), size.reduced()), (Some(374), Some(374), None));
        size.learn(5_000, 5_000 * 200);
        assert_eq!(size.of_pending(), Some(1_000));
        size.learn(5_000, 5_000 * 4_096);
        assert_eq!(size.of_pending(), None);
        size.learn(3, 3 * 700);
        assert_eq!((size.of_pending(), size.of_all()), (None, Some(374)));
        assert!(size.reject(Some(1_000)) && !size.reject(None));
        assert_eq!(size.of_all(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_are_narrow_for_a_while_after_one_failed() {
        let size = PageSize::default();
        for expected in [33, 11, 11] {
            size.narrow();
            size.learn(5_000, 5_000 * 200);
            assert_eq!([size.of_pending(), size.of_all(), size.reduced()], [Some(expected); 3]);
        }
        tokio::time::sleep(NARROW).await;
        assert_eq!((size.of_pending(), size.reduced()), (Some(1_000), None));
    }

    #[test]
    fn pages_that_are_too_large_become_smaller() {
        let size = PageSize::default();
        for expected in [25, 6, 1] {
            assert!(size.reduce(size.of_pending()));
            assert_eq!((size.of_pending(), size.reduced()), (Some(expected), Some(expected)));
        }
        assert!(!size.reduce(Some(1)), "one execution alone is too large");
        size.learn(50, 50 << 20);
        assert_eq!(size.of_pending(), Some(1));
        size.learn(50, 50 << 10);
        assert_eq!(size.of_pending(), None);
    }
}
