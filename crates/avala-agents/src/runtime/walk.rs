//! Walks through the list of executions, and continues at the page that failed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::SystemTime;

use avala_client::resources::ExecutionFilters;
use avala_client::types::{AgentExecution, AgentUid, Cursor, ExecutionStatus, ExecutionUid, Json, Timestamp};
use avala_client::{Error, ErrorKind, List};
use serde::Deserialize;

use super::backlog::{Backlog, size};
use super::course::{KnownList, Order, Pages, Start};
use super::shared::Shared;
use crate::error::AgentError;
use crate::journal::Record;
use crate::monitor::Count;

/// After so many failures a page is left out, so that what is on the others is handled.
const MAX_FAILURES: u32 = 3;
/// The same for the first page, which fails more often because of the server than because of what is on it.
const MAX_FIRST_FAILURES: u32 = 8;
/// So many pages are left out in a row. If the ones behind fail too, the reason is another one.
const MAX_SKIPS: u32 = 2;
/// So often a walk begins again because a page is gone.
const MAX_RESTARTS: u32 = 3;

/// The executions that the server listed.
pub(super) struct Walk {
    /// The agent, which changes with a new registration.
    pub(super) agent: AgentUid,
    pub(super) start: Start,
    /// The oldest executions that this process may start.
    pub(super) executions: Backlog,
    /// Listed executions that have a record.
    pub(super) known: HashSet<ExecutionUid>,
    /// Number of listed executions, and of pending executions that this process may start.
    pub(super) total: usize,
    pub(super) startable: usize,
    bytes: usize,
    /// Creation time of the oldest execution.
    pub(super) oldest: Option<SystemTime>,
    /// Whether executions in the status running are listed too, and whether one of them was undecided.
    pub(super) with_running: bool,
    pub(super) found_running: bool,
    /// Whether all pages were read.
    pub(super) is_complete: bool,
    /// Order and pages of the pending executions.
    pub(super) order: Order,
    pub(super) pages: Pages,
    pub(super) pages_read: usize,
    /// The statuses that are not read yet, the next one last.
    statuses: Vec<ExecutionStatus>,
    /// The page where the walk continues.
    cursor: Option<Cursor>,
    failures: u32,
    /// When the pending execution that was listed last was created.
    last: Option<Option<Timestamp>>,
    /// Pages that were left out since one was read.
    skips: u32,
    /// Why a page was left out, and why a list was not read to its end.
    pub(super) gap: Option<Error>,
    pub(super) error: Option<Error>,
    /// How often the walk began again because a page was gone.
    restarts: u32,
}

/// Outcome of a walk.
pub(super) enum Step {
    /// The walk has ended.
    Done,
    /// A page failed. The walk can continue there, unless the page is gone.
    Failed(Error),
}

impl Walk {
    pub(super) fn new(shared: &Shared, agent: AgentUid, start: Start, with_running: bool) -> Self {
        let mut statuses = vec![ExecutionStatus::Pending];
        if with_running {
            statuses.insert(0, ExecutionStatus::Running);
        }
        let cursor = if let Start::From(cursor) = &start { Some(cursor.clone()) } else { None };
        Self {
            agent,
            start,
            executions: Backlog::new(Arc::clone(&shared.capacity)),
            known: HashSet::new(),
            total: 0,
            startable: 0,
            bytes: 0,
            oldest: None,
            with_running,
            found_running: false,
            is_complete: false,
            order: Order::default(),
            pages: Pages::default(),
            pages_read: 0,
            statuses,
            cursor,
            failures: 0,
            last: None,
            skips: 0,
            gap: None,
            error: None,
            restarts: 0,
        }
    }

    /// Returns a walk from the first page on, because a page of this one is gone: the list became shorter. `None` if that
    /// happened too often, or if a page was left out, after which there may be no other.
    pub(super) fn again(&self, shared: &Shared) -> Option<Self> {
        let restarts = self.restarts + 1;
        let new = || Self { restarts, ..Self::new(shared, self.agent.clone(), Start::Complete, self.with_running) };
        (restarts <= MAX_RESTARTS && self.skips == 0).then(new)
    }

    /// Returns whether the next page is the first one of the list.
    pub(super) fn is_at_start(&self) -> bool {
        self.cursor.is_none() && self.statuses.last() == Some(&ExecutionStatus::Pending)
    }

