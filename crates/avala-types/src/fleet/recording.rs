//! Recordings of devices.

use crate::id::{DeviceUid, RecordingUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Status of a recording.
    pub enum RecordingStatus {
        /// Uploading.
        Uploading = "uploading",
        /// Recording.
        Recording = "recording",
        /// Files are being read.
        Processing = "processing",
        /// Ready.
        Ready = "ready",
        /// Completed.
        Completed = "completed",
        /// Files could not be read.
        Error = "error",
        /// Archived.
        Archived = "archived",
    }
}

model! {
    /// A recording of a device.
    pub struct FleetRecording {
        required {
            /// Unique identifier (UID).
            uid: RecordingUid,
        }
        optional {
            /// Device.
            device: Option<DeviceUid>,
            /// Status.
            status: Option<RecordingStatus>,
            /// Duration in seconds.
            duration_seconds: Option<f64>,
            /// Size of all files, in bytes.
            size_bytes: Option<u64>,
            /// Number of topics; -1 if the server has not counted them.
            topic_count: i64,
            /// Tags.
            tags: Vec<String>,
            /// Topics, free-form: a list of objects, or one object.
            topics: Option<Json>,
            /// Start time of the recording.
            started_at: Option<Timestamp>,
            /// End time of the recording.
            ended_at: Option<Timestamp>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Update of a recording (`PATCH /fleet/recordings/{recording_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateFleetRecording {
        required {}
        optional {
            /// Status.
            status: RecordingStatus,
        }
        lists {
            /// Tags.
            tags: String,
        }
    }
}
