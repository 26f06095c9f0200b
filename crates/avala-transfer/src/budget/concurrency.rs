//! Adaptive concurrency: how many requests to one storage host are in flight at once.

#[cfg(test)]
mod simulation;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// Initial number of concurrent requests to a host.
const START: usize = 4;
/// Until its first overload, a host whose slots are taken for this time gets one more, even if no request finished: a
/// part can take minutes.
const RAMP: Duration = Duration::from_millis(20);
/// Minimum pause after the host asked to slow down.
const COOLDOWN: Duration = Duration::from_millis(500);
/// Maximum wait that a storage host can request.
const MAX_COOLDOWN: Duration = Duration::from_secs(300);
/// How long a number that overloaded the host is avoided at least, before a larger one than the last good one is tried.
const PROBE: Duration = Duration::from_secs(20);
/// The same in requests, one after the other: a number that is too large costs about one request of each connection.
const PROBE_REQUESTS: u32 = 16;
/// How much longer a number is avoided that was too large again and again.
const MAX_PATIENCE: u32 = 8;

/// The controller of one storage host. Clones share it.
///
/// More connections help on long and lossy links and do not harm on others, so only the host limits their number. It
/// begins small and reaches the maximum in an eighth of a second, unless the host responds 503 before. A 503 halves it
/// at once, before the next part begins, and pauses the host. Then it grows by one with each success of a request that
/// began after the overload, up to a ceiling: what the host took before, or else what was in flight without the refused
/// requests, but not less than half of it. The ceiling is lifted after a while without overload, each time by twice as
/// much. If a lifted ceiling was too much, the while is twice as long the next time.
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
    limit: usize,
    in_flight: usize,
    /// Since when callers wait and all slots are taken.
    full_since: Option<Instant>,
    closed_until: Option<Instant>,
    overload: Option<Overload>,
}

/// Effect of the last overload of a host on the number of requests.
#[derive(Clone, Copy, Debug)]
struct Overload {
    /// When it happened. Several requests report the same overload: it halves the number once.
    at: Instant,
    /// Current maximum number of requests.
    ceiling: usize,
    /// Smallest value of the ceiling, however many requests report the overload.
    floor: usize,
    /// Number that the host took before a larger one was tried; 0 if none is known.
    good: usize,
    /// By how much the ceiling is lifted next.
    step: usize,
    /// When the ceiling was set, and the successes at the ceiling since then.
    since: Instant,
    successes: usize,
    /// How many times the usual while has to pass before the ceiling is lifted.
    patience: u32,
}

impl Window {
    fn new(max: usize) -> Self {
        let max = max.max(1);
        Self { max, limit: START.min(max), in_flight: 0, full_since: None, closed_until: None, overload: None }
    }

    /// Takes a slot, or returns the reason to wait.
    fn try_take(&mut self, now: Instant) -> Take {
        if let Some(until) = self.closed_until {
            if now < until {
                return Take::Closed(until);
            }
            self.closed_until = None;
        }
        if self.in_flight >= self.limit {
            if self.overload.is_some() || self.limit >= self.max {
                return Take::Full(None);
            }
            let grows_at = *self.full_since.get_or_insert(now) + RAMP;
            if now < grows_at {
                return Take::Full(Some(grows_at));
            }
            self.full_since = Some(now);
            self.limit += 1;
        }
        self.in_flight += 1;
        Take::Taken(self.in_flight)
    }

    fn succeeded(&mut self, started: Instant, now: Instant) {
        // A request that began before the overload says nothing of what the host takes now.
        if self.overload.is_some_and(|overload| started <= overload.at) {
            return;
        }
        let ceiling = self.overload.map_or(self.max, |overload| overload.ceiling);
        if self.limit < ceiling {
            self.limit += 1;
            return;
        }
        let Some(overload) = &mut self.overload else { return };
        overload.successes += 1;
        let usual = PROBE.max((now - started).saturating_mul(PROBE_REQUESTS));
        let is_early = now - overload.since < usual.saturating_mul(overload.patience);
        if is_early || overload.successes < self.limit {
            return;
        }
        if overload.step > 1 {
            // The number that was tried last is not too large.
            overload.patience = 1;
        }
        overload.good = overload.ceiling;
        overload.ceiling += overload.step;
        overload.step *= 2;
        (overload.since, overload.successes) = (now, 0);
        if overload.ceiling >= self.max {
            self.overload = None;
        }
    }

    /// Halves the number, and remembers what to avoid.
    fn overloaded(&mut self, number: usize, now: Instant) {
        let last = self.overload;
        let patience = match last {
            Some(last) if last.step > 1 => (last.patience * 2).min(MAX_PATIENCE),
            Some(last) => last.patience,
            None => 1,
        };
        let number = self.in_flight.max(number).clamp(1, self.limit);
        let good = last.map_or(0, |last| last.good);
        let good = if good < number { good } else { 0 };
        self.limit = (number / 2).max(1);
        let floor = self.limit.max(good);
        let ceiling = if good > 0 { good } else { (number - 1).max(1) };
        self.overload = Some(Overload { at: now, ceiling, floor, good, step: 1, since: now, successes: 0, patience });
    }

