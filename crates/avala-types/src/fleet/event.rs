//! Events: what happened while a device recorded.

use crate::fleet::FleetSeverity;
use crate::id::{DeviceUid, EventUid, RecordingUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Type of a fleet event.
    pub enum FleetEventType {
        /// Error.
        Error = "error",
        /// Warning.
        Warning = "warning",
        /// Information.
        Info = "info",
        /// State change of the device.
        StateChange = "state_change",
        /// Anomaly.
        Anomaly = "anomaly",
        /// Any label.
        Custom = "custom",
    }
}

model! {
    /// An event of a device.
    #[derive(Eq, Hash)]
    pub struct FleetEvent {
        required {
            /// Unique identifier (UID).
            uid: EventUid,
        }
        optional {
            /// Recording.
            recording: Option<RecordingUid>,
            /// Device.
            device: Option<DeviceUid>,
            /// Event type.
            event_type as "type": Option<FleetEventType>,
            /// Label.
            label: Option<String>,
            /// Description.
            description: Option<String>,
            /// Time of the event.
            timestamp: Option<Timestamp>,
            /// Duration in milliseconds.
            duration_ms: Option<u64>,
            /// Tags.
            tags: Vec<String>,
            /// Metadata, a free-form object.
            metadata: Option<Json>,
            /// Severity.
            severity: Option<FleetSeverity>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates an event (`POST /fleet/events/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetEvent {
        required {
            /// Recording.
            recording: RecordingUid,
            /// Device.
            device: DeviceUid,
            /// Label.
            label: String,
            /// Event type.
            event_type as "type": FleetEventType,
            /// Time of the event.
            timestamp: Timestamp,
        }
        optional {
            /// Severity.
            severity: FleetSeverity,
            /// Description.
            description: String,
            /// Metadata, a free-form object.
            metadata: Json,
        }
        lists {
            /// Tags.
            tags: String,
        }
        numbers {
            /// Duration in milliseconds.
            duration_ms: u64,
        }
    }
}

payload! {
    /// Payload that creates several events (`POST /fleet/events/batch/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetEvents {
        required {
            /// Events.
            events: Vec<CreateFleetEvent>,
        }
        optional {}
    }
}

model! {
    /// Response of creating several events.
    #[derive(Eq, Hash)]
    pub struct CreatedFleetEvents {
        required {
            /// Number created.
            created: u64,
        }
        optional {}
    }
}
