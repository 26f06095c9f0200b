//! Finds executions after an unknown outcome: on a few pages where they probably are, then in the list without a status.
//! Look-ups at the same time share a walk through that list: after an outage many outcomes are unknown at once, and a walk
//! of its own for each would take the rate limit of an hour.

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

/// How long a walk waits for further look-ups.
const GATHER: Duration = Duration::from_millis(500);
const LONGEST_GATHER: Duration = Duration::from_secs(30);
/// After so many failures of one page the look-ups fail.
const MAX_FAILURES: u32 = 4;
/// So many of the oldest pending executions are read at most before all are.
const OLDEST: usize = 2_000;
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// The execution; `None` if it is not listed.
pub(crate) type Found = Result<Option<AgentExecution>, Arc<Error>>;

/// Executions that are being looked up.
#[derive(Default)]
pub(crate) struct Lookups(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    /// Executions for the next walk. A walk that has begun may have read their pages before the decision.
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
    /// Finds an execution, in a walk through the list that begins after this call.
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
                // A task of its own, because this look-up may be given up while others wait for the same walk.
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

    /// Sets where the oldest pending executions are listed: the page, if it is not the first one.
    pub(crate) fn set_oldest(&self, page: Option<Cursor>) {
        self.queue().oldest = page;
    }

    fn is_wanted(&self) -> bool {
        !self.queue().wanted.is_empty()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Changed in one step each, so the queue is sound after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to walk; `None` once the walk ended. If it is dropped earlier, the queued look-ups are cancelled.
struct Walks(Option<Arc<Lookups>>);

impl Walks {
    /// Walks until nothing is wanted. Waits before each walk, at most as long as the last one took, so that more look-ups
    /// share it.
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
    /// Read for each call: it may register again while look-ups wait for a walk, or while one walks.
    pub(crate) agent: Arc<Registered>,
    pub(crate) page_size: Arc<PageSize>,
}

impl AllExecutions {
    /// Finds executions: on a few pages where they probably are, or else in a walk through all.
    ///
    /// `oldest` is the page where the oldest pending ones begin, if it is not the first one.
    async fn find(&self, mut wanted: Vec<Wanted>, oldest: Option<Cursor>) {
        let list = |status| self.list().status(status);
        let sized = |list: List<AgentExecution, ExecutionFilters>| match self.page_size.of_all() {
            Some(size) => list.limit(size),
            None => list,
        };
        // Whatever fails here, the walk shows it. The latest decisions are on the first page if it has the newest ones.
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

    /// Walks through all pages, or until everything is found. A page that fails is requested again.
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
            // A page may be gone because the list became shorter.
            cursor = items.cursor().cloned().filter(|_| error.kind() != ErrorKind::NotFound);
            if !can_resize {
                let delay = backoff::delay(failures, FIRST_DELAY, LONGEST_GATHER);
                let delay = error.retry_after().map_or(delay, |asked| delay.max(backoff::later(asked)));
                tokio::time::sleep(delay).await;
            }
        };
        for wanted in wanted {
            // The receiver is gone if the delivery was interrupted.
            let _ = wanted.found.send(result.clone());
        }
    }
}

/// Reads pages until everything is found, at most this many executions, or until a page fails.
async fn find_in(items: &mut Items<AgentExecution>, wanted: &mut Vec<Wanted>, most: usize) -> Result<(), Error> {
    for _ in 0..most {
        match items.next().await {
            Some(Ok(execution)) => found(&execution, wanted),
            // One execution that cannot be decoded does not hide the others.
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
        // The receiver is gone if the delivery was interrupted.
        let _ = wanted.found.send(Ok(Some(execution.clone())));
    }
}
