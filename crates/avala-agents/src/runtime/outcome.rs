//! How executions and runs end.

use avala_client::types::AgentExecution;

use crate::error::BoxError;

/// Outcome of an execution in this round.
#[derive(Debug)]
pub(crate) enum Ending {
    Decided,
    Undecided,
    /// The handler failed: the execution is handled again after a delay.
    Failed(Box<AgentExecution>),
    /// Not handled: another process holds the claim, this process stops, or the server is unavailable.
    Postponed,
    /// To be tried again: the claim store failed.
    Unclaimed(BoxError),
    /// The decision was not acknowledged when this process stopped or lost its claim. It stays in the journal, and the
    /// claim is not released: it expires.
    Interrupted,
}

/// When a run ends without a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Only on shutdown.
    Stopped,
    /// After everything that one poll returned was handled once, or the list cannot be read.
    OnePoll,
    /// When a poll returns nothing to do and nothing is in flight, or nothing succeeds any more.
    Idle,
}
