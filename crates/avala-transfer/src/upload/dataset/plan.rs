//! Plans a dataset upload.

use std::time::Duration;

use avala_types::DataType;

use crate::error::Error;
use crate::run::blocking;
use crate::source::walk::SourceFile;
use crate::state::journal::Journal;
use crate::transfers::Transfers;
use crate::upload::dataset::account;
use crate::upload::dataset::checks::{check_keys, check_leftovers, check_quota};
use crate::upload::dataset::create::check_free;
use crate::upload::dataset::inventory::{Inventory, inventory};
use crate::upload::dataset::multipart::{MIN_PART, SIGN_AT_ONCE};
use crate::upload::dataset::records::{Creation, DatasetState, FileState, KIND, Record};
use crate::upload::dataset::settings::DatasetUpload;
use crate::upload::estimate;

/// Calls of a file: its URL, and `complete`.
const CALLS_PER_FILE: u64 = 2;
/// Calls before the first file: the account and the quota.
const CALLS_BEFORE: u64 = 2;
/// Calls that create a dataset: the slug, before the first file and after the last, and the creation.
const CALLS_TO_CREATE: u64 = 3;
/// Calls of a finished upload: the account and the dataset.
const CALLS_IF_FINISHED: u64 = 2;

/// Plan of an upload: its calls, bytes and time.
///
/// Calls and bytes are exact if nothing fails and the server divides files as assumed. The server chooses the part size
/// when the upload of a file starts. Files of more than [`assumed_part_size`](Self::assumed_part_size) are
/// counted as parts of that size, the smallest one, which takes the most calls; started files, as parts of the
/// size that the server chose. The wait for the created dataset is not counted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UploadPlan {
    /// Data type of the dataset.
    pub data_type: DataType,
    /// Number of files.
    pub files: u64,
    /// Size of all files, in bytes.
    pub bytes: u64,
    /// Files that an earlier run finished.
    pub files_done: u64,
    /// Bytes to send, including parts that an interrupted run sent and the server has not listed yet.
    pub bytes_to_send: u64,
    /// Calls of the API.
    pub calls: u64,
    /// Minimum duration within the rate limit and the bandwidth limit.
    pub time: Duration,
    /// Number of parts whose URLs one call requests.
    pub parts_per_call: u64,
    /// Assumed part size in bytes of files that were not started: 5 MiB.
    pub assumed_part_size: u64,
}

pub(crate) async fn plan(transfers: &Transfers, settings: DatasetUpload) -> Result<UploadPlan, Error> {
    let Inventory { files, data_type } = inventory(transfers, &settings).await?;
    let account = account::find(transfers.avala(), settings.organization.as_ref()).await?;
    check_keys(&settings, &account, &files)?;
    let (folder, name, id) = (transfers.state().clone(), settings.name.clone(), account.id.clone());
    let base_url = account::base_url(transfers.avala());
    let state = blocking(move || {
        let identity = account::Destination { base_url, account: &id, dataset_name: &name };
        let (path, key) = folder.journal(KIND, &identity)?;
        Ok(DatasetState::replay(Journal::peek::<Record>(&path, KIND, &key)?))
    })
    .await?;
    let is_finished = matches!(state.creation, Creation::Created { .. }) && !settings.new_batch;
    if !is_finished {
        if settings.create && state.creation == Creation::NotBegun {
            check_free(transfers.avala(), &account, &settings).await?;
        }
        check_leftovers(&settings, &state, &files)?;
        check_quota(transfers.avala(), &settings, &state, &files).await?;
    }
    let is_done = |file: &SourceFile| {
        let done = state.files.get(&file.path).and_then(|file| file.done);
        done.is_some_and(|(known, _)| known == file.stamp)
    };
    let (done, left): (Vec<_>, Vec<_>) = files.iter().partition(|file| is_done(file));
    let bytes_to_send = left.iter().map(|file| file.stamp.size).sum();
    let of_files: u64 = left.iter().map(|file| calls_of(file.stamp.size, state.files.get(&file.path))).sum();
    let calls = match (is_finished, settings.create) {
        (true, _) => CALLS_IF_FINISHED,
        (false, true) => CALLS_BEFORE + CALLS_TO_CREATE + of_files,
        (false, false) => CALLS_BEFORE + of_files,
    };
    Ok(UploadPlan {
        data_type,
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.stamp.size).sum(),
        files_done: done.len() as u64,
        bytes_to_send,
        calls,
        time: estimate::time(transfers, calls, bytes_to_send),
        parts_per_call: SIGN_AT_ONCE as u64,
        assumed_part_size: MIN_PART,
    })
}

fn calls_of(size: u64, known: Option<&FileState>) -> u64 {
    let session = known.and_then(|file| file.session.as_ref());
    let part_size = session.map_or(MIN_PART, |session| session.part_size).max(1);
    let sent = session.map_or(0, |session| session.parts.len() as u64);
    let parts = if session.is_some() || size > part_size { size.div_ceil(part_size).saturating_sub(sent) } else { 0 };
    CALLS_PER_FILE + parts.div_ceil(SIGN_AT_ONCE as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Digest;
    use crate::source::stamp::Stamp;
    use crate::upload::dataset::records::Session;

    #[test]
    fn calls_count_parts_that_are_missing() {
        let parts = |count: u64| (1..=count).map(|number| (number, Digest::of(b""))).collect();
        let session = |part_size: u64, sent: u64| {
            let stamp = Stamp { size: 0, modified: 0, changed: 0 };
            let session = Session { upload: String::new(), stamp, part_size, parts: parts(sent) };
            FileState { session: Some(session), ..FileState::default() }
        };
        for (size, known, calls) in [
            (0, None, 2),
            (MIN_PART, None, 2),
            (MIN_PART + 1, None, 3),
            (8 * MIN_PART, None, 3),
            (8 * MIN_PART + 1, None, 4),
            (100 * MIN_PART, Some(session(10 * MIN_PART, 0)), 4),
            (100 * MIN_PART, Some(session(10 * MIN_PART, 2)), 3),
            (100 * MIN_PART, Some(session(10 * MIN_PART, 10)), 2),
        ] {
            assert_eq!(calls_of(size, known.as_ref()), calls, "{size}");
        }
    }
}
