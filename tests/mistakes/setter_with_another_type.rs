//! A value of the wrong type for a setter.

use avala_client::types::UpdateFleetDevice;

pub fn payload() -> UpdateFleetDevice {
    UpdateFleetDevice::default().status(7)
}
