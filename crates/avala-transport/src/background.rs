//! Background mode: a call that yields to all others until somebody awaits its response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A switch that keeps a call in the background; an option of the call.
///
/// A prefetch is useful only if it delays no other call. While its switch is on, a call is sent only if a token of the
/// rate limiter and a permit are free at once, and another token and another permit stay free for other calls.
/// Otherwise it holds nothing, has no queue position and runs no timer: it is pending until its owner polls it again.
/// Its attempts are not used to estimate how long attempts take, because nobody may have polled them in time.
///
/// The clones of a switch share one state. [`end`](Self::end) wakes nobody: poll the call's future afterwards, which
/// then queues like any other call.
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
pub struct Background(Arc<AtomicBool>);

impl Background {
    /// Creates a switch that is on.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// Returns whether the call is still in the background.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Turns the call into an ordinary one, for good.
    pub fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Default for Background {
    fn default() -> Self {
        Self::new()
    }
}

/// Two switches are equal if they are clones of each other.
impl PartialEq for Background {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Background {}
