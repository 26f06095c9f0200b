//! Events during a recording.

use avala_types::{
    CreateFleetEvent, CreateFleetEvents, CreatedFleetEvents, DeviceUid, EventUid, FleetEvent, FleetEventType,
    FleetSeverity, RecordingUid,
};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for events during a recording. Returned by [`Fleet::events`](super::Fleet::events).
#[derive(Clone, Debug)]
pub struct FleetEvents {
    avala: Avala,
}

impl FleetEvents {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Creates an event (`POST /fleet/events/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateFleetEvent, FleetEventType, FleetSeverity, Timestamp};
    ///
    /// let event = CreateFleetEvent::new("r1", "dev1", "hard_brake", FleetEventType::Anomaly, Timestamp::now())
    ///     .severity(FleetSeverity::High)
    ///     .duration_ms(450_u64);
    /// let event = avala.fleet().events().create(&event).await?;
    /// println!("{}: {:?}", event.uid, event.label);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create(&self, event: &CreateFleetEvent) -> Call<FleetEvent> {
        self.avala.call(Endpoint::post("fleet.events.create", "/fleet/events/"), &[]).json(event)
    }

    /// Creates several events in one call (`POST /fleet/events/batch/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateFleetEvent, CreateFleetEvents, FleetEventType, Timestamp};
    ///
    /// let events = ["lane_change", "hard_brake"]
    ///     .map(|label| CreateFleetEvent::new("r1", "dev1", label, FleetEventType::Info, Timestamp::now()));
    /// let created = avala.fleet().events().create_batch(&CreateFleetEvents::new(events)).await?;
    /// println!("{} events", created.created);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_batch(&self, events: &CreateFleetEvents) -> Call<CreatedFleetEvents> {
        self.avala.call(Endpoint::post("fleet.events.create_batch", "/fleet/events/batch/"), &[]).json(events)
    }

    /// Lists the events of the account (`GET /fleet/events/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::FleetEventType;
    ///
    /// let mut events = avala.fleet().events().list().device("dev1").event_type(FleetEventType::Anomaly).items();
    /// while let Some(event) = events.next().await {
    ///     let event = event?;
    ///     println!("{:?}: {:?}", event.event_type, event.label);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<FleetEvent, FleetEventFilters> {
        self.avala.list(Endpoint::get("fleet.events.list", "/fleet/events/"), &[])
    }

    /// Gets an event (`GET /fleet/events/{event_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let event = avala.fleet().events().get("ev1").await?;
    /// println!("{:?}: {:?}", event.event_type, event.label);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<EventUid>) -> Call<FleetEvent> {
        self.avala.call(Endpoint::get("fleet.events.get", "/fleet/events/{event_uid}/"), &[uid.into().as_str()])
    }

    /// Deletes an event (`DELETE /fleet/events/{event_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.fleet().events().delete("ev1").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such event"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self, uid: impl Into<EventUid>) -> Call<()> {
        let endpoint = Endpoint::delete("fleet.events.delete", "/fleet/events/{event_uid}/");
        self.avala.command(endpoint, &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`FleetEvents::list`].
    pub enum FleetEventFilters {
        /// Lists only events of this device.
        fn device(self, device: impl Into<DeviceUid>) {
            self.param("device", device.into().as_str())
        }

        /// Lists only events of this type.
        fn event_type(self, event_type: impl Into<FleetEventType>) {
            self.param("type", event_type.into().as_str())
        }

        /// Lists only events in this recording.
        fn recording(self, recording: impl Into<RecordingUid>) {
            self.param("recording", recording.into().as_str())
        }

        /// Lists only events of this severity.
        fn severity(self, severity: impl Into<FleetSeverity>) {
            self.param("severity", severity.into().as_str())
        }
    }
}
