//! Adaptive concurrency: how many requests to one storage host are in flight at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// How long the host is left alone at least after it asked to slow down.
const COOLDOWN: Duration = Duration::from_millis(500);
/// Longest wait that a storage host can ask for.
const MAX_COOLDOWN: Duration = Duration::from_secs(300);

/// The controller of one storage host. Clones share it.
///
/// More connections help on long and lossy links and do not harm on others, so the number begins at the maximum. A response
/// of 503 halves it at once, before the next part begins, and pauses the host; from then on it grows by one for as many
/// finished transfers as are in flight, until the next 503.
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
    closed_until: Option<Instant>,
    /// Several slots report the same overload: they count once.
    last_cut: Option<Instant>,
}

impl Window {
    fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { max, limit: max as f64, in_flight: 0, closed_until: None, last_cut: None }
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
        self.limit = (self.limit + 1.0 / self.limit.max(1.0)).min(self.max as f64);
    }

    fn slow_down(&mut self, wait: Option<Duration>, started: Instant, now: Instant) {
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
    async fn number_halves_after_503_and_grows_again() {
        let host = Concurrency::new(10);
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
        for _ in 0..60 {
            host.slot().await.succeeded();
        }
        assert_eq!(host.limit(), 10);
    }

    /// A link whose bandwidth its connections share equally, each up to a cap of its own.
    #[derive(Clone)]
    struct Link {
        bytes_per_second: f64,
        round_trip: Duration,
        cap: f64,
        active: Arc<std::sync::atomic::AtomicU32>,
    }

    impl Link {
        async fn transfer(&self, bytes: f64) {
            use std::sync::atomic::Ordering::Relaxed;
            const TICK: Duration = Duration::from_millis(50);
            tokio::time::sleep(self.round_trip).await;
            self.active.fetch_add(1, Relaxed);
            let mut left = bytes;
            while left > 0.0 {
                tokio::time::sleep(TICK).await;
                let share = self.bytes_per_second / f64::from(self.active.load(Relaxed));
                left -= share.min(self.cap) * TICK.as_secs_f64();
            }
            self.active.fetch_sub(1, Relaxed);
            tokio::time::sleep(self.round_trip).await;
        }

        /// Transfers 40 parts, with up to ten at once, and returns the seconds that it takes.
        async fn seconds(&self, host: &Concurrency) -> f64 {
            let start = Instant::now();
            let part = self.bytes_per_second.min(self.cap * 10.0);
            let tasks: Vec<_> = (0..40)
                .map(|_| {
                    let (link, host) = (self.clone(), host.clone());
                    tokio::spawn(async move {
                        let slot = host.slot().await;
                        link.transfer(part).await;
                        slot.succeeded();
                    })
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            start.elapsed().as_secs_f64()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rate_is_close_to_that_of_the_best_fixed_number() {
        for megabits in [1.0, 30.0, 1_000.0] {
            for round_trip in [0.020, 0.200] {
                for loss in [0.0, 0.000_1, 0.01_f64] {
                    let cap = if loss > 0.0 { 1.2 * 1_460.0 / (round_trip * loss.sqrt()) } else { f64::MAX };
                    let link = Link {
                        bytes_per_second: megabits * 125_000.0,
                        round_trip: Duration::from_secs_f64(round_trip),
                        cap,
                        active: Arc::default(),
                    };
                    let mut best = f64::MAX;
                    for fixed in 1..=10 {
                        best = best.min(link.seconds(&Concurrency::new(fixed)).await);
                    }
                    let own = link.seconds(&Concurrency::new(10)).await;
                    assert!(
                        own * 0.9 <= best,
                        "{megabits} Mbit/s, {round_trip} s, loss {loss}: {own} s, best {best} s"
                    );
                }
            }
        }
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
