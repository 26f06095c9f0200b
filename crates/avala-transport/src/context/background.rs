//! Background mode: a call that yields to all others until somebody awaits its response.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// A switch that keeps a call in the background; an option of the call.
///
/// A prefetch is useful only if it delays no other call. While its switch is on, a call is sent only if a token of the
/// rate limiter is free and another one stays free, and if at least half of the permits stay free for other calls.
/// Otherwise it holds nothing, has no queue position and runs no timer: it is pending until its owner polls it again.
/// Its attempts are not used to estimate how long attempts take, because nobody may have polled them in time.
///
/// Whoever stops polling a call says so with [`pause`](Self::pause). The time until [`resume`](Self::resume) counts
/// against neither the call's timeout nor that of an attempt, in the background and after it.
///
/// The clones of a switch share one state. [`end`](Self::end) wakes the call; poll its future afterwards, which then
/// queues like any other call.
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
    /// When the running pause began.
    since: Option<Instant>,
    /// How long those before it were.
    total: Duration,
    /// Of the call, which may be polled by another task than the one that ends the background.
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

    /// Turns the call into an ordinary one, for good.
    pub fn end(&self) {
        if self.0.is_on.swap(false, Ordering::Relaxed) {
            let waker = self.pauses().waker.take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Stops the timeouts of the call until [`resume`](Self::resume), because nobody polls it.
    pub fn pause(&self) {
        self.pauses().since.get_or_insert_with(Instant::now);
    }

    /// Lets the timeouts of the call go on.
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

    /// Lets [`end`](Self::end) wake the call.
    pub(crate) fn register(&self, waker: &Waker) {
        self.pauses().waker = Some(waker.clone());
    }

    fn pauses(&self) -> MutexGuard<'_, Pauses> {
        // Each part is written in one step, so what a panicking thread left is sound.
        self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner)
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
