//! One entry of the journal.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use avala_client::types::{ExecutionUid, TaskUid};
use serde::{Deserialize, Serialize};

use crate::decision::Decision;

/// The version of the format of records.
#[cfg(feature = "journal-redb")]
pub(crate) const VERSION: u64 = 1;

/// Maximum size in bytes of the kept content of an entry that cannot be decoded.
const MAX_RAW_BYTES: usize = 64 << 10;

/// Entry of the journal for one execution. Serializes as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Record {
    /// The execution.
    pub execution: ExecutionUid,
    /// The type of its event.
    #[serde(default)]
    pub event_type: String,
    /// Its task, if it has one.
    #[serde(default)]
    pub task: Option<TaskUid>,
    /// State of the execution.
    pub state: RecordState,
    /// Number of handler runs, including a current one.
    #[serde(default)]
    pub attempts: u32,
    /// Consecutive starts that never ended: the process was killed, perhaps by the handler.
    #[serde(default)]
    pub open_starts: u32,
    /// Failed handler runs: errors, panics and timeouts.
    #[serde(default)]
    pub failures: u32,
    /// The decision, if it is known.
    #[serde(default)]
    pub decision: Option<Decision>,
    /// The last failure, or the reason for parking.
    #[serde(default)]
    pub note: Option<String>,
    /// When a failed execution is tried again, in Unix milliseconds.
    #[serde(default)]
    pub retry_at_ms: Option<u64>,
    /// When the record was last written, in Unix milliseconds.
    #[serde(default)]
    pub updated_at_ms: u64,
    /// The raw content of an entry or an execution that could not be decoded: its first 64 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

/// The state of a [`Record`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecordState {
    /// The handler was started.
    Started,
    /// The handler failed and will run again.
    Failed,
    /// The decision is known but has not been sent.
    Decided,
    /// The decision may have been sent; the outcome is unknown.
    Sent,
    /// The server has a decision, ours or another one.
    Acknowledged,
    /// The handler left the execution undecided.
    Left,
    /// The runtime gave up; a person decides.
    Parked,
}

impl Record {
    pub(crate) fn new(execution: ExecutionUid, event_type: impl Into<String>, task: Option<TaskUid>) -> Self {
        Self {
            execution,
            event_type: event_type.into(),
            task,
            state: RecordState::Started,
            attempts: 0,
            open_starts: 0,
            failures: 0,
            decision: None,
            note: None,
            retry_at_ms: None,
            updated_at_ms: now_ms(),
            raw: None,
        }
    }

    /// Creates a parked record that keeps the raw content of an entry or an execution which cannot be decoded.
    pub(crate) fn undecodable(execution: ExecutionUid, raw: &[u8], reason: String) -> Self {
        let mut record = Self::new(execution, "", None);
        record.state = RecordState::Parked;
        record.note = Some(reason);
        record.raw = Some(String::from_utf8_lossy(raw.get(..MAX_RAW_BYTES).unwrap_or(raw)).into_owned());
        record
    }

    /// Sets the state and the time of the change.
    pub(crate) fn enter(&mut self, state: RecordState) {
        self.state = state;
        self.updated_at_ms = now_ms();
    }

    /// Returns whether the decision has to be sent, or its outcome has to be determined.
    pub(crate) fn is_undelivered(&self) -> bool {
        matches!(self.state, RecordState::Decided | RecordState::Sent)
    }

    /// Returns whether the execution is finished for this runtime.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, RecordState::Acknowledged | RecordState::Left | RecordState::Parked)
    }

    /// Returns the remaining wait of a failed execution, of which the longest is `max`: a longer one is ignored, because
    /// the clock was changed since it was written.
    pub(crate) fn retry_in(&self, max: Duration) -> Duration {
        let wait = Duration::from_millis(self.retry_at_ms.unwrap_or(0).saturating_sub(now_ms()));
        if wait > max { Duration::ZERO } else { wait }
    }
}

pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
