//! Alerts: what rules found.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{AlertUid, DeviceUid, FleetSeverity, RecordingUid, RuleUid, Timestamp};

open_enum! {
    /// Whether an alert is dealt with.
    pub enum AlertStatus {
        /// It is not; the word of newer deployments.
        Open = "open",
        /// It is not.
        Active = "active",
        /// Somebody has seen it.
        Acknowledged = "acknowledged",
        /// It is.
        Resolved = "resolved",
    }
}

model! {
    /// What a rule found.
    #[derive(Eq, Hash)]
    pub struct FleetAlert {
        required {
            /// Its identity.
            uid: AlertUid,
        }
        optional {
            /// The rule that found it.
            rule: Option<RuleUid>,
            /// The device that it was found on.
            device: Option<DeviceUid>,
            /// The recording that it was found in.
            recording: Option<RecordingUid>,
            /// How much it matters.
            severity: Option<FleetSeverity>,
            /// Whether it is dealt with.
            status: Option<AlertStatus>,
            /// What was found, in a sentence.
            message: Option<String>,
            /// When it was found.
            triggered_at: Option<Timestamp>,
            /// When somebody saw it.
            acknowledged_at: Option<Timestamp>,
            /// Who saw it, in the server's words.
            acknowledged_by: Option<String>,
            /// When it was dealt with.
            resolved_at: Option<Timestamp>,
            /// How it was dealt with, in sentences.
            resolution_note: Option<String>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// How an alert was dealt with (`POST /fleet/alerts/{alert_uid}/resolve/`).
    #[derive(Eq, Hash)]
    pub struct ResolveFleetAlert {
        required {}
        optional {
            /// The same, in sentences.
            resolution_note: String,
        }
    }
}
