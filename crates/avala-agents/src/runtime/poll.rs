//! Reads the pending executions of an agent.

use std::collections::HashSet;
use std::future::poll_fn;
use std::task::Poll as Progress;
use std::time::SystemTime;

use avala_client::resources::ExecutionFilters;
use avala_client::types::{AgentExecution, AgentUid, EventType, ExecutionStatus, ExecutionUid, Json};
use avala_client::{Error, List};
use serde::Deserialize;

use super::backlog::Backlog;
use super::shared::Shared;
use crate::error::AgentError;
use crate::journal::{Record, RecordState, now_ms};
use crate::registration::register;

/// Records that are removed at the same time. Limited, because each step polls all that are left.
const REMOVED_AT_ONCE: usize = 64;

/// Input of one poll.
pub(super) struct Poll {
    pub(super) agent: AgentUid,
    /// The events to register for before the poll, if the agent was deleted at the server.
    pub(super) register: Option<Vec<EventType>>,
    /// Whether executions in the status running are listed too.
    pub(super) with_running: bool,
    /// Executions that this process handles at the moment.
    pub(super) in_progress: HashSet<ExecutionUid>,
}

/// The result of a poll.
pub(super) enum Polled {
    Listed(Listed),
    /// The server did not respond with the list.
    Failed(Error),
}

/// The executions that the server listed.
pub(super) struct Listed {
    /// The agent, which is new after a registration.
    pub(super) agent: AgentUid,
    /// The oldest executions that this process may start.
    pub(super) executions: Backlog,
    /// Number of listed executions.
    pub(super) total: usize,
    /// Creation time of the oldest listed execution.
    pub(super) oldest: Option<SystemTime>,
    /// Whether executions in the status running were listed too.
    pub(super) with_running: bool,
    /// Whether one of the listed executions was undecided.
    pub(super) found_running: bool,
    /// Whether an execution was not listed that has a record and is not done.
    pub(super) misses_known: bool,
}

/// Walks all pages: one page would let a page of failing executions starve the rest.
///
/// An error ends the agent: the journal failed, or a registration was rejected.
pub(super) async fn poll(shared: &Shared, poll: Poll) -> Result<Polled, AgentError> {
    let mut agent = poll.agent.clone();
    if let Some(events) = &poll.register {
        let mut settings = shared.settings.clone();
        settings.uid = None;
        agent = match register(&shared.avala, &settings, events).await {
            Ok(agent) => agent,
            Err(error) => return error.into_retryable().map(Polled::Failed),
        };
        tracing::warn!(agent = %agent, "the agent was deleted at the server; registered again");
    }
    let mut listed = Listed {
        agent,
        executions: Backlog::default(),
        total: 0,
        oldest: None,
        with_running: poll.with_running,
        found_running: false,
        misses_known: false,
    };
    let mut known = HashSet::new();
    let statuses = [ExecutionStatus::Pending, ExecutionStatus::Running];
    for status in statuses.into_iter().take(if poll.with_running { 2 } else { 1 }) {
        let mut items = list(shared, &listed.agent, status).items();
        while let Some(execution) = items.next().await {
            listed.total += 1;
            match execution {
                Ok(execution) => add(shared, &poll, execution, &mut listed, &mut known),
                Err(error) => match error.raw_record() {
                    Some(raw) => park_undecodable(shared, raw, &error, &mut known).await?,
                    None => return Ok(Polled::Failed(error)),
                },
            }
        }
    }
    listed.misses_known = shared.records().open().any(|record| {
        matches!(record.state, RecordState::Started | RecordState::Failed)
            && !known.contains(&record.execution)
            && !poll.in_progress.contains(&record.execution)
    });
    forget_unlisted(shared, &poll, &known).await?;
    Ok(Polled::Listed(listed))
}

