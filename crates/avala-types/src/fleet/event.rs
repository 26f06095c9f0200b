//! Events: what happened while a device recorded.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{DeviceUid, EventUid, FleetSeverity, Json, RecordingUid, Timestamp};

open_enum! {
    /// The kind of an event in a recording.
    pub enum FleetEventType {
        /// Something failed.
        Error = "error",
        /// Something may fail.
        Warning = "warning",
        /// Something is good to know.
        Info = "info",
        /// The device went from one state to another.
        StateChange = "state_change",
        /// Something is out of the ordinary.
        Anomaly = "anomaly",
        /// Whatever the label says.
        Custom = "custom",
    }
}

model! {
    /// Something that happened while a device recorded.
    #[derive(Eq, Hash)]
    pub struct FleetEvent {
        required {
            /// Its identity.
            uid: EventUid,
        }
        optional {
            /// The recording that it is in.
            recording: Option<RecordingUid>,
            /// The device that it happened to.
            device: Option<DeviceUid>,
            /// The kind of event.
            event_type as "type": Option<FleetEventType>,
            /// What happened, in a few words.
            label: Option<String>,
            /// What happened, in sentences.
            description: Option<String>,
            /// When it happened.
            timestamp: Option<Timestamp>,
            /// How long it lasted, in milliseconds.
            duration_ms: Option<u64>,
            /// Words to find it by.
            tags: Vec<String>,
            /// What is known of it: a free-form object.
            metadata: Option<Json>,
            /// How much it matters.
            severity: Option<FleetSeverity>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// A new event (`POST /fleet/events/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetEvent {
        required {
            /// The recording that it is in.
            recording: RecordingUid,
            /// The device that it happened to.
            device: DeviceUid,
            /// What happened, in a few words.
            label: String,
            /// The kind of event.
            event_type as "type": FleetEventType,
            /// When it happened.
            timestamp: Timestamp,
        }
        optional {
            /// How much it matters.
            severity: FleetSeverity,
            /// What happened, in sentences.
            description: String,
            /// What you want to note of it: a free-form object.
            metadata: Json,
        }
        lists {
            /// Words to find it by.
            tags: String,
        }
        numbers {
            /// How long it lasted, in milliseconds.
            duration_ms: u64,
        }
    }
}

payload! {
    /// Several new events (`POST /fleet/events/batch/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetEvents {
        required {
            /// The events.
            events: Vec<CreateFleetEvent>,
        }
        optional {}
    }
}

model! {
    /// The answer to several new events.
    #[derive(Eq, Hash)]
    pub struct CreatedFleetEvents {
        required {
            /// How many were made.
            created: u64,
        }
        optional {}
    }
}
