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

/// Outcome of an execution in this round.
#[derive(Debug)]
pub(crate) enum Ending {
    Decided,
    Undecided,
    /// The handler failed: the execution is handled again after a delay.
    Failed(Box<AgentExecution>),
    /// Not handled: another process holds the claim, this process stops, or the server is unavailable.
    Postponed,
    /// The decision was not acknowledged when this process stopped or lost its claim. It stays in the journal, and the
    /// claim is not released: it expires.
    Interrupted,
}

/// When a run ends without a shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Only on shutdown.
    Stopped,
    /// After every execution of one poll was handled once.
    OnePoll,
    /// When a poll returns nothing to do while nothing is in flight.
    Idle,
}
