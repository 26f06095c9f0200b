//! Lets the call timeout work without its own timer while an attempt has one that elapses earlier.

use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::CallState;

impl CallState {
    /// Sets whether the task of the call has a timer, and when it elapses.
    pub(crate) fn set_attempt_timer(&self, ends: Option<Instant>) {
        let is_earlier = ends.is_some_and(|ends| self.shared.deadline.is_some_and(|deadline| ends <= deadline));
        self.shared.has_earlier_timer.store(is_earlier, Ordering::Relaxed);
    }

    /// Returns whether a timer wakes the task of the call at its deadline or earlier.
    pub(crate) fn has_earlier_timer(&self) -> bool {
        // A pause of the call moves its timers and its deadline one after the other.
        self.shared.background.get().is_none() && self.shared.has_earlier_timer.load(Ordering::Relaxed)
    }
}
