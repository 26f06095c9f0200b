//! Looks up executions after an unknown outcome: first on a few probable pages, then in the list without a status.
//! Concurrent look-ups share a walk through that list: after an outage many outcomes are unknown at once, and a
//! separate walk for each would use up the rate limit of an hour.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_client::resources::ExecutionFilters;
use avala_client::types::{AgentExecution, Cursor, ExecutionStatus, ExecutionUid};
use avala_client::{Avala, Error, ErrorKind, Items, List};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::backoff;
use crate::page_size::PageSize;
use crate::registration::Registered;

/// How long a walk waits for more look-ups.
const GATHER: Duration = Duration::from_millis(500);
const LONGEST_GATHER: Duration = Duration::from_secs(30);
/// Number of failures of one page after which the look-ups fail.
const MAX_FAILURES: u32 = 4;
/// Maximum number of the oldest pending executions that are read before the whole list is.
const OLDEST: usize = 2_000;
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The execution; `None` if it is not listed.
pub(crate) type Found = Result<Option<AgentExecution>, Arc<Error>>;

/// Executions that are being looked up.
#[derive(Default)]
pub(crate) struct Lookups(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    /// Executions for the next walk. A running walk may have read their pages before the decision.
    wanted: Vec<Wanted>,
    is_walking: bool,
    /// The page where the oldest pending executions begin, if it is not the first one.
    oldest: Option<Cursor>,
}

struct Wanted {
    uid: ExecutionUid,
    found: oneshot::Sender<Found>,
}

