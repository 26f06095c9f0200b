//! Alert channels: where alerts go.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{AlertChannelUid, SecretJson, Timestamp};

open_enum! {
    /// The way that an alert takes.
    pub enum AlertChannelType {
        /// By mail.
        Email = "email",
        /// To an address of yours.
        Webhook = "webhook",
        /// Into a Slack channel.
        Slack = "slack",
    }
}

model! {
    /// A place that alerts go to.
    #[derive(Eq, Hash)]
    pub struct FleetAlertChannel {
        required {
            /// Its identity.
            uid: AlertChannelUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// The way that alerts take.
            channel_type as "type": Option<AlertChannelType>,
            /// Where they go: a free-form object that depends on the way.
            config: Option<SecretJson>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// A new alert channel (`POST /fleet/alert-channels/`).
    #[derive(Eq, Hash)]
    pub struct CreateFleetAlertChannel {
        required {
            /// Its name, as people read it.
            name: String,
            /// The way that alerts take.
            channel_type as "type": AlertChannelType,
            /// Where they go: a free-form object that depends on the way.
            config: SecretJson,
        }
        optional {}
    }
}
