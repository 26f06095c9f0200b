//! Alerts that rules raised.

use avala_types::{AlertStatus, AlertUid, DeviceUid, FleetAlert, FleetSeverity, ResolveFleetAlert, RuleUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Calls for alerts that rules raised. Returned by [`Fleet::alerts`](super::Fleet::alerts).
#[derive(Clone, Debug)]
pub struct FleetAlerts {
    avala: Avala,
}

impl FleetAlerts {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the alerts of the account (`GET /fleet/alerts/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::AlertStatus;
    ///
    /// let mut alerts = avala.fleet().alerts().list().status(AlertStatus::Open).items();
    /// while let Some(alert) = alerts.next().await {
    ///     let alert = alert?;
    ///     println!("{:?}: {:?}", alert.severity, alert.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self) -> List<FleetAlert, FleetAlertFilters> {
        self.avala.list(Endpoint::get("fleet.alerts.list", "/fleet/alerts/"), &[])
    }

    /// Gets an alert (`GET /fleet/alerts/{alert_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let alert = avala.fleet().alerts().get("al1").await?;
    /// println!("{:?}: {:?}", alert.severity, alert.message);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, uid: impl Into<AlertUid>) -> Call<FleetAlert> {
        self.avala.call(Endpoint::get("fleet.alerts.get", "/fleet/alerts/{alert_uid}/"), &[uid.into().as_str()])
    }

    /// Acknowledges an alert (`POST /fleet/alerts/{alert_uid}/acknowledge/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let alert = avala.fleet().alerts().acknowledge("al1").await?;
    /// println!("acknowledged by {:?} at {:?}", alert.acknowledged_by, alert.acknowledged_at);
    /// # Ok(())
    /// # }
    /// ```
    pub fn acknowledge(&self, uid: impl Into<AlertUid>) -> Call<FleetAlert> {
        let endpoint = Endpoint::post("fleet.alerts.acknowledge", "/fleet/alerts/{alert_uid}/acknowledge/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }

    /// Resolves an alert (`POST /fleet/alerts/{alert_uid}/resolve/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::ResolveFleetAlert;
    ///
    /// let resolution = ResolveFleetAlert::default().resolution_note("The lens was cleaned");
    /// let alert = avala.fleet().alerts().resolve("al1", &resolution).await?;
    /// println!("resolved at {:?}: {:?}", alert.resolved_at, alert.resolution_note);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve(&self, uid: impl Into<AlertUid>, resolution: &ResolveFleetAlert) -> Call<FleetAlert> {
        let endpoint = Endpoint::post("fleet.alerts.resolve", "/fleet/alerts/{alert_uid}/resolve/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(resolution)
    }
}

filters! {
    /// Filters of [`FleetAlerts::list`].
    pub enum FleetAlertFilters {
        /// Lists only alerts about this device.
        fn device(self, device: impl Into<DeviceUid>) {
            self.param("device", device.into().as_str())
        }

        /// Lists only alerts of this rule.
        fn rule(self, rule: impl Into<RuleUid>) {
            self.param("rule", rule.into().as_str())
        }

        /// Lists only alerts of this severity.
        fn severity(self, severity: impl Into<FleetSeverity>) {
            self.param("severity", severity.into().as_str())
        }

        /// Lists only alerts with this status.
        fn status(self, status: impl Into<AlertStatus>) {
            self.param("status", status.into().as_str())
        }
    }
}
