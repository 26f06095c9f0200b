//! Reservations of several calls in one round trip.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::error::{LimitsError, LimitsErrorKind};
use crate::limits::Inner;
use crate::queue::{Outcome, Waiter};
use crate::token::Token;

/// Maximum number of concurrent separate round trips. More calls share the next one.
const OWN_FLIGHTS: usize = 4;
/// Maximum number of calls per round trip.
const MOST_CALLS: usize = 64;

impl Inner {
    /// Reserves a token of the user's limit: a token taken in advance, or one from Redis.
    ///
    /// A call makes a separate round trip, unless several calls already do. Then a task makes one round trip after
    /// another, each for all waiting calls, so that a call that is not polled does not delay others.
    pub(crate) async fn reserve_together(self: &Arc<Self>, max_wait: Duration) -> Result<Outcome, LimitsError> {
        let now = Instant::now();
        let (advance, short) = {
            let mut view = self.view();
            if let Some(start) = view.take(now, max_wait, self.limit) {
                let marks = view.marks(None);
                return Ok(Outcome::Reserved(Token::new(Arc::clone(&self.view), start, marks, None)));
            }
            let lifetime = view.pace(self.limit).lifetime;
            let advance = view.advance(self.batch, lifetime);
            (advance, if advance == 0 { view.short_way(now, None, self.limit) } else { None })
        };
        let waiting = {
            let mut queue = self.queue();
            if queue.flights < OWN_FLIGHTS {
                queue.flights += 1;
                None
            } else {
                let (reply, waiting) = oneshot::channel();
                queue.waiting.push_back(Waiter { max_wait, reply });
                Some((waiting, !std::mem::replace(&mut queue.worker_runs, true)))
            }
        };
        let Some((waiting, starts)) = waiting else {
            let _flight = Flight(self);
            if let Some(expected) = short
                && let Some(outcome) = self.reserve_shortly(&expected, None, None, max_wait).await?
            {
                return Ok(outcome);
            }
            let mut outcomes = self.exchange(None, None, &[max_wait], false, None, advance).await?;
            return outcomes.pop().ok_or_else(ended);
        };
        if starts {
            self.start_worker();
        }
        waiting.await.unwrap_or_else(|_| Err(ended()))
    }

    fn start_worker(self: &Arc<Self>) {
        let worker = Worker { limits: Arc::clone(self), is_done: false };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { worker.run().await });
        }
    }
}

/// Counts a call with a separate round trip, until it ends or is dropped.
struct Flight<'a>(&'a Inner);

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut queue = self.0.queue();
        queue.flights = queue.flights.saturating_sub(1);
    }
}

/// Makes reservations until no call waits. If its runtime ends before, the share of the process decides.
struct Worker {
    limits: Arc<Inner>,
    is_done: bool,
}

impl Worker {
    async fn run(mut self) {
        loop {
            let batch: Vec<Waiter> = {
                let mut queue = self.limits.queue();
                let calls = queue.waiting.len().min(MOST_CALLS);
                if calls == 0 {
                    // Under the same lock, so that no call can wait for a task that has ended.
                    queue.worker_runs = false;
                    self.is_done = true;
                    return;
                }
                queue.waiting.drain(..calls).collect()
            };
            let advance = {
                let view = self.limits.view();
                let lifetime = view.pace(self.limits.limit).lifetime;
                view.advance(self.limits.batch, lifetime)
            };
            let waits: Vec<Duration> = batch.iter().map(|waiter| waiter.max_wait).collect();
            match self.limits.exchange(None, None, &waits, false, None, advance).await {
                Ok(outcomes) => {
                    for (waiter, outcome) in batch.into_iter().zip(outcomes) {
                        // The token of a dropped call is kept for the next call.
                        drop(waiter.reply.send(Ok(outcome)));
                    }
                }
                Err(error) => {
                    for waiter in batch {
                        drop(waiter.reply.send(Err(error.clone())));
                    }
                }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let waiting = {
            let mut queue = self.limits.queue();
            queue.worker_runs = false;
            std::mem::take(&mut queue.waiting)
        };
        drop(waiting);
    }
}

fn ended() -> LimitsError {
    LimitsError::new(LimitsErrorKind::Unavailable, "Redis: the runtime of the reservation ended")
}
