//! End of a run, and its report.

use avala_client::types::AgentExecution;

/// Report of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Executions whose decision was acknowledged, or made by another client.
    pub decided: usize,
    /// Executions that were left or parked.
    pub undecided: usize,
    /// Handler runs that failed and will be retried.
    pub failed: usize,
}

/// How one execution ended in this round.
#[derive(Debug)]
pub(crate) enum Ending {
    Decided,
    Undecided,
    /// To be handled again after a delay.
    Failed(Box<AgentExecution>),
    /// To be tried again: another process holds the claim, this process stops, or the server is not available.
    Postponed,
    /// The decision was not acknowledged when this process stopped or lost its claim. It stays in the journal, and the
    /// claim is not released: it ends by itself.
    Interrupted,
}

/// When a run ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Only when it is stopped.
    Stopped,
    /// After everything that one poll returned was handled once.
    OnePoll,
    /// When a poll returns nothing to do and nothing is in flight.
    Idle,
}
