//! Bandwidth limit of transfers.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// Burst after a pause, as a fraction of the bytes of a second.
const BURST_SECONDS: f64 = 0.1;

/// Bandwidth limit of transfers, in bytes per second, adjustable while they run. Clones share it.
///
/// ```
/// let limit = avala_transfer::BandwidthLimit::new(2_000_000); // 2 MB/s for all transfers that share it
/// limit.set(500_000);
/// limit.set(None);
/// assert_eq!(limit.bytes_per_second(), None);
/// ```
#[derive(Clone)]
pub struct BandwidthLimit(Arc<Shared>);

struct Shared {
    meter: Mutex<Meter>,
    changed: watch::Sender<()>,
}

impl Default for BandwidthLimit {
    fn default() -> Self {
        Self::unlimited()
    }
}

impl BandwidthLimit {
    /// Creates a limit in bytes per second. Zero counts as 1.
    #[must_use]
    pub fn new(bytes_per_second: u64) -> Self {
        let limit = Self::unlimited();
        limit.set(bytes_per_second);
        limit
    }

    /// Creates a limit that does not apply until [`set`](Self::set).
    #[must_use]
    pub fn unlimited() -> Self {
        Self(Arc::new(Shared { meter: Mutex::default(), changed: watch::Sender::new(()) }))
    }

    /// Changes the limit immediately, for running transfers too. `None` removes it; zero counts as 1.
    pub fn set(&self, bytes_per_second: impl Into<Option<u64>>) {
        let rate = bytes_per_second.into().map(|rate| rate.max(1));
        let mut meter = self.meter();
        // Outside of a runtime there is no clock, and no transfer is running.
        if meter.rate.is_some() {
            meter.advance(Instant::now());
        }
        meter.rate = rate;
        if rate.is_some() {
            meter.at = None;
        }
        drop(meter);
        self.0.changed.send_replace(());
    }

    /// Returns the limit in bytes per second; `None` without one.
    #[must_use]
    pub fn bytes_per_second(&self) -> Option<u64> {
        self.meter().rate
    }

    /// Waits until `bytes` may be sent. If the caller stops waiting, other callers get the bytes.
    pub(crate) async fn take(&self, bytes: u64) {
        let mut ticket = {
            let mut meter = self.meter();
            if meter.rate.is_none() {
                return;
            }
            Ticket { limit: self, at: meter.reserve(bytes, Instant::now()), bytes, is_granted: false }
        };
        let mut changed = self.0.changed.subscribe();
        loop {
            let wait = self.meter().wait(ticket.at, Instant::now());
            let Some(wait) = wait else { break };
            let _either = tokio::time::timeout(wait, changed.changed()).await;
        }
        ticket.is_granted = true;
    }

    fn meter(&self) -> MutexGuard<'_, Meter> {
        self.0.meter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The reservation of a waiting caller.
struct Ticket<'a> {
    limit: &'a BandwidthLimit,
    /// Count of granted bytes at which the caller may send.
    at: f64,
    bytes: u64,
    is_granted: bool,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if !self.is_granted {
            self.limit.meter().refund(self.at, self.bytes, Instant::now());
            self.limit.0.changed.send_replace(());
        }
    }
}

/// Two counters: reserved bytes, and bytes that were granted with the time.
#[derive(Debug, Default)]
struct Meter {
    rate: Option<u64>,
    granted: f64,
    reserved: f64,
    at: Option<Instant>,
}

impl Meter {
    fn advance(&mut self, now: Instant) {
        let Some(rate) = self.rate.map(|rate| rate as f64) else {
            self.granted = self.reserved;
            return;
        };
        let elapsed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.at = Some(now);
        let most = self.reserved + rate * BURST_SECONDS;
        self.granted = (self.granted + rate * elapsed.as_secs_f64()).min(most);
    }

    /// Returns the count of bytes at which the reservation is granted.
    fn reserve(&mut self, bytes: u64, now: Instant) -> f64 {
        self.advance(now);
        self.reserved += bytes as f64;
        self.reserved
    }

    /// Grants bytes that will not be sent immediately, so that no caller waits for them.
    fn refund(&mut self, ticket: f64, bytes: u64, now: Instant) {
        self.advance(now);
        self.granted += (ticket - self.granted).clamp(0.0, bytes as f64);
    }

    /// Returns how long `ticket` has to wait; `None` if it is granted.
    fn wait(&mut self, ticket: f64, now: Instant) -> Option<Duration> {
        self.advance(now);
        let rate = self.rate? as f64;
        let missing = ticket - self.granted;
        // Less than half a byte is a rounding error.
        (missing > 0.5).then(|| Duration::from_secs_f64((missing / rate).clamp(0.001, 3600.0)))
    }
}

impl fmt::Debug for BandwidthLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BandwidthLimit").field("bytes_per_second", &self.bytes_per_second()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn rate_is_kept_for_several_takers() {
        let limit = BandwidthLimit::new(1_000);
        let start = Instant::now();
        let takers: Vec<_> = (0..10)
            .map(|_| {
                let limit = limit.clone();
                tokio::spawn(async move { limit.take(500).await })
            })
            .collect();
        for taker in takers {
            taker.await.unwrap();
        }
        let elapsed = start.elapsed().as_secs_f64();
        assert!((4.8..=5.1).contains(&elapsed), "{elapsed}");
    }

    #[tokio::test(start_paused = true)]
    async fn new_limit_counts_for_waiting_takers() {
        let limit = BandwidthLimit::new(1);
        let start = Instant::now();
        let taker = tokio::spawn({
            let limit = limit.clone();
            async move { limit.take(1_000).await }
        });
        tokio::time::sleep(Duration::from_secs(10)).await;
        limit.set(990);
        taker.await.unwrap();
        assert!((10.9..=11.2).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
        limit.set(None);
        limit.take(u64::MAX).await;
    }

    #[tokio::test(start_paused = true)]
    async fn taker_that_stops_waiting_leaves_its_bytes_to_others() {
        let limit = BandwidthLimit::new(1_000);
        let start = Instant::now();
        let gone = tokio::time::timeout(Duration::from_secs(1), limit.take(1_000_000)).await;
        assert!(gone.is_err());
        limit.take(1_000).await;
        assert!((1.9..=2.1).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
        let (first, second) = (limit.clone(), limit.clone());
        let gone = tokio::spawn(async move { first.take(1_000_000).await });
        tokio::task::yield_now().await;
        let waiting = tokio::spawn(async move { second.take(500).await });
        tokio::task::yield_now().await;
        gone.abort();
        waiting.await.unwrap();
        assert!((2.4..=2.6).contains(&start.elapsed().as_secs_f64()), "{:?}", start.elapsed());
    }
}