impl Lookups {
    /// Looks up an execution, in a walk through the list that starts after this call.
    pub(crate) async fn find(
        self: &Arc<Self>,
        list: &AllExecutions,
        uid: &ExecutionUid,
        abort: &CancellationToken,
    ) -> Found {
        loop {
            let (found, result) = oneshot::channel();
            let is_first = {
                let mut queue = self.queue();
                queue.wanted.push(Wanted { uid: uid.clone(), found });
                !std::mem::replace(&mut queue.is_walking, true)
            };
            if is_first {
                // In its own task, because this look-up may be dropped while others wait for the same walk.
                let (walks, list, abort) = (Walks(Some(Arc::clone(self))), list.clone(), abort.clone());
                tokio::spawn(async move { abort.run_until_cancelled(walks.run(&list)).await });
            }
            if let Ok(found) = result.await {
                return found;
            }
            // The walk was cancelled: its run ended, and this look-up is dropped soon.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sets the page of the oldest pending executions, if it is not the first one.
    pub(crate) fn set_oldest(&self, page: Option<Cursor>) {
        self.queue().oldest = page;
    }

    fn is_wanted(&self) -> bool {
        !self.queue().wanted.is_empty()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Each change is one step, so the queue is valid after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to walk; `None` after the walk. If it is dropped earlier, the queued look-ups are cancelled.
struct Walks(Option<Arc<Lookups>>);

impl Walks {
    /// Walks until no look-up is queued. Waits before each walk, at most for the duration of the last one, so that more
    /// look-ups share the walk.
    async fn run(mut self, list: &AllExecutions) {
        let mut gather = GATHER;
        while let Some(lookups) = &self.0 {
            if lookups.is_wanted() {
                tokio::time::sleep(gather).await;
            }
            let (wanted, oldest) = {
                let mut queue = lookups.queue();
                queue.is_walking = !queue.wanted.is_empty();
                (std::mem::take(&mut queue.wanted), queue.oldest.clone())
            };
            if wanted.is_empty() {
                self.0 = None;
            } else {
                let began = Instant::now();
                list.find(wanted, oldest).await;
                gather = began.elapsed().clamp(GATHER, LONGEST_GATHER);
            }
        }
    }
}

impl Drop for Walks {
    fn drop(&mut self) {
        if let Some(lookups) = &self.0 {
            let mut queue = lookups.queue();
            queue.is_walking = false;
            queue.wanted.clear();
        }
    }
}

/// The list of all executions of an agent, decided ones included.
#[derive(Clone)]
pub(crate) struct AllExecutions {
    pub(crate) avala: Avala,
    /// Read for each call, because the agent may register again during a walk.
    pub(crate) agent: Arc<Registered>,
    pub(crate) page_size: Arc<PageSize>,
}

impl AllExecutions {
    /// Looks up executions on a few probable pages, or else in a walk through all pages.
    ///
    /// `oldest` is the page where the oldest pending executions begin, if it is not the first one.
    async fn find(&self, mut wanted: Vec<Wanted>, oldest: Option<Cursor>) {
        let list = |status| self.list().status(status);
        let sized = |list: List<AgentExecution, ExecutionFilters>| match self.page_size.of_all() {
            Some(size) => list.limit(size),
            None => list,
        };
        // Errors are ignored here, because the walk repeats them. If the first page has the newest executions, it has
        // the latest decisions.
        let mut pages = vec![sized(list(ExecutionStatus::Completed))];
        match oldest {
            None => pages.push(sized(list(ExecutionStatus::Pending))),
            Some(cursor) => {
                let mut items = list(ExecutionStatus::Pending).cursor(cursor).items();
                let _ = find_in(&mut items, &mut wanted, OLDEST).await;
            }
        }
        for page in pages {
            if !wanted.is_empty()
                && let Ok(page) = page.await
            {
                page.items.iter().for_each(|execution| found(execution, &mut wanted));
            }
        }
        if !wanted.is_empty() {
            self.walk(wanted).await;
        }
    }

    fn list(&self) -> List<AgentExecution, ExecutionFilters> {
        self.avala.agents().list_executions(self.agent.uid())
    }

    /// Walks through all pages, or until all executions are found. A page that fails is requested again.
    async fn walk(&self, mut wanted: Vec<Wanted>) {
        let (mut cursor, mut failures): (Option<Cursor>, u32) = (None, 0);
        let result = loop {
            let (list, size) = match &cursor {
                Some(cursor) => (self.list().cursor(cursor.clone()), self.page_size.reduced()),
                None => (self.list(), self.page_size.of_all()),
            };
            let mut items = if let Some(size) = size { list.limit(size) } else { list }.items();
            let Err(error) = find_in(&mut items, &mut wanted, usize::MAX).await else { break Ok(None) };
            let can_resize = match error.kind() {
                ErrorKind::BodyTooLarge => self.page_size.reduce(size),
                ErrorKind::Validation => self.page_size.reject(size),
                _ => false,
            };
            let is_same_page = items.cursor() == cursor.as_ref();
            failures = if is_same_page || error.kind() == ErrorKind::NotFound { failures + 1 } else { 1 };
            let is_fatal = matches!(error.kind(), ErrorKind::Authentication | ErrorKind::Forbidden);
            if is_fatal || (failures >= MAX_FAILURES && !can_resize) {
                break Err(Arc::new(error));
            }
            // A page may no longer exist because the list became shorter.
            cursor = items.cursor().cloned().filter(|_| error.kind() != ErrorKind::NotFound);
            if !can_resize {
                let delay = backoff::delay(failures, FIRST_DELAY, LONGEST_GATHER);
                let delay = error.retry_after().map_or(delay, |asked| delay.max(backoff::later(asked)));
                tokio::time::sleep(delay).await;
            }
        };
        for wanted in wanted {
            // The receiver was dropped if the delivery was interrupted.
            let _ = wanted.found.send(result.clone());
        }
    }
}

/// Reads pages until all executions are found, this many executions are read, or a page fails.
async fn find_in(items: &mut Items<AgentExecution>, wanted: &mut Vec<Wanted>, most: usize) -> Result<(), Error> {
    for _ in 0..most {
        match items.next().await {
            Some(Ok(execution)) => found(&execution, wanted),
            // An execution that cannot be decoded does not hide the others.
            Some(Err(error)) if error.raw_record().is_some() => {}
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
        if wanted.is_empty() {
            return Ok(());
        }
    }
    Ok(())
}

/// Ends the look-ups of this execution.
fn found(execution: &AgentExecution, wanted: &mut Vec<Wanted>) {
    for wanted in wanted.extract_if(.., |wanted| wanted.uid == execution.uid) {
        // The receiver was dropped if the delivery was interrupted.
        let _ = wanted.found.send(Ok(Some(execution.clone())));
    }
}
