//! Report of a run.

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
    /// Decisions that the server has not acknowledged. They stay in the journal, and the next run sends them.
    pub undelivered: usize,
}