    /// Reads pages until the walk ends, or a page fails.
    ///
    /// An error ends the agent: the journal failed.
    pub(super) async fn run(&mut self, shared: &Shared, running: &HashSet<ExecutionUid>) -> Result<Step, AgentError> {
        while let Some(status) = self.statuses.last().cloned() {
            let (list, asked) = self.list(shared, &status);
            match self.read(shared, running, &status, list).await? {
                None => {}
                // The next attempt has smaller pages, or the size that the server chooses.
                Some(error) if self.can_resize(shared, &error, asked) => continue,
                Some(error) => {
                    self.failures += 1;
                    return Ok(Step::Failed(error));
                }
            }
            if self.ends_early() {
                self.executions.is_truncated = true;
                return Ok(Step::Done);
            }
            self.statuses.pop();
            self.cursor = None;
        }
        self.is_complete = !matches!(self.start, Start::From(_)) && !self.has_gap();
        self.executions.is_truncated |= !self.is_complete;
        if self.is_complete {
            shared.page_size.learn(self.total, self.bytes);
        }
        Ok(Step::Done)
    }

    /// Returns whether pages were left out because they fail.
    pub(super) fn has_gap(&self) -> bool {
        self.gap.is_some() || self.error.is_some()
    }

    /// Returns whether the page should be left out: it fails again and again, is gone although the walk began again, or
    /// follows one that was left out.
    pub(super) fn is_stuck(&self, error: &Error) -> bool {
        let most = if self.cursor.is_none() { MAX_FIRST_FAILURES } else { MAX_FAILURES };
        let is_gone = is_gone(error) && !self.is_at_start();
        self.failures >= most || error.kind() == ErrorKind::Pagination || is_gone || self.skips > 0
    }

    /// Leaves out the page that fails, and goes on with the next one, or with the next list if nobody knows where that
    /// page begins.
    ///
    /// The number of a page says where the next one begins. Of a page with a cursor only the page itself says so, but an
    /// earlier walk may have read it.
    pub(super) fn skip_page(&mut self, shared: &Shared, known: &KnownList, error: Error) {
        shared.monitor.count(Count::UnlistedPages);
        let next = if error.retry_after().is_none() { self.next_page(known) } else { None };
        let page = self.cursor.as_ref().map(ToString::to_string).unwrap_or_else(|| "first".to_owned());
        match next {
            Some(next) => {
                tracing::error!(%page, next = %next, error = %error, "a page of executions fails; going on behind it");
                self.cursor = Some(next);
                self.skips += 1;
                self.gap.get_or_insert(error);
            }
            None => {
                tracing::error!(%page, error = %error, "a page of executions fails; those behind it are not listed");
                self.statuses.pop();
                if error.retry_after().is_some() {
                    self.statuses.clear();
                }
                (self.cursor, self.skips, self.last) = (None, 0, None);
                self.error.get_or_insert(error);
            }
        }
        self.failures = 0;
    }

    /// Returns a page behind the one that fails.
    fn next_page(&mut self, known: &KnownList) -> Option<Cursor> {
        if self.skips >= MAX_SKIPS {
            return None;
        }
        if let Some(next) = self.cursor.as_ref().and_then(next_number) {
            return Some(next);
        }
        let is_pending = self.statuses.last() == Some(&ExecutionStatus::Pending);
        if let Some((next, first)) = known.page_behind(self.last).filter(|_| is_pending) {
            self.last = Some(first);
            return Some(next);
        }
        // If pages have no numbers, this is the first one again.
        self.cursor.is_none().then(|| Cursor::page(2))
    }

    fn can_resize(&self, shared: &Shared, error: &Error, asked: Option<u32>) -> bool {
        match error.kind() {
            ErrorKind::BodyTooLarge => shared.page_size.reduce(asked),
            ErrorKind::Validation => shared.page_size.reject(asked),
            _ => false,
        }
    }

    /// Returns the call for the next page, and the requested size.
    fn list(&self, shared: &Shared, status: &ExecutionStatus) -> (List<AgentExecution, ExecutionFilters>, Option<u32>) {
        let mut list = shared.avala.agents().list_executions(&self.agent).status(status.clone());
        if let Some(project) = &shared.settings.project {
            list = list.project(project.clone());
        }
        if !shared.settings.task_types.is_empty() {
            list = list.task_types(shared.settings.task_types.iter().cloned());
        }
        let size = match &self.cursor {
            // A numbered page of another size would be another page; a smaller one does no harm.
            Some(cursor) => {
                list = list.cursor(cursor.clone());
                shared.page_size.reduced()
            }
            None => shared.page_size.of_pending(),
        };
        (if let Some(size) = size { list.limit(size) } else { list }, size)
    }

