//! Finds executions in the list without a status. Look-ups at the same time share a walk through the list: after an
//! outage many outcomes are unknown at once, and a walk of its own for each would take the rate limit of an hour.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use avala_client::types::{AgentExecution, AgentUid, ExecutionUid};
use avala_client::{Avala, Error};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

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
}

struct Wanted {
    uid: ExecutionUid,
    found: oneshot::Sender<Found>,
}

impl Lookups {
    /// Finds an execution, in a walk through the list that begins after this call.
    pub(crate) async fn find(
        self: &Arc<Self>,
        avala: &Avala,
        agent: &AgentUid,
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
                let (walks, abort) = (Walks(Some(Arc::clone(self))), abort.clone());
                let (avala, agent) = (avala.clone(), agent.clone());
                tokio::spawn(async move { abort.run_until_cancelled(walks.run(&avala, &agent)).await });
            }
            if let Ok(found) = result.await {
                return found;
            }
            // The walk was cancelled: its run ended, and this look-up is dropped soon.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Changed in one step each, so the queue is sound after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to walk; `None` once the walk ended. If it is dropped earlier, the queued look-ups are cancelled.
struct Walks(Option<Arc<Lookups>>);

impl Walks {
    /// Walks until nothing is wanted.
    async fn run(mut self, avala: &Avala, agent: &AgentUid) {
        while let Some(lookups) = &self.0 {
            let wanted = {
                let mut queue = lookups.queue();
                queue.is_walking = !queue.wanted.is_empty();
                std::mem::take(&mut queue.wanted)
            };
            if wanted.is_empty() {
                self.0 = None;
            } else {
                walk(avala, agent, wanted).await;
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

/// Reads all pages, until everything is found.
async fn walk(avala: &Avala, agent: &AgentUid, mut wanted: Vec<Wanted>) {
    let mut executions = avala.agents().list_executions(agent).items();
    let mut result = Ok(None);
    while let Some(execution) = executions.next().await {
        let execution = match execution {
            Ok(execution) => execution,
            // One execution that cannot be decoded does not hide the others.
            Err(error) if error.raw_record().is_some() => continue,
            Err(error) => {
                result = Err(Arc::new(error));
                break;
            }
        };
        for index in (0..wanted.len()).rev() {
            if wanted.get(index).is_some_and(|wanted| wanted.uid == execution.uid) {
                let _ = wanted.swap_remove(index).found.send(Ok(Some(execution.clone())));
            }
        }
        if wanted.is_empty() {
            return;
        }
    }
    for wanted in wanted {
        // The receiver is gone if the delivery was interrupted.
        let _ = wanted.found.send(result.clone());
    }
}
