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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.fleet().alert_channels().test("ch1").await?.success);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn alert_channels(&self) -> FleetAlertChannels {
        FleetAlertChannels::new(&self.avala)
    }

    /// Returns the calls for alerts that rules raised.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.fleet().alerts().get("al1").await?.message);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn alerts(&self) -> FleetAlerts {
        FleetAlerts::new(&self.avala)
    }

    /// Returns the calls for devices that record.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.fleet().devices().get("dev1").await?.last_seen_at);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn devices(&self) -> FleetDevices {
        FleetDevices::new(&self.avala)
    }

    /// Returns the calls for events during a recording.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?}", avala.fleet().events().get("ev1").await?.label);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn events(&self) -> FleetEvents {
        FleetEvents::new(&self.avala)
    }

    /// Returns the calls for managed uploads of MCAP recordings.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.fleet().managed_uploads().get_status("r1", "us1").await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn managed_uploads(&self) -> FleetManagedUploads {
        FleetManagedUploads::new(&self.avala)
    }

    /// Returns the calls for recordings of devices.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{:?} s", avala.fleet().recordings().get("r1").await?.duration_seconds);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn recordings(&self) -> FleetRecordings {
        FleetRecordings::new(&self.avala)
    }

    /// Returns the calls for rules that raise alerts.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("hit {:?} times", avala.fleet().rules().get("rule1").await?.hit_count);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn rules(&self) -> FleetRules {
        FleetRules::new(&self.avala)
    }

    /// Returns the calls for uploads of the files of recordings.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// println!("{}", avala.fleet().uploads().get_upload_status("r1").await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn uploads(&self) -> FleetUploads {
        FleetUploads::new(&self.avala)
    }
}
