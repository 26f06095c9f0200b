//! Timers of the uses of Redis.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::runtime::Id;
use tokio::time::{Instant, Sleep, sleep_until};

/// As many timers are kept for the next uses.
const MOST_KEPT: usize = 64;

/// Timers of earlier uses, for the next ones.
///
/// A new timer wakes the thread that drives the runtime, and so does its end. One that is set to a later instant does
/// neither, and with a timeout almost every use ends before its timer.
#[derive(Debug, Default)]
pub(super) struct Timers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    /// The runtime of the timers: they end with it.
    runtime: Option<Id>,
    timers: Vec<Pin<Box<Sleep>>>,
}

impl Timers {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each timer is added and removed in one step, so the list is valid after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the future until the deadline, in this runtime. `None` if it takes longer.
    pub(super) async fn timeout_at<T>(
        &self,
        runtime: Id,
        deadline: Instant,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let mut timer = self.take(runtime, deadline);
        let mut future = pin!(future);
        let result = poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => timer.as_mut().poll(context).map(|()| None),
        })
        .await;
        if result.is_some() {
            self.keep(runtime, timer);
        }
        result
    }

    fn take(&self, runtime: Id, deadline: Instant) -> Pin<Box<Sleep>> {
        let kept = {
            let mut kept = self.kept();
            if kept.runtime != Some(runtime) {
                *kept = Kept { runtime: Some(runtime), timers: Vec::new() };
            }
            kept.timers.pop()
        };
        match kept {
            Some(mut timer) => {
                timer.as_mut().reset(deadline);
                timer
            }
            None => Box::pin(sleep_until(deadline)),
        }
    }

    fn keep(&self, runtime: Id, timer: Pin<Box<Sleep>>) {
        let mut kept = self.kept();
        if kept.runtime == Some(runtime) && kept.timers.len() < MOST_KEPT {
            kept.timers.push(timer);
        }
    }
}
