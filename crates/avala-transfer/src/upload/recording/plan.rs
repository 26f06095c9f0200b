//! Plans the upload of a recording.

use std::time::Duration;

use crate::error::Error;
use crate::run::blocking;
use crate::state::journal::Journal;
use crate::transfers::Transfers;
use crate::upload::dataset::base_url;
use crate::upload::estimate;
use crate::upload::recording::opened::{Identity, inventory};
use crate::upload::recording::records::{KIND, Record, RecordingState};
use crate::upload::recording::settings::RecordingUpload;

/// Number of files whose URLs one call requests, or that one call confirms.
const BATCH: u64 = 100;
/// Other calls of a plain upload: the account, the status three times, `init` and `finalize`.
const PLAIN_CALLS: u64 = 6;
/// Calls of a managed upload without those of its files: the account, `admit`, the status twice, and `finalize`.
const MANAGED_CALLS: u64 = 5;
/// Calls of a file of a managed upload without its grants: `init` and the progress.
const MANAGED_FILE_CALLS: u64 = 2;
const PART_SIZE: u64 = 64 << 20;

/// Plan of the upload of a recording.
///
/// Calls and bytes are exact for a new upload without failures; for a continued upload they are
/// upper bounds. The wait for the recording is not counted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordingPlan {
    /// Number of files.
    pub files: u64,
    /// Size of all files, in bytes.
    pub bytes: u64,
    /// Files that an earlier run sent.
    pub files_done: u64,
    /// Bytes to send.
    pub bytes_to_send: u64,
    /// Calls of the API.
    pub calls: u64,
    /// Minimum duration within the rate limit and the bandwidth limit.
    pub time: Duration,
}

pub(crate) async fn plan(transfers: &Transfers, settings: RecordingUpload) -> Result<RecordingPlan, Error> {
    let files = inventory(transfers, &settings).await?;
    let (folder, base_url) = (transfers.state().clone(), base_url(transfers.avala()));
    let recording = settings.recording.to_string();
    let state = blocking(move || {
        let (path, key) = folder.journal(KIND, &Identity { base_url, recording })?;
        Ok(RecordingState::replay(Journal::peek::<Record>(&path, KIND, &key)?))
    })
    .await?;
    let is_done = |path: &str| {
        state.files.get(path).is_some_and(|file| file.stored.is_some() || file.is_verified || state.is_completed)
    };
    let left: Vec<_> = files.iter().filter(|file| !is_done(&file.path)).collect();
    let bytes_to_send = left.iter().map(|file| file.stamp.size).sum();
    let calls = if settings.is_managed {
        let grants: u64 = left.iter().map(|file| file.stamp.size.div_ceil(PART_SIZE)).sum();
        MANAGED_CALLS + left.len() as u64 * MANAGED_FILE_CALLS + grants
    } else {
        PLAIN_CALLS + 2 * (left.len() as u64).div_ceil(BATCH)
    };
    Ok(RecordingPlan {
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.stamp.size).sum(),
        files_done: (files.len() - left.len()) as u64,
        bytes_to_send,
        calls,
        time: estimate::time(transfers, calls, bytes_to_send),
    })
}
