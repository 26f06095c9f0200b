//! Counts the progress of a run, and notifies listeners.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::progress::event::{Event, Events, Totals};

/// Minimum time between two events of progress.
const INTERVAL: Duration = Duration::from_millis(200);
/// Time over which the rate is averaged.
const RATE_WINDOW: Duration = Duration::from_secs(10);

/// Progress of a run. Clones count for the same run.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    started: Instant,
    bytes_total: AtomicU64,
    bytes_done: AtomicU64,
    bytes_transferred: AtomicU64,
    files_total: AtomicU64,
    files_done: AtomicU64,
    files_skipped: AtomicU64,
    files_failed: AtomicU64,
    parts_done: AtomicU64,
    retries: AtomicU64,
    has_listeners: AtomicBool,
    listeners: Mutex<Listeners>,
}

#[derive(Debug, Default)]
struct Listeners {
    senders: Vec<mpsc::Sender<Event>>,
    /// Instants with the number of bytes transferred by then.
    samples: VecDeque<(Instant, u64)>,
    is_over: bool,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared {
            started: Instant::now(),
            bytes_total: AtomicU64::default(),
            bytes_done: AtomicU64::default(),
            bytes_transferred: AtomicU64::default(),
            files_total: AtomicU64::default(),
            files_done: AtomicU64::default(),
            files_skipped: AtomicU64::default(),
            files_failed: AtomicU64::default(),
            parts_done: AtomicU64::default(),
            retries: AtomicU64::default(),
            has_listeners: AtomicBool::default(),
            listeners: Mutex::default(),
        }))
    }

    /// Adds a listener.
    pub(crate) fn events(&self) -> Events {
        let (sender, events) = Events::channel();
        let mut listeners = self.listeners();
        if !listeners.is_over {
            listeners.senders.push(sender);
            self.0.has_listeners.store(true, Relaxed);
        }
        events
    }

    /// Ends the streams of all listeners.
    pub(crate) fn end(&self) {
        if self.0.has_listeners.load(Relaxed) {
            self.emit_progress(true);
        }
        let mut listeners = self.listeners();
        listeners.is_over = true;
        listeners.senders.clear();
        self.0.has_listeners.store(false, Relaxed);
    }

    /// Sends an event to the listeners. Without listeners, the event is not created.
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if !self.0.has_listeners.load(Relaxed) {
            return;
        }
        let event = event();
        let mut listeners = self.listeners();
        listeners.senders.retain(|sender| match sender.try_send(event.clone()) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
        });
        self.0.has_listeners.store(!listeners.senders.is_empty(), Relaxed);
    }

    pub(crate) fn add_files(&self, files: u64, bytes: u64) {
        self.0.files_total.fetch_add(files, Relaxed);
        self.0.bytes_total.fetch_add(bytes, Relaxed);
    }

    /// Counts bytes that were sent or received.
    pub(crate) fn transferred(&self, bytes: u64) {
        self.0.bytes_transferred.fetch_add(bytes, Relaxed);
        if self.0.has_listeners.load(Relaxed) {
            self.emit_progress(false);
        }
    }

    /// Counts bytes that do not have to be transferred again.
    pub(crate) fn done(&self, bytes: u64) {
        self.0.bytes_done.fetch_add(bytes, Relaxed);
    }

    /// Subtracts bytes that were counted as done and have to be transferred again.
    pub(crate) fn undone(&self, bytes: u64) {
        let _ = self.0.bytes_done.fetch_update(Relaxed, Relaxed, |done| Some(done.saturating_sub(bytes)));
    }

    pub(crate) fn part_done(&self) {
        self.0.parts_done.fetch_add(1, Relaxed);
    }

    pub(crate) fn file_done(&self) {
        self.0.files_done.fetch_add(1, Relaxed);
    }

    pub(crate) fn file_skipped(&self) {
        self.0.files_done.fetch_add(1, Relaxed);
        self.0.files_skipped.fetch_add(1, Relaxed);
    }

    pub(crate) fn file_failed(&self) {
        self.0.files_failed.fetch_add(1, Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.0.retries.fetch_add(1, Relaxed);
    }

    /// Returns the current totals.
    pub(crate) fn totals(&self) -> Totals {
        let samples = self.listeners().samples.front().copied();
        self.totals_since(samples)
    }

    fn totals_since(&self, sample: Option<(Instant, u64)>) -> Totals {
        let shared = &*self.0;
        let (bytes_total, bytes_done) = (shared.bytes_total.load(Relaxed), shared.bytes_done.load(Relaxed));
        let bytes_transferred = shared.bytes_transferred.load(Relaxed);
        let (since, bytes_then) = sample.unwrap_or((shared.started, 0));
        let seconds = since.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { bytes_transferred.saturating_sub(bytes_then) as f64 / seconds } else { 0.0 };
        let left = bytes_total.saturating_sub(bytes_done) as f64;
        let eta = (rate > 0.0).then(|| Duration::try_from_secs_f64(left / rate).unwrap_or(Duration::MAX));
        Totals {
            bytes_total,
            bytes_done,
            bytes_transferred,
            files_total: shared.files_total.load(Relaxed),
            files_done: shared.files_done.load(Relaxed),
            files_skipped: shared.files_skipped.load(Relaxed),
            files_failed: shared.files_failed.load(Relaxed),
            parts_done: shared.parts_done.load(Relaxed),
            retries: shared.retries.load(Relaxed),
            rate,
            elapsed: shared.started.elapsed(),
            eta,
        }
    }

    /// Sends the totals to the listeners, at most every 200 ms.
    fn emit_progress(&self, always: bool) {
        let now = Instant::now();
        let sample = {
            let samples = &mut self.listeners().samples;
            if !always && samples.back().is_some_and(|(at, _)| now.duration_since(*at) < INTERVAL) {
                return;
            }
            while samples.front().is_some_and(|(at, _)| now.duration_since(*at) > RATE_WINDOW) {
                samples.pop_front();
            }
            let first = samples.front().copied();
            samples.push_back((now, self.0.bytes_transferred.load(Relaxed)));
            first
        };
        self.emit(|| Event::Progress(self.totals_since(sample)));
    }

    fn listeners(&self) -> MutexGuard<'_, Listeners> {
        self.0.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn listener_sees_rate_and_expected_time() {
        let meter = Meter::new();
        let mut events = meter.events();
        meter.add_files(1, 10_000);
        for _ in 0..5 {
            tokio::time::advance(Duration::from_secs(1)).await;
            meter.done(1_000);
            meter.transferred(1_000);
        }
        meter.end();
        let mut last = Totals::default();
        while let Some(Event::Progress(totals)) = events.next().await {
            last = totals;
        }
        assert_eq!((last.bytes_total, last.bytes_done, last.bytes_transferred), (10_000, 5_000, 5_000));
        assert!((800.0..=1_100.0).contains(&last.rate), "{}", last.rate);
        assert!(last.eta.is_some_and(|eta| (4..=7).contains(&eta.as_secs())), "{:?}", last.eta);
    }

    #[tokio::test]
    async fn event_is_not_made_without_a_listener() {
        let meter = Meter::new();
        meter.emit(|| panic!("made without a listener"));
        drop(meter.events());
        meter.emit(|| Event::Phase(crate::progress::event::Phase::Wait));
        meter.emit(|| panic!("made without a listener"));
        meter.end();
        assert!(meter.events().next().await.is_none());
    }

    #[tokio::test]
    async fn slow_listener_loses_events_and_delays_nobody() {
        let meter = Meter::new();
        let mut events = meter.events();
        for _ in 0..5_000 {
            meter.emit(|| Event::Warning(String::new()));
        }
        meter.end();
        let mut seen = 0;
        while events.next().await.is_some() {
            seen += 1;
        }
        assert_eq!(seen, 1024);
    }
}
