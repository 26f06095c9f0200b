//! Reads the pending executions of an agent.

use std::collections::HashSet;
use std::time::SystemTime;

use avala_client::Error;
use avala_client::types::{AgentExecution, AgentUid, ExecutionStatus, ExecutionUid};

use super::backlog::Backlog;
use super::shared::Shared;
use crate::error::AgentError;
use crate::journal::{Record, RecordState};

/// Records of decided executions are kept this long after the server stopped listing them, for diagnosis.
const KEEP_DONE_MS: u64 = 3_600_000;

/// The result of a poll.
pub(super) struct Pending {
    /// The oldest executions.
    pub(super) executions: Backlog,
    /// How many executions were listed.
    pub(super) total: usize,
    pub(super) oldest: Option<SystemTime>,
    /// The listed UIDs that have a record, to find out which records the server has forgotten.
    listed: HashSet<ExecutionUid>,
}

/// Walks all pages of pending executions: one page would let a page of failing executions starve the rest.
pub(super) async fn pending(shared: &Shared, agent: &AgentUid) -> Result<Pending, Error> {
    let mut list = shared.avala.agents().list_executions(agent).status(ExecutionStatus::Pending);
    if let Some(project) = &shared.settings.project {
        list = list.project(project.clone());
    }
    if !shared.settings.task_types.is_empty() {
        list = list.task_types(shared.settings.task_types.iter().cloned());
    }
    let mut pending = Pending { executions: Backlog::default(), total: 0, oldest: None, listed: HashSet::new() };
    let mut items = list.items();
    while let Some(execution) = items.next().await {
        let execution = execution?;
        pending.total += 1;
        if shared.records().contains_key(&execution.uid) {
            pending.listed.insert(execution.uid.clone());
        }
        if is_undecided(&execution) && shared.handler(&execution.event_type).is_some() {
            pending.executions.add(execution);
        }
    }
    pending.oldest = pending.executions.oldest();
    Ok(pending)
}

/// Whether nobody has decided the execution yet. A server may list running ones too.
pub(super) fn is_undecided(execution: &AgentExecution) -> bool {
    execution.action.is_none()
        && !matches!(execution.status, Some(ExecutionStatus::Completed | ExecutionStatus::Failed))
}

/// Removes records of executions that are done and that the server does not list as pending any more.
pub(super) async fn forget_unlisted(shared: &Shared, pending: &Pending) -> Result<(), AgentError> {
    let now = crate::journal::now_ms();
    let is_old = |record: &Record| now.saturating_sub(record.updated_at_ms) > KEEP_DONE_MS;
    let old: Vec<ExecutionUid> = shared
        .records()
        .values()
        .filter(|record| matches!(record.state, RecordState::Acknowledged | RecordState::Left))
        .filter(|record| is_old(record) && !pending.listed.contains(&record.execution))
        .map(|record| record.execution.clone())
        .collect();
    for execution in old {
        shared.journal.remove(&execution).await.map_err(AgentError::journal)?;
        shared.records().remove(&execution);
    }
    Ok(())
}
