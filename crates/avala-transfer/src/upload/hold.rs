//! The slot and the memory of a request in flight.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::budget::concurrency::{Concurrency, Slot};
use crate::budget::memory::Memory;
use crate::error::Error;
use crate::run::{RunContext, Turn};

/// A slot of the storage host, and memory. Both are returned while the run is paused, so that other runs can use
/// them.
pub(crate) struct Hold {
    context: RunContext,
    host: Concurrency,
    bytes: u64,
    held: Mutex<Option<(Slot, Memory)>>,
}

impl Hold {
    /// Waits for a slot, with which `turn` ends, and for `bytes` of memory.
    pub(crate) async fn take(
        context: &RunContext,
        host: Concurrency,
        bytes: u64,
        turn: Turn,
    ) -> Result<Arc<Self>, Error> {
        context.gate().await?;
        let this = Self { context: context.clone(), host, bytes, held: Mutex::default() };
        let held = this.acquire(Some(turn)).await;
        *this.lock() = Some(held);
        this.gate().await?;
        context.limit.check_time()?;
        Ok(Arc::new(this))
    }

    /// Waits while the run is paused, without slot and memory; fails when it is cancelled.
    pub(crate) async fn gate(&self) -> Result<(), Error> {
        while self.context.control.is_paused() {
            drop(self.lock().take());
            self.context.control.gate().await?;
            let held = self.acquire(None).await;
            *self.lock() = Some(held);
        }
        if self.context.control.is_cancelled() { Err(Error::cancelled()) } else { Ok(()) }
    }

    async fn acquire(&self, turn: Option<Turn>) -> (Slot, Memory) {
        let slot = self.host.slot().await;
        drop(turn);
        (slot, self.context.transfers.memory().take(self.bytes).await)
    }

    /// Records that the host stored the bytes.
    pub(crate) fn succeeded(&self) {
        if let Some((slot, _)) = self.lock().take() {
            slot.succeeded();
        }
    }

    /// Records that the host asked to slow down, for `wait` if it requested a time.
    pub(crate) fn slow_down(&self, wait: Option<Duration>) {
        if let Some((slot, _)) = self.lock().take() {
            slot.slow_down(wait);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Slot, Memory)>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}
