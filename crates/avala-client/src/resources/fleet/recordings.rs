//! Recordings of devices.

use std::time::Duration;

use avala_types::{DeviceUid, FleetRecording, RecordingStatus, RecordingUid, UpdateFleetRecording};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;
use crate::wait::{Progress, Wait};

/// Calls for recordings of devices. Returned by [`Fleet::recordings`](super::Fleet::recordings).
#[derive(Clone, Debug)]
pub struct FleetRecordings {
    avala: Avala,
}

impl FleetRecordings {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the recordings of the account (`GET /fleet/recordings/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::RecordingStatus;
    ///
    /// let mut recordings = avala.fleet().recordings().list().device("dev1").status(RecordingStatus::Ready).items();
    /// while let Some(recording) = recordings.next().await {
    ///     let recording = recording?;
    ///     println!("{}: {:?}, {:?} bytes", recording.uid, recording.status, recording.size_bytes);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<FleetRecording, FleetRecordingFilters> {
        self.avala.list(Endpoint::get("fleet.recordings.list", "/fleet/recordings/"), &[])
    }

    /// Gets a recording (`GET /fleet/recordings/{recording_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let recording = avala.fleet().recordings().get("r1").await?;
    /// println!("{}: {:?}, {:?} bytes", recording.uid, recording.status, recording.size_bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<RecordingUid>) -> Call<FleetRecording> {
        let endpoint = Endpoint::get("fleet.recordings.get", "/fleet/recordings/{recording_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }

    /// Updates a recording (`PATCH /fleet/recordings/{recording_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{RecordingStatus, UpdateFleetRecording};
    ///
    /// let changes = UpdateFleetRecording::default().status(RecordingStatus::Archived);
    /// let recording = avala.fleet().recordings().update("r1", &changes).await?;
    /// println!("{}: {:?}, {:?} bytes", recording.uid, recording.status, recording.size_bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, uid: impl Into<RecordingUid>, changes: &UpdateFleetRecording) -> Call<FleetRecording> {
        let endpoint = Endpoint::patch("fleet.recordings.update", "/fleet/recordings/{recording_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes a recording (`DELETE /fleet/recordings/{recording_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.fleet().recordings().delete("r1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such recording"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<RecordingUid>) -> Call<()> {
        let endpoint = Endpoint::delete("fleet.recordings.delete", "/fleet/recordings/{recording_uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }

    /// Waits until a recording can be used: polls every 5 seconds, for at most an hour.
    ///
    /// A recording whose files could not be read fails with [`ErrorKind::JobFailed`](crate::ErrorKind::JobFailed).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let recording = avala.fleet().recordings().wait("r1").await?;
    /// println!("{:?} s", recording.duration_seconds);
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait(&self, uid: impl Into<RecordingUid>) -> Wait<FleetRecording> {
        Wait::new(self.get(uid), Duration::from_secs(5), Duration::from_secs(3600), progress)
    }
}

fn progress(recording: &FleetRecording) -> Progress {
    match &recording.status {
        Some(RecordingStatus::Ready | RecordingStatus::Completed | RecordingStatus::Archived) => Progress::Ready,
        Some(status @ RecordingStatus::Error) => {
            Progress::Failed(format!("recording {} ended as `{status}`", recording.uid))
        }
        status => Progress::Running(status.as_ref().map(ToString::to_string)),
    }
}

filters! {
    /// Filters of [`FleetRecordings::list`].
    pub enum FleetRecordingFilters {
        /// Lists only recordings of this device.
        fn device(self, device: impl Into<DeviceUid>) {
            self.param("device", device.into().as_str())
        }

        /// Lists only recordings with this status.
        fn status(self, status: impl Into<RecordingStatus>) {
            self.param("status", status.into().as_str())
        }
    }
}
