//! Polls once: walks through the pending executions, and updates the records.

use std::collections::HashSet;
use std::future::poll_fn;
use std::task::Poll as Progress;

use avala_client::types::{EventType, ExecutionUid};
use avala_client::{Error, ErrorKind};
use tokio::time::Instant;

use super::course::Start;
use super::records::Walked;
use super::shared::Shared;
use super::walk::{Step, Walk};
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
    /// Whether executions in the status running are listed too.
    pub(super) with_running: bool,
    /// Executions that this process is handling.
    pub(super) in_progress: HashSet<ExecutionUid>,
}

/// The result of a poll.
pub(super) enum Polled {
    /// The walk is over, because of this error or because there is enough to do.
    Listed(Box<Listed>),
    /// The server did not respond with a page.
    Failed {
        error: Error,
        /// The walk that the next poll continues; `None` if it starts from the beginning.
        unfinished: Option<Box<Walk>>,
        /// Whether the first page failed: a later page may no longer exist because the list became shorter.
        is_first_page: bool,
    },
}

/// The executions that the server listed.
pub(super) struct Listed {
    pub(super) walk: Walk,
    /// Reason why the walk ended before its last page.
    pub(super) error: Option<Error>,
    /// Whether an unfinished execution with a record was not listed.
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
                let failed = |error| Polled::Failed { error, unfinished: None, is_first_page: false };
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
            Step::Failed(error) if matches!(walk.start, Start::From(_)) && is_gone(&error) => {
                walk = new(Start::Complete);
            }
            Step::Failed(error) if walk.is_stuck(&error) && walk.skip_page() => {}
            Step::Failed(error) if walk.is_stuck(&error) && walk.pages_read > 0 => {
                if error.kind() != ErrorKind::Pagination {
                    // The next walk has other pages, so the failing page has fewer executions, or is not requested at
                    // all.
                    shared.page_size.narrow();
                }
                return Ok(Polled::Listed(Box::new(Listed { walk: *walk, error: Some(error), misses_known: false })));
            }
            Step::Failed(error) => {
                let is_first_page = walk.is_at_start();
                let unfinished = Some(walk).filter(|_| !is_gone(&error));
                return Ok(Polled::Failed { error, unfinished, is_first_page });
            }
        }
    }
    if walk.has_gap {
        // The next walk then leaves fewer executions out.
        shared.page_size.narrow();
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
    Ok(Polled::Listed(Box::new(Listed { walk: *walk, error: None, misses_known })))
}

/// Returns whether there is no page at this cursor.
fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation | ErrorKind::Request)
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