    /// Reads the pages of one status. `Some` if a page failed.
    async fn read(
        &mut self,
        shared: &Shared,
        running: &HashSet<ExecutionUid>,
        status: &ExecutionStatus,
        list: List<AgentExecution, ExecutionFilters>,
    ) -> Result<Option<Error>, AgentError> {
        let mut items = list.items();
        let mut page: Option<Option<Cursor>> = None;
        loop {
            let is_new = page.as_ref().is_none_or(|page| page.as_ref() != items.cursor());
            let begun = is_new.then(|| items.cursor().cloned());
            let next = items.next().await;
            let is_page = !matches!(&next, Some(Err(error)) if error.raw_record().is_none());
            if let Some(begun) = begun.filter(|_| is_page) {
                self.begin_page(status, begun.as_ref());
                page = Some(begun);
            }
            match next {
                None => return Ok(None),
                Some(Ok(execution)) => {
                    self.add(shared, running, status, execution);
                    if self.ends_early() {
                        return Ok(None);
                    }
                }
                Some(Err(error)) => match error.raw_record() {
                    Some(raw) => {
                        self.total += 1;
                        park_undecodable(shared, raw, &error, &mut self.known).await?;
                    }
                    None => {
                        self.cursor = items.cursor().cloned();
                        return Ok(Some(error));
                    }
                },
            }
        }
    }

    fn begin_page(&mut self, status: &ExecutionStatus, cursor: Option<&Cursor>) {
        self.pages_read += 1;
        (self.failures, self.skips) = (0, 0);
        if *status == ExecutionStatus::Pending {
            self.pages.begin(cursor, self.startable);
        }
    }

    /// Returns whether the remaining pages are not needed, because older executions cannot follow.
    fn ends_early(&self) -> bool {
        matches!(self.start, Start::Oldest) && self.order.rises() && self.executions.is_full()
    }

    fn add(
        &mut self,
        shared: &Shared,
        running: &HashSet<ExecutionUid>,
        status: &ExecutionStatus,
        execution: AgentExecution,
    ) {
        self.total += 1;
        self.bytes += size(&execution);
        let is_pending = *status == ExecutionStatus::Pending;
        if is_pending {
            self.order.add(execution.created_at);
            self.pages.add(execution.created_at);
            self.last = Some(execution.created_at);
        }
        let (is_known, is_done) = {
            let records = shared.records();
            (records.is_known(&execution.uid), records.is_done(&execution.uid))
        };
        if is_known {
            self.known.insert(execution.uid.clone());
        }
        if !is_undecided(&execution) || shared.handler(&execution.event_type).is_none() {
            return;
        }
        self.found_running |= execution.status == Some(ExecutionStatus::Running);
        let created: Option<SystemTime> = execution.created_at.map(Into::into);
        self.oldest = self.oldest.into_iter().chain(created).min();
        // Executions that cannot start are not added, because many parked executions would keep newer ones out.
        if !is_done && !running.contains(&execution.uid) {
            let start_at = shared.retries().get(&execution.uid).copied();
            self.startable += usize::from(is_pending && start_at.is_none());
            self.executions.add(execution, start_at);
        }
    }
}

/// Returns whether there is no page at this cursor.
pub(super) fn is_gone(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Validation | ErrorKind::Request)
}

/// Returns the page after a numbered one.
fn next_number(cursor: &Cursor) -> Option<Cursor> {
    let mut is_numbered = false;
    let pairs = cursor.query().ok()?.split('&').map(|pair| {
        let number = pair.strip_prefix("page=").and_then(|number| number.parse::<u64>().ok());
        number.and_then(|number| number.checked_add(1)).map_or_else(
            || pair.to_owned(),
            |next| {
                is_numbered = true;
                format!("page={next}")
            },
        )
    });
    let query = pairs.collect::<Vec<_>>().join("&");
    is_numbered.then(|| query.parse().ok()).flatten()
}

/// Parks an execution that cannot be decoded. An execution without a UID can only be logged.
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

/// Returns whether the execution is undecided. A server may list running executions as pending.
pub(super) fn is_undecided(execution: &AgentExecution) -> bool {
    execution.action.is_none()
        && !matches!(execution.status, Some(ExecutionStatus::Completed | ExecutionStatus::Failed))
}
