//! Devices: what records.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{DeviceUid, Json, Secret, Timestamp};

open_enum! {
    /// The kind of a device.
    pub enum DeviceType {
        /// A sensor of any kind.
        Sensor = "sensor",
        /// A camera.
        Camera = "camera",
        /// A LiDAR.
        Lidar = "lidar",
    }

    /// Whether a device can be reached.
    pub enum DeviceStatus {
        /// It can.
        Online = "online",
        /// It cannot.
        Offline = "offline",
        /// It reports that something is wrong with it.
        Error = "error",
    }
}

model! {
    /// A device that records.
    #[derive(Eq, Hash)]
    pub struct FleetDevice {
        required {
            /// Its identity.
            uid: DeviceUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// The kind of device.
            device_type as "type": Option<DeviceType>,
            /// Whether it can be reached.
            status: Option<DeviceStatus>,
            /// Words to find it by.
            tags: Vec<String>,
            /// The version of its firmware, in its own words.
            firmware_version: Option<String>,
            /// What is known of it: a free-form object.
            metadata: Option<Json>,
            /// When it was last heard of.
            last_seen_at: Option<Timestamp>,
            /// What it proves its identity with; sent only when it is registered.
            device_token: Option<Secret>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// A new device (`POST /fleet/devices/`).
    #[derive(Eq, Hash)]
    pub struct RegisterFleetDevice {
        required {
            /// Its name, as people read it.
            name: String,
            /// The kind of device.
            device_type as "type": DeviceType,
        }
        optional {
            /// The version of its firmware, in its own words.
            firmware_version: String,
            /// What you want to note of it: a free-form object.
            metadata: Json,
        }
        lists {
            /// Words to find it by.
            tags: String,
        }
    }
}

payload! {
    /// What changes in a device (`PATCH /fleet/devices/{device_uid}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateFleetDevice {
        required {}
        optional {
            /// Its name, as people read it.
            name: String,
            /// Whether it can be reached.
            status: DeviceStatus,
        }
        lists {
            /// Words to find it by.
            tags: String,
        }
        patch {
            /// The version of its firmware, in its own words.
            firmware_version: String,
            /// What you want to note of it: a free-form object.
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
