//! Alerts: what rules found.

use avala_types::{AlertStatus, AlertUid, DeviceUid, FleetAlert, FleetSeverity, ResolveFleetAlert, RuleUid};

use crate::avala::Avala;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Alerts: what rules found. Returned by [`Fleet::alerts`](super::Fleet::alerts).
#[derive(Clone, Debug)]
pub struct FleetAlerts {
    avala: Avala,
}

impl FleetAlerts {
    pub(super) fn new(avala: &Avala) -> Self {
        Self { avala: avala.clone() }
    }

    /// Lists the alerts of the account (`GET /fleet/alerts/`).
    pub fn list(&self) -> List<FleetAlert, FleetAlertFilters> {
        self.avala.list(Endpoint::get("fleet.alerts.list", "/fleet/alerts/"), &[])
    }

    /// Gets an alert (`GET /fleet/alerts/{alert_uid}/`).
    pub fn get(&self, uid: impl Into<AlertUid>) -> Call<FleetAlert> {
        self.avala.call(Endpoint::get("fleet.alerts.get", "/fleet/alerts/{alert_uid}/"), &[uid.into().as_str()])
    }

    /// Says that somebody has seen an alert (`POST /fleet/alerts/{alert_uid}/acknowledge/`).
    pub fn acknowledge(&self, uid: impl Into<AlertUid>) -> Call<FleetAlert> {
        let endpoint = Endpoint::post("fleet.alerts.acknowledge", "/fleet/alerts/{alert_uid}/acknowledge/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }

    /// Says that an alert is dealt with (`POST /fleet/alerts/{alert_uid}/resolve/`).
    pub fn resolve(&self, uid: impl Into<AlertUid>, resolution: &ResolveFleetAlert) -> Call<FleetAlert> {
        let endpoint = Endpoint::post("fleet.alerts.resolve", "/fleet/alerts/{alert_uid}/resolve/");
        self.avala.call(endpoint, &[uid.into().as_str()]).json(resolution)
    }
}

/// The filters of [`FleetAlerts::list`].
#[derive(Debug)]
pub enum FleetAlertFilters {}

impl<T> List<T, FleetAlertFilters> {
    /// Only alerts about this device.
    pub fn device(self, device: impl Into<DeviceUid>) -> Self {
        self.param("device", device.into().as_str())
    }

    /// Only alerts that this rule found.
    pub fn rule(self, rule: impl Into<RuleUid>) -> Self {
        self.param("rule", rule.into().as_str())
    }

    /// Only alerts that matter this much.
    pub fn severity(self, severity: impl Into<FleetSeverity>) -> Self {
        self.param("severity", severity.into().as_str())
    }

    /// Only alerts with this status.
    pub fn status(self, status: impl Into<AlertStatus>) -> Self {
        self.param("status", status.into().as_str())
    }
}
