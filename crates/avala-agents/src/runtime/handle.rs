//! Operations on a running agent.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use avala_client::types::ExecutionUid;
use tokio::sync::Notify;

use super::records::Records;
use crate::decision::Decision;
use crate::error::{AgentError, AgentErrorKind};
use crate::journal::{Journal, Record, RecordState};

/// Lists, retries, decides and exports executions of an agent, and wakes its poll. Clones control the same agent.
///
/// ```
/// # async fn example(agent: avala_agents::Agent) -> Result<(), avala_agents::AgentError> {
/// let handle = agent.handle();
/// for parked in handle.parked() {
///     println!("{}: {}", parked.execution, parked.note.as_deref().unwrap_or("no note"));
///     handle.retry(&parked.execution).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AgentHandle {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) records: Arc<Mutex<Records>>,
    pub(crate) hint: Arc<Notify>,
}

impl AgentHandle {
    /// Returns the parked executions, oldest first. Empty before the agent runs, or [`load`](AgentHandle::load).
    #[must_use]
    pub fn parked(&self) -> Vec<Record> {
        let mut parked: Vec<Record> =
            self.lock().open().filter(|record| record.state == RecordState::Parked).cloned().collect();
        parked.sort_by_key(|record| record.updated_at_ms);
        parked
    }

    /// Polls now instead of at the next interval, such as after a webhook.
    ///
    /// Polls are at least a second apart, and a pause that the server requested is kept.
    pub fn poll_now(&self) {
        self.hint.notify_one();
    }

    /// Handles a parked or left execution again, with its counters reset.
    ///
    /// # Errors
    /// [`AgentErrorKind::Configuration`] if the execution is not parked or left; [`AgentErrorKind::Journal`].
    pub async fn retry(&self, execution: &ExecutionUid) -> Result<(), AgentError> {
        let mut record = self.stopped(execution).await?;
        record.failures = 0;
        record.open_starts = 0;
        record.retry_at_ms = None;
        record.decision = None;
        self.save(record, RecordState::Failed).await
    }

    /// Decides a parked or left execution manually. The decision is sent by the next poll or start of the agent;
    /// [`Decision::leave`] sends none, and the execution is no longer parked.
    ///
    /// # Errors
    /// [`AgentErrorKind::Configuration`] if the execution is not parked or left; [`AgentErrorKind::Journal`].
    pub async fn decide(&self, execution: &ExecutionUid, decision: Decision) -> Result<(), AgentError> {
        let mut record = self.stopped(execution).await?;
        let state = if decision.action().is_some() { RecordState::Decided } else { RecordState::Left };
        record.decision = Some(decision);
        self.save(record, state).await
    }

    /// Reads the journal, so that parked executions can be listed and decided while the agent does not run.
    /// A run reads the journal itself.
    ///
    /// # Errors
    /// [`AgentErrorKind::Journal`] if the journal cannot be read.
    pub async fn load(&self) -> Result<(), AgentError> {
        let records = self.journal.load().await.map_err(AgentError::journal)?;
        let mut known = self.lock();
        for record in records.iter().filter(|record| !known.is_known(&record.execution)).collect::<Vec<_>>() {
            known.insert(record);
        }
        Ok(())
    }

    /// Exports all records as JSON lines, for diagnosis and migration to another store.
    ///
    /// # Errors
    /// [`AgentErrorKind::Journal`] if the journal cannot be read.
    pub async fn export(&self) -> Result<String, AgentError> {
        let records = self.journal.load().await.map_err(AgentError::journal)?;
        let mut lines = String::new();
        for record in records {
            let line = serde_json::to_string(&record).map_err(|error| AgentError::journal(error.into()))?;
            lines.push_str(&line);
            lines.push('\n');
        }
        Ok(lines)
    }

    /// Returns the record of a parked or left execution. The record of a left execution is only in the journal.
    async fn stopped(&self, execution: &ExecutionUid) -> Result<Record, AgentError> {
        let (mut record, is_closed) = {
            let records = self.lock();
            (records.get(execution).cloned(), records.is_closed(execution))
        };
        if is_closed {
            let records = self.journal.load().await.map_err(AgentError::journal)?;
            record = records.into_iter().find(|record| record.execution == *execution);
        }
        record.filter(|record| matches!(record.state, RecordState::Parked | RecordState::Left)).ok_or_else(|| {
            let message = format!("execution {execution} is neither parked nor left; see `AgentHandle::parked`");
            AgentError::new(AgentErrorKind::Configuration, message)
        })
    }

    async fn save(&self, mut record: Record, state: RecordState) -> Result<(), AgentError> {
        record.enter(state);
        self.journal.put(&record).await.map_err(AgentError::journal)?;
        self.lock().insert(&record);
        self.poll_now();
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        // Entries are replaced in one step, so they are valid after a panic elsewhere.
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for AgentHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgentHandle").field("records", &self.lock().len()).finish_non_exhaustive()
    }
}
