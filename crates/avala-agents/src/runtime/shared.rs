//! State that the workers of one agent share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use avala_client::Avala;
use avala_client::types::{EventType, ExecutionUid};
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::Capacity;
use super::records::Records;
use crate::claims::Claims;
use crate::error::AgentError;
use crate::handler::BoxHandler;
use crate::journal::{Journal, Record};
use crate::lookups::Lookups;
use crate::monitor::Monitor;
use crate::pace::Pace;
use crate::page_size::PageSize;
use crate::registration::Registered;
use crate::settings::Settings;

/// State that the workers of one agent share.
pub(crate) struct Shared {
    pub(crate) avala: Avala,
    pub(crate) settings: Settings,
    pub(crate) agent: Arc<Registered>,
    pub(crate) handlers: HashMap<EventType, BoxHandler>,
    pub(crate) fallback: Option<BoxHandler>,
    pub(crate) paces: HashMap<EventType, Pace>,
    pub(crate) pace: Option<Pace>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) claims: Arc<dyn Claims>,
    pub(crate) monitor: Monitor,
    /// Wakes the main loop after a delivery, or to retry a parked execution.
    pub(crate) hint: Arc<Notify>,
    /// Unfinished executions, and finished ones until the server no longer lists them as pending.
    pub(crate) records: Arc<Mutex<Records>>,
    /// When failed executions are tried again. The wall clock of the journal is used only at startup, because it may
    /// jump.
    pub(crate) retries: Mutex<HashMap<ExecutionUid, Instant>>,
    /// Capacity of the backlog.
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) page_size: Arc<PageSize>,
    /// Finds executions after an unknown outcome.
    pub(crate) lookups: Arc<Lookups>,
    /// Limits how many decisions are sent at the same time. More would only open more connections, whose buffers need
    /// most of the memory of an agent with many handlers.
    pub(crate) sending: Semaphore,
    /// Lock for handlers whose earlier start ended with its process, so that they run one at a time.
    pub(crate) suspects: Semaphore,
    /// Cancelled when a run begins to stop: nothing more is claimed or started.
    pub(crate) stopping: CancellationToken,
    /// Cancelled at the end of the grace period, to abort running handlers.
    pub(crate) abort: CancellationToken,
}

impl Shared {
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        // Entries are replaced in one step, so they are valid after a panic elsewhere.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn retries(&self) -> MutexGuard<'_, HashMap<ExecutionUid, Instant>> {
        self.retries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a record to the journal, then to memory.
    pub(crate) async fn save(&self, record: &Record) -> Result<(), AgentError> {
        self.journal.put(record).await.map_err(AgentError::journal)?;
        self.records().insert(record);
        Ok(())
    }

    /// Returns the handler of an event: its own, or the fallback.
    pub(crate) fn handler(&self, event: &EventType) -> Option<&BoxHandler> {
        self.handlers.get(event).or(self.fallback.as_ref())
    }

    /// Returns when a handler of this event may start; `None` at any time.
    pub(crate) fn next_start(&self, event: &EventType) -> Option<Instant> {
        self.paces.get(event).into_iter().chain(&self.pace).filter_map(Pace::next).max()
    }

    pub(crate) fn count_start(&self, event: &EventType) {
        self.paces.get(event).into_iter().chain(&self.pace).for_each(Pace::start);
    }
}
