//! Polls once: walks through the pending executions, and updates the records.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll as Progress;

use avala_client::types::{EventType, ExecutionUid};
use avala_client::{Error, ErrorKind};
use tokio::time::Instant;

use super::course::{KnownList, Start};
use super::records::Walked;
use super::shared::Shared;
use super::walk::{self, Step, Walk};
use crate::error::AgentError;
use crate::journal::{RecordState, now_ms};
use crate::registration::register;

/// Maximum number of records that are removed at the same time, because each step polls all remaining removals.
const REMOVED_AT_ONCE: usize = 64;

/// Input of one poll.
pub(super) struct Poll {
    /// The events to register for before the poll, if the agent was deleted at the server.
    pub(super) register: Option<Vec<EventType>>,
    /// The walk of an earlier poll that failed, to continue it.
    pub(super) unfinished: Option<Box<Walk>>,
    /// Where a new walk starts.
    pub(super) start: Start,
    /// The list as an earlier walk found it.
    pub(super) known: Arc<KnownList>,
    /// Whether executions in the status running are listed too.
    pub(super) with_running: bool,
    /// Executions that this process is handling.
    pub(super) in_progress: HashSet<ExecutionUid>,
}

/// The result of a poll.
pub(super) enum Polled {
    /// The walk is over: all pages were read, or those that do not fail, or there is enough to do.
    Listed(Box<Listed>),
    /// The server did not respond with a page.
    Failed {
        error: Error,
        /// How many executions the walk has listed.
        listed: usize,
        /// To be continued by the next poll; `None` if that begins a new one.
        unfinished: Option<Box<Walk>>,
        /// Whether the first page failed: a later page may no longer exist because the list became shorter.
        is_first_page: bool,
    },
}

/// The executions that the server listed.
pub(super) struct Listed {
    pub(super) walk: Walk,
    /// Whether an execution was not listed that has a record and is not done.
    pub(super) misses_known: bool,
}

/// Lists all pages of executions, because a page of failing executions would otherwise block all others.
///
/// An error ends the agent: the journal failed, or a registration was rejected.
pub(super) async fn poll(shared: &Shared, poll: Poll) -> Result<Polled, AgentError> {
    if let Some(events) = &poll.register {
        let mut settings = shared.settings.clone();
        settings.uid = None;
        match register(&shared.avala, &settings, events).await {
            Ok(agent) => {
                tracing::warn!(agent = %agent, "the agent was deleted on the server; registered again");
                shared.agent.set(agent);
            }
            Err(error) => {
                let failed = |error| Polled::Failed { error, listed: 0, unfinished: None, is_first_page: false };
                return error.into_retryable().map(failed);
            }
        }
    }
    let agent = shared.agent.uid();
    let new = |start| Box::new(Walk::new(shared, agent.clone(), start, poll.with_running));
    let mut walk = poll.unfinished.filter(|walk| walk.agent == agent).unwrap_or_else(|| new(poll.start));
    loop {
        match walk.run(shared, &poll.in_progress).await? {
            Step::Done if walk.is_complete || walk.order.fits(&walk.start) => break,
            // The order has changed, so the executions that were read may not be the oldest.
            Step::Done => walk = new(Start::Complete),
            Step::Failed(error) if matches!(walk.start, Start::From(_)) && walk::is_gone(&error) => {
                walk = new(Start::Complete);
            }
            Step::Failed(error) => {
                let (listed, is_first_page) = (walk.total, walk.is_at_start());
                let is_fatal = matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Forbidden);
                let again = if walk::is_gone(&error) && !is_first_page { walk.again(shared) } else { None };
                let unfinished = match again {
                    Some(again) => Some(Box::new(again)),
                    None if walk.is_stuck(&error) && !is_fatal => {
                        walk.skip_page(shared, &poll.known, error);
                        continue;
                    }
                    None => Some(walk),
                };
                return Ok(Polled::Failed { error, listed, unfinished, is_first_page });
            }
        }
    }
    if walk.gap.is_some() || walk.error.as_ref().is_some_and(|error| error.kind() != ErrorKind::Pagination) {
        // The next walk has other pages, so that less is on the one that fails.
        shared.page_size.narrow();
    }
    if walk.pages_read == 0
        && let Some(error) = walk.error.take()
    {
        return Ok(Polled::Failed { error, listed: 0, unfinished: None, is_first_page: false });
    }
    let mut misses_known = false;
    if walk.is_complete {
        misses_known = shared.records().open().any(|record| {
            matches!(record.state, RecordState::Started | RecordState::Failed)
                && !walk.known.contains(&record.execution)
                && !poll.in_progress.contains(&record.execution)
        });
        forget_unlisted(shared, &walk, &poll.in_progress).await?;
    }
    Ok(Polled::Listed(Box::new(Listed { walk: *walk, misses_known })))
}

/// Removes finished records of executions that the server no longer lists.
async fn forget_unlisted(shared: &Shared, walk: &Walk, in_progress: &HashSet<ExecutionUid>) -> Result<(), AgentError> {
    // Decided elsewhere, or deleted.
    let walk = Walked { listed: &walk.known, with_running: walk.with_running, in_progress };
    let old = shared.records().old(now_ms(), Instant::now(), &walk);
    for executions in old.chunks(REMOVED_AT_ONCE) {
        remove(shared, executions).await?;
    }
    Ok(())
}

/// Removes records concurrently, so that they share transactions of the journal.
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
