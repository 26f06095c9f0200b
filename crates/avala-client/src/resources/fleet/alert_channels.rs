//! Alert channels: targets that alerts are sent to.

use avala_types::{AlertChannelTest, AlertChannelUid, CreateFleetAlertChannel, FleetAlertChannel};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Calls for alert channels: targets that alerts are sent to. Returned by
/// [`Fleet::alert_channels`](super::Fleet::alert_channels).
#[derive(Clone, Debug)]
pub struct FleetAlertChannels {
    avala: Avala,
}

impl FleetAlertChannels {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates an alert channel (`POST /fleet/alert-channels/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AlertChannelType, CreateFleetAlertChannel};
    ///
    /// let config = serde_json::json!({"emails": ["ops@acme.example"]});
    /// let payload = CreateFleetAlertChannel::new("Night shift", AlertChannelType::Email, config);
    /// let channel = avala.fleet().alert_channels().create(&payload).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, channel: &CreateFleetAlertChannel) -> Call<FleetAlertChannel> {
        self.avala.call(Endpoint::post("fleet.alert_channels.create", "/fleet/alert-channels/"), &[]).json(channel)
    }

    /// Lists the alert channels of the account (`GET /fleet/alert-channels/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut channels = avala.fleet().alert_channels().list().items();
    /// while let Some(channel) = channels.next().await {
    ///     let channel = channel?;
    ///     println!("{}: {:?}", channel.name, channel.channel_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<FleetAlertChannel> {
        self.avala.list(Endpoint::get("fleet.alert_channels.list", "/fleet/alert-channels/"), &[])
    }

    /// Deletes an alert channel (`DELETE /fleet/alert-channels/{channel_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.fleet().alert_channels().delete("ch1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such channel"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<AlertChannelUid>) -> Call<()> {
        let endpoint = Endpoint::delete("fleet.alert_channels.delete", "/fleet/alert-channels/{channel_uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }

    /// Sends a test alert to an alert channel (`POST /fleet/alert-channels/{channel_uid}/test/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let test = avala.fleet().alert_channels().test("ch1").await?;
    /// println!("{:?}: {:?}", test.success, test.message);
    /// # Ok(())
    /// # }
    /// ```
    pub fn test(&self, uid: impl Into<AlertChannelUid>) -> Call<AlertChannelTest> {
        let endpoint = Endpoint::post("fleet.alert_channels.test", "/fleet/alert-channels/{channel_uid}/test/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }
}
