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

/// Everything that the workers of one agent share.
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
    /// Wakes the loop: a delivery arrived, or a parked execution is to be retried.
    pub(crate) hint: Arc<Notify>,
    /// Executions that are not done, and done ones until the server stops listing them as pending.
    pub(crate) records: Arc<Mutex<Records>>,
    /// When failed executions are tried again. The wall clock of the journal is read only at startup, since it may
    /// jump.
    pub(crate) retries: Mutex<HashMap<ExecutionUid, Instant>>,
    /// How many executions wait in memory.
    pub(crate) capacity: Arc<Capacity>,
    pub(crate) page_size: Arc<PageSize>,
    /// Finds executions after an unknown outcome.
    pub(crate) lookups: Arc<Lookups>,
    /// Limits how many decisions are sent at the same time. More would only open more connections, whose buffers are what
    /// an agent with many handlers needs most of its memory for.
    pub(crate) sending: Semaphore,
    /// Lets handlers run one at a time whose earlier start ended with its process.
    pub(crate) suspects: Semaphore,
    /// Cancelled when a run begins to stop: nothing is claimed or started any more.
    pub(crate) stopping: CancellationToken,
    /// Ends running handlers at the end of the grace period.
    pub(crate) abort: CancellationToken,
}

impl Shared {
    pub(crate) fn records(&self) -> MutexGuard<'_, Records> {
        // Entries are replaced in one step, so they are sound after a panic elsewhere.
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
