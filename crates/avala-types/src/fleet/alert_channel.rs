//! Alert channels: targets that alerts are sent to.

use crate::id::AlertChannelUid;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::secret::SecretJson;
use crate::timestamp::Timestamp;

open_enum! {
    /// Type of an alert channel.
    pub enum AlertChannelType {
        /// Email.
        Email = "email",
        /// A webhook URL.
        Webhook = "webhook",
        /// A Slack channel.
        Slack = "slack",
    }
}

model! {
    /// A destination of alerts.
    #[derive(Eq, Hash)]
    pub struct FleetAlertChannel {
        required {
            /// Unique identifier (UID).
            uid: AlertChannelUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Channel type.
            channel_type as "type": Option<AlertChannelType>,
            /// Destination, a free-form object that depends on the channel type.
            config: Option<SecretJson>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates an alert channel (`POST /fleet/alert-channels/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetAlertChannel {
        required {
            /// Display name.
            name: String,
            /// Channel type.
            channel_type as "type": AlertChannelType,
            /// Destination, a free-form object that depends on the channel type.
            config: SecretJson,
        }
        optional {}
    }
}