fn list(shared: &Shared, agent: &AgentUid, status: ExecutionStatus) -> List<AgentExecution, ExecutionFilters> {
    let mut list = shared.avala.agents().list_executions(agent).status(status);
    if let Some(project) = &shared.settings.project {
        list = list.project(project.clone());
    }
    if !shared.settings.task_types.is_empty() {
        list = list.task_types(shared.settings.task_types.iter().cloned());
    }
    list
}

fn add(
    shared: &Shared,
    poll: &Poll,
    execution: AgentExecution,
    listed: &mut Listed,
    known: &mut HashSet<ExecutionUid>,
) {
    let (is_known, is_done) = {
        let records = shared.records();
        (records.is_known(&execution.uid), records.is_done(&execution.uid))
    };
    if is_known {
        known.insert(execution.uid.clone());
    }
    if !is_undecided(&execution) || shared.handler(&execution.event_type).is_none() {
        return;
    }
    listed.found_running |= execution.status == Some(ExecutionStatus::Running);
    let created: Option<SystemTime> = execution.created_at.map(Into::into);
    listed.oldest = listed.oldest.into_iter().chain(created).min();
    // Executions that cannot start do not count; otherwise many parked ones would keep newer ones out.
    if !is_done && !poll.in_progress.contains(&execution.uid) {
        let start_at = shared.retries().get(&execution.uid).copied();
        listed.executions.add(execution, start_at);
    }
}

/// Parks an execution that cannot be decoded. One without a UID can only be logged.
async fn park_undecodable(
    shared: &Shared,
    raw: &Json,
    error: &Error,
    known: &mut HashSet<ExecutionUid>,
) -> Result<(), AgentError> {
    #[derive(Deserialize)]
    struct Identity {
        uid: ExecutionUid,
    }
    tracing::error!(error = %error, "a listed execution cannot be decoded; it is left undecided");
    let Ok(Identity { uid }) = raw.parse::<Identity>() else { return Ok(()) };
    known.insert(uid.clone());
    if shared.records().is_known(&uid) {
        return Ok(());
    }
    let reason = format!("the execution cannot be decoded: {error}");
    shared.save(&Record::undecodable(uid, raw.get().as_bytes(), reason)).await
}

/// Returns whether the execution is undecided. A server may list running ones as pending.
pub(super) fn is_undecided(execution: &AgentExecution) -> bool {
    execution.action.is_none()
        && !matches!(execution.status, Some(ExecutionStatus::Completed | ExecutionStatus::Failed))
}

/// Removes records that need nothing more of executions that the server stopped listing.
async fn forget_unlisted(shared: &Shared, poll: &Poll, listed: &HashSet<ExecutionUid>) -> Result<(), AgentError> {
    // The execution was decided elsewhere, or deleted. That is known only if running executions were listed too.
    let is_over = |record: &Record| {
        poll.with_running
            && matches!(record.state, RecordState::Started | RecordState::Failed)
            && !poll.in_progress.contains(&record.execution)
    };
    let old = shared.records().old(now_ms(), listed, is_over);
    for executions in old.chunks(REMOVED_AT_ONCE) {
        remove(shared, executions).await?;
    }
    Ok(())
}

/// Removes records at the same time, so that they share transactions of the journal.
async fn remove(shared: &Shared, executions: &[ExecutionUid]) -> Result<(), AgentError> {
    let mut removals: Vec<_> = executions.iter().map(|execution| shared.journal.remove(execution)).collect();
    let mut result = Ok(());
    poll_fn(|cx| {
        removals.retain_mut(|removal| match removal.as_mut().poll(cx) {
            Progress::Ready(Ok(())) => false,
            Progress::Ready(Err(error)) => {
                result = Err(AgentError::journal(error));
                false
            }
            Progress::Pending => true,
        });
        if removals.is_empty() { Progress::Ready(()) } else { Progress::Pending }
    })
    .await;
    result?;
    for execution in executions {
        shared.records().remove(execution);
        shared.retries().remove(execution);
    }
    Ok(())
}
