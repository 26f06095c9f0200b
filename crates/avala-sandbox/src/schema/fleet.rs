//! Devices, recordings, events, rules and alerts.

use avala_types::{
    AlertChannelType, AlertChannelUid, AlertStatus, AlertUid, DeviceStatus, DeviceType, DeviceUid, EventUid,
    FleetEventType, FleetSeverity, Json, RecordingStatus, RecordingUid, RuleUid, Secret, SecretJson, Timestamp,
};

use super::record;

record! {
    /// Model `AlertChannelTest`.
    pub(crate) struct AlertChannelTest {
        required {}
        optional {
            detail: Option<String>,
            channel_uid: Option<AlertChannelUid>,
            channel_type: Option<AlertChannelType>,
            success: Option<bool>,
            message: Option<String>,
        }
    }
}

record! {
    /// Model `FleetAlert`.
    pub(crate) struct FleetAlert {
        required {
            uid: AlertUid,
        }
        optional {
            rule: Option<RuleUid>,
            device: Option<DeviceUid>,
            recording: Option<RecordingUid>,
            severity: Option<FleetSeverity>,
            status: Option<AlertStatus>,
            message: Option<String>,
            triggered_at: Option<Timestamp>,
            acknowledged_at: Option<Timestamp>,
            acknowledged_by: Option<String>,
            resolved_at: Option<Timestamp>,
            resolution_note: Option<String>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `FleetAlertChannel`.
    pub(crate) struct FleetAlertChannel {
        required {
            uid: AlertChannelUid,
            name: String,
        }
        optional {
            channel_type as "type": Option<AlertChannelType>,
            config: Option<SecretJson>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `FleetDevice`.
    pub(crate) struct FleetDevice {
        required {
            uid: DeviceUid,
            name: String,
        }
        optional {
            device_type as "type": Option<DeviceType>,
            status: Option<DeviceStatus>,
            tags: Vec<String>,
            firmware_version: Option<String>,
            metadata: Option<Json>,
            last_seen_at: Option<Timestamp>,
            device_token: Option<Secret>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `FleetEvent`.
    pub(crate) struct FleetEvent {
        required {
            uid: EventUid,
        }
        optional {
            recording: Option<RecordingUid>,
            device: Option<DeviceUid>,
            event_type as "type": Option<FleetEventType>,
            label: Option<String>,
            description: Option<String>,
            timestamp: Option<Timestamp>,
            duration_ms: Option<u64>,
            tags: Vec<String>,
            metadata: Option<Json>,
            severity: Option<FleetSeverity>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `FleetRecording`.
    pub(crate) struct FleetRecording {
        required {
            uid: RecordingUid,
        }
        optional {
            device: Option<DeviceUid>,
            status: Option<RecordingStatus>,
            duration_seconds: Option<f64>,
            size_bytes: Option<u64>,
            topic_count: i64,
            tags: Vec<String>,
            topics: Option<Json>,
            started_at: Option<Timestamp>,
            ended_at: Option<Timestamp>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `FleetRule`.
    pub(crate) struct FleetRule {
        required {
            uid: RuleUid,
            name: String,
        }
        optional {
            description: Option<String>,
            enabled: Option<bool>,
            condition: Option<Json>,
            actions: Option<Json>,
            scope: Option<Json>,
            hit_count: u64,
            last_hit_at: Option<Timestamp>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `CreatedFleetEvents`.
    pub(crate) struct CreatedFleetEvents {
        required {
            created: u64,
        }
        optional {}
    }
}
