//! Queue of calls that share a round trip.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::LimitsError;
use crate::token::Token;

/// A call that waits for a shared reservation.
pub(crate) struct Waiter {
    pub(crate) max_wait: Duration,
    pub(crate) reply: oneshot::Sender<Result<Outcome, LimitsError>>,
}

/// Result of one call.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reserved(Token),
    Refused(Duration),
    NoPermit,
}

/// Waiting calls, and the number of calls with a separate round trip.
#[derive(Default)]
pub(crate) struct Queue {
    pub(crate) waiting: VecDeque<Waiter>,
    pub(crate) worker_runs: bool,
    /// Number of calls with a separate round trip.
    pub(crate) flights: usize,
}
