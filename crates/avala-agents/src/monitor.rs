//! Health and counters of a running agent.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use avala_client::types::AgentAction;
use tokio::time::Instant;

/// Health and counters of an agent. Clones observe the same agent; a read costs a few atomic loads.
///
/// ```
/// # async fn readiness(agent: &avala_agents::Agent) -> bool {
/// let monitor = agent.monitor();
/// monitor.health().ready
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Monitor(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    ready: AtomicBool,
    quiet: AtomicBool,
    incomplete: AtomicBool,
    last_poll: Mutex<Option<Instant>>,
    oldest_pending: Mutex<Option<SystemTime>>,
    in_flight: AtomicU64,
    counts: [AtomicU64; Count::LEN],
}

/// Counters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Polls,
    FailedPolls,
    Fetched,
    Handled,
    Failed,
    TimedOut,
    Panicked,
    Parked,
    Approved,
    Rejected,
    Flagged,
    Skipped,
    OtherActions,
    Left,
    DecidedElsewhere,
    ResentDecisions,
    LostClaims,
    FailedClaims,
    UnlistedPages,
}

impl Count {
    const LEN: usize = Self::UnlistedPages as usize + 1;

    fn of(action: Option<&AgentAction>) -> Self {
        match action {
            Some(AgentAction::Approve) => Self::Approved,
            Some(AgentAction::Reject) => Self::Rejected,
            Some(AgentAction::Flag) => Self::Flagged,
            Some(AgentAction::Skip) => Self::Skipped,
            Some(_) => Self::OtherActions,
            None => Self::Left,
        }
    }
}

/// The state of an agent at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Registered, polling, and neither quiet nor draining, and the list of executions can be read: use it for readiness
    /// probes. False after three polls in a row that failed, until one succeeds.
    pub ready: bool,
    /// Whether [`Monitor::set_quiet`] stopped new work.
    pub quiet: bool,
    /// Whether the last poll left pages of the list out, because they fail again and again. What is on them, and behind
    /// them, waits at the server.
    pub incomplete: bool,
    /// Time since the last successful poll; `None` before the first one.
    pub since_last_poll: Option<Duration>,
    /// When the oldest pending execution of the last poll was created; `None` if nothing is pending.
    pub oldest_pending: Option<SystemTime>,
    /// Executions that are being handled or delivered.
    pub in_flight: u64,
}

/// Counters since the start of the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Successful polls.
    pub polls: u64,
    /// Failed polls.
    pub failed_polls: u64,
    /// Pending executions that polls returned, including repetitions.
    pub fetched: u64,
    /// Handler runs that returned a decision.
    pub handled: u64,
    /// Handler runs that failed, including timeouts and panics.
    pub failed: u64,
    /// Handler runs that timed out.
    pub timed_out: u64,
    /// Handler runs that panicked.
    pub panicked: u64,
    /// Executions that were given up.
    pub parked: u64,
    /// Acknowledged decisions, by action.
    pub approved: u64,
    /// Acknowledged rejections.
    pub rejected: u64,
    /// Acknowledged flags.
    pub flagged: u64,
    /// Acknowledged skips.
    pub skipped: u64,
    /// Acknowledged actions that this version does not know.
    pub other_actions: u64,
    /// Executions that handlers left undecided.
    pub left: u64,
    /// Executions that another client decided before the decision of this agent arrived.
    pub decided_elsewhere: u64,
    /// Decisions that were sent again after an unknown outcome.
    pub resent_decisions: u64,
    /// Claims that were lost before the decision was sent.
    pub lost_claims: u64,
    /// Claims that failed because of the claim store.
    pub failed_claims: u64,
    /// Pages of the list that were left out because they failed again and again.
    pub unlisted_pages: u64,
}

impl Monitor {
    /// Returns the current state.
    #[must_use]
    pub fn health(&self) -> Health {
        let last_poll = *self.0.last_poll.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = self.0.quiet.load(Ordering::Relaxed);
        Health {
            ready: self.0.ready.load(Ordering::Relaxed) && !quiet,
            quiet,
            incomplete: self.0.incomplete.load(Ordering::Relaxed),
            since_last_poll: last_poll.map(|at| at.elapsed()),
            oldest_pending: *self.0.oldest_pending.lock().unwrap_or_else(PoisonError::into_inner),
            in_flight: self.0.in_flight.load(Ordering::Relaxed),
        }
    }

    /// Returns the counters.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let count = |which: Count| self.0.counts[which as usize].load(Ordering::Relaxed);
        Counters {
            polls: count(Count::Polls),
            failed_polls: count(Count::FailedPolls),
            fetched: count(Count::Fetched),
            handled: count(Count::Handled),
            failed: count(Count::Failed),
            timed_out: count(Count::TimedOut),
            panicked: count(Count::Panicked),
            parked: count(Count::Parked),
            approved: count(Count::Approved),
            rejected: count(Count::Rejected),
            flagged: count(Count::Flagged),
            skipped: count(Count::Skipped),
            other_actions: count(Count::OtherActions),
            left: count(Count::Left),
            decided_elsewhere: count(Count::DecidedElsewhere),
            resent_decisions: count(Count::ResentDecisions),
            lost_claims: count(Count::LostClaims),
            failed_claims: count(Count::FailedClaims),
            unlisted_pages: count(Count::UnlistedPages),
        }
    }

    /// Stops or resumes the start of new handlers. Running ones continue; readiness is false while quiet. A run that ends
    /// by itself does not end before it is resumed.
    pub fn set_quiet(&self, quiet: bool) {
        self.0.quiet.store(quiet, Ordering::Relaxed);
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.0.quiet.load(Ordering::Relaxed)
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Relaxed);
    }

    pub(crate) fn set_incomplete(&self, incomplete: bool) {
        self.0.incomplete.store(incomplete, Ordering::Relaxed);
    }

    pub(crate) fn polled(&self, fetched: usize, oldest: Option<SystemTime>) {
        self.add(Count::Polls, 1);
        self.add(Count::Fetched, fetched as u64);
        *self.0.last_poll.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        *self.0.oldest_pending.lock().unwrap_or_else(PoisonError::into_inner) = oldest;
    }

    pub(crate) fn acknowledged(&self, action: Option<&AgentAction>) {
        self.add(Count::of(action), 1);
    }

    pub(crate) fn count(&self, which: Count) {
        self.add(which, 1);
    }

    pub(crate) fn set_in_flight(&self, executions: usize) {
        self.0.in_flight.store(executions as u64, Ordering::Relaxed);
    }

    fn add(&self, which: Count, by: u64) {
        self.0.counts[which as usize].fetch_add(by, Ordering::Relaxed);
    }
}
