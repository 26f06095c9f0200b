//! Recordings: what a device recorded.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{DeviceUid, Json, RecordingUid, Timestamp};

open_enum! {
    /// How far a recording is.
    pub enum RecordingStatus {
        /// Its files are on their way.
        Uploading = "uploading",
        /// The device is at it.
        Recording = "recording",
        /// Its files are being read.
        Processing = "processing",
        /// It can be looked at.
        Ready = "ready",
        /// It is done.
        Completed = "completed",
        /// Its files could not be read.
        Error = "error",
        /// It is kept for reference.
        Archived = "archived",
    }
}

model! {
    /// What a device recorded in one go.
    pub struct FleetRecording {
        required {
            /// Its identity.
            uid: RecordingUid,
        }
        optional {
            /// The device that recorded it.
            device: Option<DeviceUid>,
            /// How far it is.
            status: Option<RecordingStatus>,
            /// How long it is, in seconds.
            duration_seconds: Option<f64>,
            /// The size of its files in bytes.
            size_bytes: Option<u64>,
            /// How many topics it has; -1 where the server has not counted them.
            topic_count: i64,
            /// Words to find it by.
            tags: Vec<String>,
            /// Its topics, free-form: a list of objects, or one object.
            topics: Option<Json>,
            /// When the device began.
            started_at: Option<Timestamp>,
            /// When the device stopped.
            ended_at: Option<Timestamp>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// What changes in a recording (`PATCH /fleet/recordings/{recording_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateFleetRecording {
        required {}
        optional {
            /// How far it is.
            status: RecordingStatus,
        }
        lists {
            /// Words to find it by.
            tags: String,
        }
    }
}
