//! Background mode: all other calls go first until the response of the call is awaited.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// Switch that keeps a call in the background; an option of the call.
///
/// A prefetch should delay no other call. While its switch is on, a call is sent only if the rate limiter has at least
/// two free tokens, and if at least half of the permits stay free for other calls. Otherwise it holds nothing, has no
/// queue position and runs no timer: it is pending until its owner polls it again. Its attempts are not used to
/// estimate how long attempts take, because their responses may have been polled late.
///
/// Call [`pause`](Self::pause) before you stop polling a call. The time until [`resume`](Self::resume) counts neither
/// against the call timeout nor against the attempt timeout.
///
/// Clones of a switch share one state. [`end`](Self::end) wakes the call; poll its future afterwards, which then queues
/// like any other call.
///
/// ```
/// use avala_transport::{Background, CallOptions};
///
/// let background = Background::new();
/// let mut options = CallOptions::default();
/// options.background = Some(background.clone());
/// assert!(background.is_on());
/// background.end();
/// assert!(!options.background.is_some_and(|background| background.is_on()));
/// ```
#[derive(Debug, Clone)]
pub struct Background(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_on: AtomicBool,
    pauses: Mutex<Pauses>,
}

#[derive(Debug, Default)]
struct Pauses {
    /// Start of the current pause.
    since: Option<Instant>,
    /// Total length of the earlier pauses.
    total: Duration,
    /// Waker of the call, which may be polled by another task than the one that ends the background mode.
    waker: Option<Waker>,
}

impl Background {
    /// Creates a switch that is on.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Shared { is_on: AtomicBool::new(true), pauses: Mutex::default() }))
    }

    /// Returns whether the call is still in the background.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_on.load(Ordering::Relaxed)
    }

    /// Turns the call into an ordinary one. This cannot be undone.
    pub fn end(&self) {
        let mut pauses = self.pauses();
        self.0.is_on.store(false, Ordering::Relaxed);
        let waker = pauses.waker.take();
        // A waker may poll the call.
        drop(pauses);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Stops the timeouts of the call until [`resume`](Self::resume).
    pub fn pause(&self) {
        self.pauses().since.get_or_insert_with(Instant::now);
    }

    /// Restarts the timeouts of the call.
    pub fn resume(&self) {
        let mut pauses = self.pauses();
        if let Some(since) = pauses.since.take() {
            pauses.total += since.elapsed();
        }
    }

    /// Returns how long the call was paused.
    pub(crate) fn paused(&self) -> Duration {
        let pauses = self.pauses();
        pauses.total + pauses.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Registers the waker that [`end`](Self::end) wakes. Keeps none after the end: a waker may hold this switch, and both
    /// would then stay in memory.
    pub(crate) fn register(&self, waker: &Waker) {
        let waker = self.is_on().then(|| waker.clone());
        let mut pauses = self.pauses();
        let former = std::mem::replace(&mut pauses.waker, waker.filter(|_| self.is_on()));
        // Dropping a waker runs foreign code.
        drop(pauses);
        drop(former);
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        // Each field is written in one step, so the state is valid after a panic.
        self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Background {
    fn default() -> Self {
        Self::new()
    }
}

/// Compares identity: switches are equal if they are clones of each other.
impl PartialEq for Background {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Background {}

#[cfg(test)]
mod tests {
    use std::task::Wake;

    use super::*;

    struct Owner;

    impl Wake for Owner {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn no_waker_is_kept_after_the_end() {
        let (owner, background) = (Arc::new(Owner), Background::new());
        background.register(&Waker::from(Arc::clone(&owner)));
        assert_eq!(Arc::strong_count(&owner), 2);
        background.end();
        assert_eq!(Arc::strong_count(&owner), 1);
        background.register(&Waker::from(Arc::clone(&owner)));
        assert_eq!(Arc::strong_count(&owner), 1);
    }
}
