//! How executions and runs end.

use avala_client::types::AgentExecution;

use crate::error::BoxError;

/// How one execution ended in this round.
#[derive(Debug)]
pub(crate) enum Ending {
    Decided,
    Undecided,
    /// To be handled again after a delay.
    Failed(Box<AgentExecution>),
    /// To be tried again: another process holds the claim, this process stops, or the server is not available.
    Postponed,
    /// To be tried again: the claim store failed.
    Unclaimed(BoxError),
    /// The decision was not acknowledged when this process stopped or lost its claim. It stays in the journal, and the
    /// claim is not released: it ends by itself.
    Interrupted,
}

/// When a run ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Only when it is stopped.
    Stopped,
    /// After everything that one poll returned was handled once, or the list cannot be read.
    OnePoll,
    /// When a poll returns nothing to do and nothing is in flight, or nothing succeeds any more.
    Idle,
}
