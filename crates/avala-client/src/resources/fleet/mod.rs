//! Fleets: devices, what they record, and what is watched for in it.

mod alert_channels;
mod alerts;
mod devices;
mod events;
mod managed_uploads;
mod recordings;
mod rules;
mod uploads;

pub use alert_channels::FleetAlertChannels;
pub use alerts::{FleetAlertFilters, FleetAlerts};
pub use devices::{FleetDeviceFilters, FleetDevices};
pub use events::{FleetEventFilters, FleetEvents};
pub use managed_uploads::FleetManagedUploads;
pub use recordings::{FleetRecordingFilters, FleetRecordings};
pub use rules::{FleetRuleFilters, FleetRules};
pub use uploads::FleetUploads;

use crate::avala::Avala;

/// Fleets: devices, what they record, and what is watched for in it. Returned by [`Avala::fleet`].
#[derive(Clone, Debug)]
pub struct Fleet {
    avala: Avala,
}

impl Fleet {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Alert channels: where alerts go.
    #[must_use]
    pub fn alert_channels(&self) -> FleetAlertChannels {
        FleetAlertChannels::new(&self.avala)
    }

    /// Alerts: what rules found.
    #[must_use]
    pub fn alerts(&self) -> FleetAlerts {
        FleetAlerts::new(&self.avala)
    }

    /// Devices: what records.
    #[must_use]
    pub fn devices(&self) -> FleetDevices {
        FleetDevices::new(&self.avala)
    }

    /// Events: what happened while a device recorded.
    #[must_use]
    pub fn events(&self) -> FleetEvents {
        FleetEvents::new(&self.avala)
    }

    /// Managed uploads of MCAP recordings.
    #[must_use]
    pub fn managed_uploads(&self) -> FleetManagedUploads {
        FleetManagedUploads::new(&self.avala)
    }

    /// Recordings: what a device recorded.
    #[must_use]
    pub fn recordings(&self) -> FleetRecordings {
        FleetRecordings::new(&self.avala)
    }

    /// Rules: what is watched for.
    #[must_use]
    pub fn rules(&self) -> FleetRules {
        FleetRules::new(&self.avala)
    }

    /// Uploads of the files of recordings.
    #[must_use]
    pub fn uploads(&self) -> FleetUploads {
        FleetUploads::new(&self.avala)
    }
}
