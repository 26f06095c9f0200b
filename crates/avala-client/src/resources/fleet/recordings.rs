//! Recordings: what a device recorded.

use avala_types::{DeviceUid, FleetRecording, RecordingStatus, RecordingUid, UpdateFleetRecording};

use crate::endpoint::Endpoint;
use crate::{Avala, Call, List};

/// Recordings: what a device recorded. Made by [`Fleet::recordings`](super::Fleet::recordings).
#[derive(Clone, Debug)]
pub struct FleetRecordings {
    avala: Avala,
}

impl FleetRecordings {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// The recordings of the account (`GET /fleet/recordings/`).
    pub fn list(&self) -> List<FleetRecording, FleetRecordingFilters> {
        self.avala.list(Endpoint::get("fleet.recordings.list", "/fleet/recordings/"), &[])
    }

    /// One recording (`GET /fleet/recordings/{recording_uid}/`).
    pub fn get(&self, uid: impl Into<RecordingUid>) -> Call<FleetRecording> {
        let endpoint = Endpoint::get("fleet.recordings.get", "/fleet/recordings/{recording_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }

    /// Changes a recording (`PATCH /fleet/recordings/{recording_uid}/`).
    pub fn update(&self, uid: impl Into<RecordingUid>, changes: &UpdateFleetRecording) -> Call<FleetRecording> {
        let endpoint = Endpoint::patch("fleet.recordings.update", "/fleet/recordings/{recording_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Removes a recording (`DELETE /fleet/recordings/{recording_uid}/`).
    pub fn delete(&self, uid: impl Into<RecordingUid>) -> Call<()> {
        let endpoint = Endpoint::delete("fleet.recordings.delete", "/fleet/recordings/{recording_uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }
}

/// The filters of [`FleetRecordings::list`].
#[derive(Debug)]
pub enum FleetRecordingFilters {}

impl<T> List<T, FleetRecordingFilters> {
    /// Only recordings of this device.
    pub fn device(self, device: impl Into<DeviceUid>) -> Self {
        self.param("device", device.into().as_str())
    }

    /// Only recordings with this status.
    pub fn status(self, status: impl Into<RecordingStatus>) -> Self {
        self.param("status", status.into().as_str())
    }
}
