//! Settings of a recording's upload.

use std::path::{Path, PathBuf};
use std::time::Duration;

use avala_types::{RecordingUid, StorageConfigUid};

use crate::run::RunSettings;

/// Upload of the files of a fleet recording. Passed to
/// [`Transfers::upload_recording`](crate::Transfers::upload_recording).
///
/// The recording must exist. Its upload can be opened only once: if that response is lost, the error is
/// [`ErrorKind::Stuck`](crate::ErrorKind::Stuck), and the files have to be uploaded to another recording.
///
/// ```no_run
/// # async fn example(transfers: avala_transfer::Transfers) -> Result<(), avala_transfer::Error> {
/// use avala_transfer::RecordingUpload;
///
/// let recording = "11111111-1111-4111-8111-111111111111";
/// let report = transfers.upload_recording(RecordingUpload::new(recording, "/data/run1")).await?;
/// println!("{} files", report.files.files.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "an upload does nothing until it is passed to `Transfers::upload_recording`"]
pub struct RecordingUpload {
    pub(crate) recording: RecordingUid,
    pub(crate) source: PathBuf,
    pub(crate) storage_config: Option<StorageConfigUid>,
    pub(crate) is_managed: bool,
    pub(crate) skip_hidden: bool,
    pub(crate) wait: Option<Duration>,
    pub(crate) run: RunSettings,
}

impl RecordingUpload {
    /// Creates an upload of a file, or of every file of a folder, to a recording.
    pub fn new(recording: impl Into<RecordingUid>, source: impl AsRef<Path>) -> Self {
        Self {
            recording: recording.into(),
            source: source.as_ref().to_owned(),
            storage_config: None,
            is_managed: false,
            skip_hidden: false,
            wait: Some(Duration::from_secs(3_600)),
            run: RunSettings::default(),
        }
    }

    /// Uses the protocol `fleet-managed-mcap-v1`: the server verifies the SHA-256 of each file and publishes the
    /// recording as a dataset. For enrolled organizations; there is no fallback in either direction.
    ///
    /// 1 to 64 MCAP files of at most 8 GiB each and 64 GiB together; no storage config.
    pub fn managed(mut self) -> Self {
        self.is_managed = true;
        self
    }

    /// Sets the storage config of the destination. Default: Avala's storage.
    pub fn storage_config(mut self, config: impl Into<StorageConfigUid>) -> Self {
        self.storage_config = Some(config.into());
        self
    }

    /// Sets whether files and folders whose names begin with a dot are skipped. Default: false.
    pub fn skip_hidden(mut self, skip: bool) -> Self {
        self.skip_hidden = skip;
        self
    }

    /// Sets how long to wait until the recording is ready, or a managed upload is published. Default: an hour; `None`
    /// does not wait.
    pub fn wait(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.wait = timeout.into();
        self
    }

    /// Limits the bytes that the run may send, including repeated bytes. At the limit, the run ends with
    /// [`ErrorKind::LimitReached`](crate::ErrorKind::LimitReached), and the next run continues. Default: no limit.
    ///
    /// A file, or a part of a managed file, is started only if all of its bytes are within the limit.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.run.max_bytes = Some(bytes);
        self
    }

    /// Limits the duration of the run, in the same way as [`max_bytes`](Self::max_bytes). Default: no limit.
    pub fn max_time(mut self, time: Duration) -> Self {
        self.run.max_time = Some(time);
        self
    }
}
