//! Context that all files of one download share.

use std::sync::Arc;
use std::time::Duration;

use crate::budget::bandwidth::BandwidthLimit;
use crate::budget::memory::MemoryBudget;
use crate::budget::run_limit::{Claim, RunLimit};
use crate::control::Control;
use crate::error::Error;
use crate::progress::meter::Meter;
use crate::storage::client::Storage;

/// Timeout of a connection that delivers no bytes. Time that is spent waiting for memory, bandwidth or
/// the end of a pause does not count.
pub(crate) const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Limits, connections and counters of one run.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) storage: Storage,
    /// The caller's control.
    pub(crate) control: Control,
    /// Stops the other files after a failure that ends the run.
    pub(crate) halt: Control,
    pub(crate) memory: MemoryBudget,
    pub(crate) bandwidth: BandwidthLimit,
    pub(crate) limit: Arc<RunLimit>,
    pub(crate) meter: Meter,
    /// Connections per file, at most.
    pub(crate) connections: usize,
}

impl Context {
    /// Waits while the run is paused; fails when it ends.
    pub(crate) async fn gate(&self) -> Result<(), Error> {
        if self.halt.is_cancelled() {
            return Err(Error::cancelled());
        }
        self.control.gate().await
    }

    /// Claims up to `wanted` bytes of the run.
    pub(crate) async fn claim_up_to(&self, wanted: u64) -> Result<Claim, Error> {
        self.unless_ended(self.limit.claim_up_to(wanted)).await?
    }

    /// Waits for a step, but not longer than the run.
    pub(crate) async fn unless_ended<T>(&self, step: impl Future<Output = T>) -> Result<T, Error> {
        tokio::select! {
            biased;
            error = self.ended() => Err(error),
            output = step => Ok(output),
        }
    }

    /// Completes when the run ends: it is cancelled, stopped by a failure, or reaches its time limit.
    pub(crate) async fn ended(&self) -> Error {
        tokio::select! {
            () = self.control.cancelled() => Error::cancelled(),
            () = self.halt.cancelled() => Error::cancelled(),
            error = self.limit.time_over() => error,
        }
    }
}