    /// Records a refusal: `number` requests were in flight when the refused one began.
    fn slow_down(&mut self, wait: Option<Duration>, (started, number): (Instant, usize), now: Instant) {
        match &mut self.overload {
            // One more of the requests that were too many together.
            Some(overload) if started <= overload.at => {
                overload.ceiling = overload.ceiling.saturating_sub(1).max(overload.floor);
                self.limit = self.limit.min(overload.ceiling);
            }
            _ => self.overloaded(number, now),
        }
        let wait = wait.unwrap_or(COOLDOWN).clamp(COOLDOWN, MAX_COOLDOWN);
        let until = now + wait.mul_f64(1.0 + fastrand::f64() / 10.0);
        self.closed_until = Some(self.closed_until.map_or(until, |other| other.max(until)));
    }
}

#[derive(Debug, PartialEq)]
enum Take {
    /// With how many requests in flight.
    Taken(usize),
    /// Until a slot is returned, or until this instant.
    Full(Option<Instant>),
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
                Take::Taken(number) => {
                    return Slot { owner: self.clone(), started: Instant::now(), number, is_held: true };
                }
                Take::Full(None) => freed.await,
                Take::Full(Some(until)) => drop(tokio::time::timeout_at(until, freed).await),
                Take::Closed(until) => tokio::time::sleep_until(until).await,
            }
        }
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
    /// Requests in flight when it began, itself included.
    number: usize,
    /// Whether it counts: not while it is suspended.
    is_held: bool,
}

impl Slot {
    /// Records that the host stored or sent the bytes.
    pub(crate) fn succeeded(self) {
        self.owner.window().succeeded(self.started, Instant::now());
    }

    /// Returns the slot temporarily, such as while a run is paused.
    pub(crate) fn suspend(&mut self) {
        if std::mem::take(&mut self.is_held) {
            let mut window = self.owner.window();
            window.in_flight -= 1;
            window.full_since = None;
            drop(window);
            self.owner.0.freed.notify_waiters();
        }
    }

    /// Waits for a slot again.
    pub(crate) async fn resume(&mut self) {
        if !self.is_held {
            let mut other = self.owner.slot().await;
            other.is_held = false;
            (self.started, self.number, self.is_held) = (other.started, other.number, true);
        }
    }

    /// Records that the host asked to slow down, for `wait` if it requested a time.
    pub(crate) fn slow_down(self, wait: Option<Duration>) {
        self.owner.window().slow_down(wait, (self.started, self.number), Instant::now());
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.suspend();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(host: &Concurrency) -> usize {
        host.window().limit
    }

    async fn take(host: &Concurrency, count: usize) -> Vec<Slot> {
        let mut slots = Vec::new();
        for _ in 0..count {
            slots.push(host.slot().await);
        }
        slots
    }

    #[tokio::test(start_paused = true)]
    async fn number_starts_small_and_grows_with_time_or_success() {
        let host = Concurrency::new(10);
        let start = Instant::now();
        let slots = take(&host, 4).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        let more = take(&host, 6).await;
        assert!((RAMP * 6..RAMP * 7).contains(&start.elapsed()), "{:?}", start.elapsed());
        assert_eq!(limit(&host), 10);
        drop((slots, more));

        let host = Concurrency::new(10);
        for _ in 0..6 {
            host.slot().await.succeeded();
        }
        assert_eq!(limit(&host), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn number_halves_after_503_and_grows_again() {
        let host = Concurrency::new(10);
        for slot in take(&host, 10).await {
            slot.slow_down(None);
        }
        assert_eq!(limit(&host), 5, "one overload counts once");
        let start = Instant::now();
        let mut slots = take(&host, 5).await;
        assert!(start.elapsed() >= COOLDOWN, "{:?}", start.elapsed());
        slots.remove(0).slow_down(Some(Duration::from_secs(10)));
        assert_eq!(limit(&host), 2);
        drop(slots);
        let start = Instant::now();
        host.slot().await.succeeded();
        assert!((10..=12).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
        // One less than the number that overloaded it, until some time has passed.
        for _ in 0..60 {
            host.slot().await.succeeded();
        }
        assert_eq!(limit(&host), 4);
        for lifted in [5, 7, 10] {
            tokio::time::advance(PROBE).await;
            for _ in 0..20 {
                host.slot().await.succeeded();
            }
            assert_eq!(limit(&host), lifted);
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

        let mut suspended = host.slot().await;
        suspended.suspend();
        let other = host.slot().await;
        let resumed = tokio::spawn(async move {
            suspended.resume().await;
            suspended
        });
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(!resumed.is_finished());
        drop(other);
        drop(resumed.await.unwrap());
        assert_eq!(host.window().in_flight, 0);
    }
}
