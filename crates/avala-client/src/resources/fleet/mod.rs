//! Fleets: devices, their recordings, and rules that raise alerts.

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
pub use managed_uploads::{FleetManagedUploads, ManagedProgressFilters};
pub use recordings::{FleetRecordingFilters, FleetRecordings};
pub use rules::{FleetRuleFilters, FleetRules};
pub use uploads::FleetUploads;

use crate::avala::Avala;

/// Calls for fleets: devices, their recordings, and rules that raise alerts. Returned by [`Avala::fleet`].
#[derive(Clone, Debug)]
pub struct Fleet {
    avala: Avala,
}

impl Fleet {
    pub(crate) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Returns the calls for alert channels: targets that alerts are sent to.
    #[must_use]
    pub fn alert_channels(&self) -> FleetAlertChannels {
        FleetAlertChannels::new(&self.avala)
    }

    /// Returns the calls for alerts that rules raised.
    #[must_use]
    pub fn alerts(&self) -> FleetAlerts {
        FleetAlerts::new(&self.avala)
    }

    /// Returns the calls for devices that record.
    #[must_use]
    pub fn devices(&self) -> FleetDevices {
        FleetDevices::new(&self.avala)
    }

    /// Returns the calls for events during a recording.
    #[must_use]
    pub fn events(&self) -> FleetEvents {
        FleetEvents::new(&self.avala)
    }

    /// Returns the calls for managed uploads of MCAP recordings.
    #[must_use]
    pub fn managed_uploads(&self) -> FleetManagedUploads {
        FleetManagedUploads::new(&self.avala)
    }

    /// Returns the calls for recordings of devices.
    #[must_use]
    pub fn recordings(&self) -> FleetRecordings {
        FleetRecordings::new(&self.avala)
    }

    /// Returns the calls for rules that raise alerts.
    #[must_use]
    pub fn rules(&self) -> FleetRules {
        FleetRules::new(&self.avala)
    }

    /// Returns the calls for uploads of the files of recordings.
    #[must_use]
    pub fn uploads(&self) -> FleetUploads {
        FleetUploads::new(&self.avala)
    }
}
