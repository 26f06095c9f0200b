//! Devices that record.

use crate::id::DeviceUid;
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

open_enum! {
    /// Type of a device.
    pub enum DeviceType {
        /// Sensor.
        Sensor = "sensor",
        /// Camera.
        Camera = "camera",
        /// LiDAR.
        Lidar = "lidar",
    }

    /// Connection status of a device.
    pub enum DeviceStatus {
        /// Reachable.
        Online = "online",
        /// Not reachable.
        Offline = "offline",
        /// The device reports an error.
        Error = "error",
    }
}

model! {
    /// A device of the fleet.
    #[derive(Eq, Hash)]
    pub struct FleetDevice {
        required {
            /// Unique identifier (UID).
            uid: DeviceUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Device type.
            device_type as "type": Option<DeviceType>,
            /// Connection status.
            status: Option<DeviceStatus>,
            /// Tags.
            tags: Vec<String>,
            /// Firmware version.
            firmware_version: Option<String>,
            /// Metadata, a free-form object.
            metadata: Option<Json>,
            /// Time of the last contact.
            last_seen_at: Option<Timestamp>,
            /// Authentication token of the device; sent only on registration.
            device_token: Option<Secret>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates a device (`POST /fleet/devices/`).
    #[derive(Eq, Hash)]
    pub struct RegisterFleetDevice {
        required {
            /// Display name.
            name: String,
            /// Device type.
            device_type as "type": DeviceType,
        }
        optional {
            /// Firmware version.
            firmware_version: String,
            /// Metadata, a free-form object.
            metadata: Json,
        }
        lists {
            /// Tags.
            tags: String,
        }
    }
}

payload! {
    /// Update of a device (`PATCH /fleet/devices/{device_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateFleetDevice {
        required {}
        optional {
            /// Display name.
            name: String,
            /// Connection status.
            status: DeviceStatus,
        }
        lists {
            /// Tags.
            tags: String,
        }
        patch {
            /// Firmware version.
            firmware_version: String,
            /// Metadata, a free-form object.
            metadata: Json,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_token_is_not_shown() {
        let device: FleetDevice =
            serde_json::from_str(r#"{"uid":"d1","name":"cart","device_token":"hidden"}"#).unwrap();
        assert!(!format!("{device:?}").contains("hidden"));
    }
}
