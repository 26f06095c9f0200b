//! Dry run of a dataset upload.

use std::time::Duration;

use avala_types::DataType;

use crate::error::Error;
use crate::run::blocking;
use crate::state::journal::Journal;
use crate::transfers::Transfers;
use crate::upload::dataset::account;
use crate::upload::dataset::inventory::{Inventory, inventory};
use crate::upload::dataset::multipart::SIGN_AT_ONCE;
use crate::upload::dataset::records::{DatasetState, KIND, Record};
use crate::upload::dataset::settings::DatasetUpload;
use crate::upload::estimate;

/// Calls of a file: its URL, and `complete`.
const CALLS_PER_FILE: u64 = 2;
/// Calls of a run: the account, the slug twice, the quota, and the creation.
const CALLS_PER_RUN: u64 = 5;

/// Plan of an upload: its calls, bytes and time.
///
/// Calls and bytes are exact if nothing fails and every file goes by one PUT. A file that the server wants in parts takes
/// one more call for every 8 parts. Waiting for the created dataset is not counted.
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
    /// Bytes that are left to send.
    pub bytes_to_send: u64,
    /// Calls of the API.
    pub calls: u64,
    /// Time that the rate limit and the bandwidth limit need at least.
    pub time: Duration,
    /// Parts whose URLs one call requests.
    pub parts_per_call: u64,
}

pub(crate) async fn plan(transfers: &Transfers, settings: DatasetUpload) -> Result<UploadPlan, Error> {
    let Inventory { files, data_type } = inventory(transfers, &settings).await?;
    let account = account::find(transfers.avala(), settings.organization.as_ref()).await?;
    let (folder, name) = (transfers.state().clone(), settings.name.clone());
    let base_url = account::base_url(transfers.avala());
    let state = blocking(move || {
        let identity = account::Destination { base_url, account: &account.id, dataset_name: &name };
        let (path, key) = folder.journal(KIND, &identity)?;
        Ok(DatasetState::replay(Journal::peek::<Record>(&path, KIND, &key)?))
    })
    .await?;
    let is_done = |path: &str, stamp| {
        let done = state.files.get(path).and_then(|file| file.done);
        done.is_some_and(|(known, _)| known == stamp)
    };
    let (done, left): (Vec<_>, Vec<_>) = files.iter().partition(|file| is_done(&file.path, file.stamp));
    let bytes_to_send = left.iter().map(|file| file.stamp.size).sum();
    let calls = CALLS_PER_RUN + left.len() as u64 * CALLS_PER_FILE;
    Ok(UploadPlan {
        data_type,
        files: files.len() as u64,
        bytes: files.iter().map(|file| file.stamp.size).sum(),
        files_done: done.len() as u64,
        bytes_to_send,
        calls,
        time: estimate::time(transfers, calls, bytes_to_send),
        parts_per_call: SIGN_AT_ONCE as u64,
    })
}
