//! Alerts that rules raised.

use crate::fleet::FleetSeverity;
use crate::id::{AlertUid, DeviceUid, RecordingUid, RuleUid};
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Status of an alert.
    pub enum AlertStatus {
        /// Open; used by newer deployments.
        Open = "open",
        /// Active.
        Active = "active",
        /// Acknowledged.
        Acknowledged = "acknowledged",
        /// Resolved.
        Resolved = "resolved",
    }
}

model! {
    /// An alert of a rule.
    #[derive(Eq, Hash)]
    pub struct FleetAlert {
        required {
            /// Unique identifier (UID).
            uid: AlertUid,
        }
        optional {
            /// Rule.
            rule: Option<RuleUid>,
            /// Device.
            device: Option<DeviceUid>,
            /// Recording.
            recording: Option<RecordingUid>,
            /// Severity.
            severity: Option<FleetSeverity>,
            /// Status.
            status: Option<AlertStatus>,
            /// Message.
            message: Option<String>,
            /// Detection time.
            triggered_at: Option<Timestamp>,
            /// Acknowledgement time.
            acknowledged_at: Option<Timestamp>,
            /// Acknowledging user, free text.
            acknowledged_by: Option<String>,
            /// Resolution time.
            resolved_at: Option<Timestamp>,
            /// Resolution note.
            resolution_note: Option<String>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that resolves an alert (`POST /fleet/alerts/{alert_uid}/resolve/`).
    #[derive(Eq, Hash)]
    pub struct ResolveFleetAlert {
        required {}
        optional {
            /// Resolution note.
            resolution_note: String,
        }
    }
}
