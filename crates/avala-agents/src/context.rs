//! Context that a handler receives.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use avala_client::Avala;
use avala_client::types::{AgentExecution, EventType, ExecutionUid, Json};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::event::Event;

/// Context of a handler: one execution and its event. Clones share their state.
///
/// A handler may run more than once for the same execution: after a crash, a timeout, or a failure. Use
/// [`uid`](Context::uid) as the idempotency key of side effects. The *decision* is sent once.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    execution: Arc<AgentExecution>,
    event: Event,
    reason: RunReason,
    attempt: u32,
    avala: Avala,
    progress: Progress,
}

/// Reason why a handler runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RunReason {
    /// The execution is handled for the first time.
    New,
    /// The handler ran before without a decision: it failed, timed out, or was stopped with its process.
    Retry,
    /// The process ended while the handler ran, or before its decision was acknowledged.
    Replay,
    /// Another process lost its lease while it handled the execution.
    Takeover,
}

impl RunReason {
    /// Returns the reason as a word, for spans.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Retry => "retry",
            Self::Replay => "replay",
            Self::Takeover => "takeover",
        }
    }
}

impl fmt::Display for RunReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The execution was cancelled: the runtime is at the end of its grace period, or lost its claim.
///
/// Return as soon as possible; the decision of a cancelled handler is not sent by this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the execution was cancelled: this process stops, or lost its claim on the execution")]
pub struct Cancelled;

impl Context {
    pub(crate) fn new(
        execution: Arc<AgentExecution>,
        reason: RunReason,
        attempt: u32,
        avala: Avala,
        progress: Progress,
    ) -> Self {
        let event = Event::of(&execution);
        Self(Arc::new(Inner { execution, event, reason, attempt, avala, progress }))
    }

    /// Returns the UID of the execution: the idempotency key for side effects.
    #[must_use]
    pub fn uid(&self) -> &ExecutionUid {
        &self.0.execution.uid
    }

    /// Returns the type of the event.
    #[must_use]
    pub fn event_type(&self) -> &EventType {
        &self.0.execution.event_type
    }

    /// Returns the typed event.
    #[must_use]
    pub fn event(&self) -> &Event {
        &self.0.event
    }

    /// Returns the raw payload of the event; `None` if the server sent none.
    #[must_use]
    pub fn payload(&self) -> Option<&Json> {
        self.0.execution.event_payload.as_ref()
    }

    /// Returns the execution as the server sent it.
    #[must_use]
    pub fn execution(&self) -> &AgentExecution {
        &self.0.execution
    }

    /// Returns the client of the runtime. Calls of the handler share its rate limit.
    #[must_use]
    pub fn avala(&self) -> &Avala {
        &self.0.avala
    }

    /// Returns the number of this attempt at the execution, from 1. Attempts that ended with their process are counted.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempt
    }

    /// Returns why the handler runs.
    #[must_use]
    pub fn reason(&self) -> RunReason {
        self.0.reason
    }

    /// Reports that a long handler is making progress: restarts its timeout and renews its claim.
    ///
    /// # Errors
    /// [`Cancelled`] if the handler should stop, or has ended.
    pub fn progress(&self) -> Result<(), Cancelled> {
        self.0.progress.extend()
    }

    /// Waits until the execution is cancelled, or the handler has ended; for use in `tokio::select!`, and for tasks that a
    /// handler starts.
    pub async fn cancelled(&self) {
        self.0.progress.cancel.cancelled().await;
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { execution, reason, attempt, .. } = &*self.0;
        // Payloads are free-form and may be large, so they are not printed.
        f.debug_struct("Context")
            .field("uid", &execution.uid)
            .field("event_type", &execution.event_type)
            .field("reason", reason)
            .field("attempt", attempt)
            .finish_non_exhaustive()
    }
}

/// Deadline and cancellation of one handler run, shared by the context and the runtime.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    timeout: Duration,
    deadline: Arc<Mutex<Option<Instant>>>,
    /// Counts the calls of `progress`, so that the runtime renews the lease.
    reports: watch::Sender<u64>,
    cancel: CancellationToken,
}

impl Progress {
    /// Starts the timeout of a handler. [`Duration::MAX`] means no timeout.
    pub(crate) fn start(timeout: Duration, cancel: CancellationToken) -> Self {
        let deadline = Arc::new(Mutex::new(Instant::now().checked_add(timeout)));
        Self { timeout, deadline, reports: watch::Sender::new(0), cancel }
    }

    fn extend(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() {
            return Err(Cancelled);
        }
        *self.lock() = Instant::now().checked_add(self.timeout);
        self.reports.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Waits until the deadline, even if it is moved.
    pub(crate) async fn expired(&self) {
        loop {
            let Some(deadline) = *self.lock() else { return std::future::pending().await };
            if Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }

    pub(crate) fn reports(&self) -> watch::Receiver<u64> {
        self.reports.subscribe()
    }

    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    /// Returns a guard that cancels when it is dropped.
    pub(crate) fn cancel_on_drop(self) -> DropGuard {
        self.cancel.drop_guard()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // Written in one step, so the value is valid after a panic elsewhere.
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
