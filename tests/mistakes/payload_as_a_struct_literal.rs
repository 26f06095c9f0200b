//! A payload written as a struct literal, which would break with every new field.

use avala_client::types::CreateFleetAlertChannel;

pub fn payload() -> CreateFleetAlertChannel {
    CreateFleetAlertChannel { name: "on call".into(), ..Default::default() }
}
