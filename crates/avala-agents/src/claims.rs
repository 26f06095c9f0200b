//! Claims: which process handles an execution.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use avala_client::types::{ExecutionUid, TaskUid};
use tokio::time::Instant;

use crate::error::BoxError;

/// The future of a call of [`Claims`].
pub type ClaimFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// A store of claims, shared by all processes that run one agent.
///
/// A claim is a lease: it expires unless it is renewed, so that the executions of a crashed process are taken
/// over. An implementation must grant an execution to one holder at a time, and must return an error if it is not
/// certain: an error never means "granted". Every process incarnation creates its own store value with a random ID; a
/// name or host name must not identify a holder.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a claim store",
    note = "implement `avala_agents::Claims`, or use `LocalClaims` for a single process"
)]
pub trait Claims: Send + Sync + 'static {
    /// Claims an execution and counts a start; `None` if another process holds it.
    fn claim<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>>;

    /// Claims an execution like [`claim`](Claims::claim), unless another execution of the same task is claimed: two
    /// handlers of one task would contradict each other. The task is claimed as long as the execution.
    ///
    /// The default ignores the task: executions of one task then run one at a time within each process only.
    fn claim_with_task<'a>(
        &'a self,
        execution: &'a ExecutionUid,
        task: Option<&'a TaskUid>,
    ) -> ClaimFuture<'a, Option<Claim>> {
        let _ = task;
        self.claim(execution)
    }

    /// Extends a lease from now on. `None` if this process no longer holds it.
    fn renew<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>>;

    /// Releases a claim, so that its start does not count as a crash.
    ///
    /// After [`Release::Decided`] a shared store must not grant the execution again for some minutes: another process
    /// may have listed the execution as pending just before.
    fn release<'a>(&'a self, execution: &'a ExecutionUid, release: Release) -> ClaimFuture<'a, ()>;

    /// Returns the duration of a lease; it is renewed three times as often. [`Duration::MAX`] for leases without end.
    fn lease(&self) -> Duration;
}

/// Reason for the release of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Release {
    /// The server has a decision.
    Decided,
    /// The execution is still undecided: its handler failed, left it, or was stopped.
    Undecided,
}

/// A granted claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// When the lease ends unless it is renewed. Measured from before the request, so that it is never too late.
    /// `None` for a lease without end.
    pub valid_until: Option<Instant>,
    /// Number of earlier starts of the execution, in any process, that have not ended.
    pub open_starts: u32,
    /// Whether another process held the execution before and lost its lease.
    pub takeover: bool,
}

impl Claim {
    /// Creates a claim without open starts.
    #[must_use]
    pub fn new(valid_until: Option<Instant>) -> Self {
        Self { valid_until, open_starts: 0, takeover: false }
    }

    /// Sets the number of earlier starts that have not ended.
    #[must_use]
    pub fn with_open_starts(mut self, starts: u32) -> Self {
        self.open_starts = starts;
        self
    }

    /// Sets whether another process held the execution before.
    #[must_use]
    pub fn with_takeover(mut self, takeover: bool) -> Self {
        self.takeover = takeover;
        self
    }
}

/// Claims of a single process, in memory: the default.
#[derive(Debug, Default)]
pub struct LocalClaims {
    held: Mutex<HashMap<ExecutionUid, ()>>,
}

impl Claims for LocalClaims {
    fn claim<'a>(&'a self, execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Claim>> {
        Box::pin(async move {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(held.insert(execution.clone(), ()).is_none().then(|| Claim::new(None)))
        })
    }

    fn renew<'a>(&'a self, _execution: &'a ExecutionUid) -> ClaimFuture<'a, Option<Instant>> {
        // Leases without end are not renewed.
        Box::pin(async { Ok(None) })
    }

    fn release<'a>(&'a self, execution: &'a ExecutionUid, _release: Release) -> ClaimFuture<'a, ()> {
        Box::pin(async move {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(execution);
            Ok(())
        })
    }

    fn lease(&self) -> Duration {
        Duration::MAX
    }
}
