//! Adaptive concurrency: how many requests to one storage host are in flight at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The number at the start of a run.
const START: f64 = 4.0;
/// How long the host is left alone at least after it asked to slow down.
const COOLDOWN: Duration = Duration::from_millis(500);
/// Longest wait that a storage host can ask for.
const MAX_COOLDOWN: Duration = Duration::from_secs(300);

/// The controller of one storage host. Clones share it.
///
/// More connections help on long and lossy links, and hardly harm on others, so the number grows by one with each
/// finished transfer up to the maximum. A response of 503 halves it at once, before the next part begins, and pauses the
/// host; from then on it grows by one per round only.
#[derive(Clone, Debug)]
pub(crate) struct Concurrency(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    window: Mutex<Window>,
    freed: Notify,
}

#[derive(Debug)]
struct Window {
    max: usize,
    limit: f64,
    in_flight: usize,
    /// Whether the host never asked to slow down.
    is_starting: bool,
    closed_until: Option<Instant>,
    /// Several slots report the same overload: they count once.
    last_cut: Option<Instant>,
}

impl Window {
    fn new(max: usize) -> Self {
        let max = max.max(1);
        let limit = START.min(max as f64);
        Self { max, limit, in_flight: 0, is_starting: true, closed_until: None, last_cut: None }
    }

    /// Returns whether a slot was taken, or how long the host stays closed.
    fn try_take(&mut self, now: Instant) -> Take {
        if let Some(until) = self.closed_until {
            if now < until {
                return Take::Closed(until);
            }
            self.closed_until = None;
        }
        if self.in_flight < self.limit as usize {
            self.in_flight += 1;
            return Take::Taken;
        }
        Take::Full
    }

    fn succeeded(&mut self) {
        let step = if self.is_starting { 1.0 } else { 1.0 / self.limit.max(1.0) };
        self.limit = (self.limit + step).min(self.max as f64);
    }

    fn slow_down(&mut self, wait: Option<Duration>, started: Instant, now: Instant) {
        self.is_starting = false;
        // Responses to requests that began before the last cut say nothing new.
        if self.last_cut.is_none_or(|cut| started > cut) {
            self.limit = (self.limit / 2.0).max(1.0);
            self.last_cut = Some(now);
        }
        let wait = wait.unwrap_or(COOLDOWN).clamp(COOLDOWN, MAX_COOLDOWN);
        let until = now + wait.mul_f64(1.0 + fastrand::f64() / 10.0);
        self.closed_until = Some(self.closed_until.map_or(until, |other| other.max(until)));
    }
}

#[derive(Debug, PartialEq)]
enum Take {
    Taken,
    Full,
    Closed(Instant),
}

impl Concurrency {
    pub(crate) fn new(max: usize) -> Self {
        Self(Arc::new(Shared { window: Mutex::new(Window::new(max)), freed: Notify::new() }))
    }

    /// Waits for a slot.
    pub(crate) async fn slot(&self) -> Slot {
        loop {
            let freed = self.0.freed.notified();
            let take = self.window().try_take(Instant::now());
            match take {
                Take::Taken => return Slot { owner: self.clone(), started: Instant::now() },
                Take::Full => freed.await,
                Take::Closed(until) => tokio::time::sleep_until(until).await,
            }
        }
    }

    /// Returns how many requests may be in flight now.
    #[cfg(test)]
    pub(crate) fn limit(&self) -> usize {
        self.window().limit as usize
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in flight.
#[derive(Debug)]
pub(crate) struct Slot {
    owner: Concurrency,
    started: Instant,
}

impl Slot {
    /// The host stored the bytes.
    pub(crate) fn succeeded(self) {
        self.owner.window().succeeded();
    }

    /// The host asked to slow down, for `wait` if it named a time.
    pub(crate) fn slow_down(self, wait: Option<Duration>) {
        self.owner.window().slow_down(wait, self.started, Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.owner.window().in_flight -= 1;
        self.owner.0.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn number_grows_to_the_maximum_and_halves_after_503() {
        let host = Concurrency::new(10);
        for _ in 0..20 {
            host.slot().await.succeeded();
        }
        assert_eq!(host.limit(), 10);
        let slots = [host.slot().await, host.slot().await, host.slot().await];
        for slot in slots {
            slot.slow_down(None);
        }
        assert_eq!(host.limit(), 5, "one overload counts once");
        let start = Instant::now();
        let next = host.slot().await;
        assert!(start.elapsed() >= COOLDOWN, "{:?}", start.elapsed());
        next.slow_down(Some(Duration::from_secs(20)));
        assert_eq!(host.limit(), 2);
        let start = Instant::now();
        host.slot().await.succeeded();
        assert!((20..=23).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn full_host_makes_the_next_request_wait() {
        let host = Concurrency::new(1);
        let first = host.slot().await;
        let second = tokio::spawn({
            let host = host.clone();
            async move { drop(host.slot().await) }
        });
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!second.is_finished());
        drop(first);
        second.await.unwrap();
    }
}
