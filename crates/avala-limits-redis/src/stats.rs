//! Statistics of decisions.

use std::sync::atomic::{AtomicU64, Ordering};

use avala_transport::Decision;

use crate::link::Link;

/// Counts of one process since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitStats {
    /// Attempts that Redis granted.
    pub granted: u64,
    /// Reservations that had to wait.
    pub waited: u64,
    /// Attempts whose wait exceeded their remaining time.
    pub too_long: u64,
    /// Attempts that the share of this process decided, because Redis could not be used.
    pub local: u64,
    /// Attempts that were only counted, in shadow mode.
    pub counted: u64,
    /// Attempts of shadow mode that would have had to wait.
    pub would_wait: u64,
    /// Round trips to Redis.
    pub round_trips: u64,
    /// Number of outages of Redis.
    pub outages: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Stats {
    granted: AtomicU64,
    pub(crate) waited: AtomicU64,
    too_long: AtomicU64,
    pub(crate) local: AtomicU64,
    counted: AtomicU64,
    would_wait: AtomicU64,
}

impl Stats {
    pub(crate) fn count(&self, decision: &Decision) {
        match decision {
            Decision::Granted(_) => increment(&self.granted),
            Decision::TooLong(_) => increment(&self.too_long),
            _ => increment(&self.local),
        }
    }

    pub(crate) fn counted(&self, would_wait: bool) {
        increment(&self.counted);
        if would_wait {
            increment(&self.would_wait);
        }
    }

    pub(crate) fn read(&self, link: &Link) -> LimitStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LimitStats {
            granted: read(&self.granted),
            waited: read(&self.waited),
            too_long: read(&self.too_long),
            local: read(&self.local),
            counted: read(&self.counted),
            would_wait: read(&self.would_wait),
            round_trips: read(&link.round_trips),
            outages: read(&link.outages),
        }
    }
}

pub(crate) fn increment(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
