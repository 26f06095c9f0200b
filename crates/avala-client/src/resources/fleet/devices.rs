//! Devices that record.

use avala_types::{DeviceStatus, DeviceType, DeviceUid, FleetDevice, RegisterFleetDevice, UpdateFleetDevice};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for devices that record. Returned by [`Fleet::devices`](super::Fleet::devices).
#[derive(Clone, Debug)]
pub struct FleetDevices {
    avala: Avala,
}

impl FleetDevices {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Registers a device (`POST /fleet/devices/`). Only this response has its token.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{DeviceType, RegisterFleetDevice};
    ///
    /// let payload = RegisterFleetDevice::new("Cart 7", DeviceType::Lidar).firmware_version("2.4.1").tags(["depot"]);
    /// let device = avala.fleet().devices().register(&payload).await?;
    /// let token = device.device_token.expect("sent once");
    /// # Ok(())
    /// # }
    /// ```
    pub fn register(&self, device: &RegisterFleetDevice) -> Call<FleetDevice> {
        self.avala.call(Endpoint::post("fleet.devices.register", "/fleet/devices/"), &[]).json(device)
    }

    /// Lists the devices of the account (`GET /fleet/devices/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::DeviceStatus;
    ///
    /// let mut devices = avala.fleet().devices().list().status(DeviceStatus::Offline).items();
    /// while let Some(device) = devices.next().await {
    ///     let device = device?;
    ///     println!("{}: {:?}", device.name, device.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<FleetDevice, FleetDeviceFilters> {
        self.avala.list(Endpoint::get("fleet.devices.list", "/fleet/devices/"), &[])
    }

    /// Gets a device (`GET /fleet/devices/{device_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let device = avala.fleet().devices().get("dev1").await?;
    /// println!("{}: {:?}", device.name, device.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<DeviceUid>) -> Call<FleetDevice> {
        self.avala.call(Endpoint::get("fleet.devices.get", "/fleet/devices/{device_uid}/"), &[uid.into().as_str()])
    }

    /// Updates a device (`PATCH /fleet/devices/{device_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateFleetDevice;
    ///
    /// let changes = UpdateFleetDevice::default().firmware_version("2.4.1").tags(["night-shift"]);
    /// let device = avala.fleet().devices().update("dev1", &changes).await?;
    /// println!("{}: firmware {:?}, {:?}", device.name, device.firmware_version, device.tags);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, uid: impl Into<DeviceUid>, changes: &UpdateFleetDevice) -> Call<FleetDevice> {
        let endpoint = Endpoint::patch("fleet.devices.update", "/fleet/devices/{device_uid}/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(changes)
    }

    /// Deletes a device (`DELETE /fleet/devices/{device_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.fleet().devices().delete("dev1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such device"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<DeviceUid>) -> Call<()> {
        let endpoint = Endpoint::delete("fleet.devices.delete", "/fleet/devices/{device_uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`FleetDevices::list`].
    pub enum FleetDeviceFilters {
        /// Lists only devices of this type.
        fn device_type(self, device_type: impl Into<DeviceType>) {
            self.param("type", device_type.into().as_str())
        }

        /// Lists only devices with this status.
        fn status(self, status: impl Into<DeviceStatus>) {
            self.param("status", status.into().as_str())
        }
    }
}
