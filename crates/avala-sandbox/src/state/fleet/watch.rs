//! Rules: the alerts that an event opens.

use std::collections::BTreeMap;

use avala_types::{AlertStatus, Json};

use crate::schema::{FleetAlert, FleetEvent, FleetRule};
use crate::state::clock;
use crate::state::table::Table;

/// Opens an alert for each enabled rule whose condition matches the fields of the event, such as
/// `{"type": "error", "severity": "critical"}`.
pub(crate) fn watch(rules: &mut Table<FleetRule>, alerts: &mut Table<FleetAlert>, event: &FleetEvent) {
    let fields = Json::encode(event).ok().and_then(|event| event.parse().ok());
    let fields: BTreeMap<String, Json> = fields.unwrap_or_default();
    for rule in rules.rows_mut().filter(|rule| rule.enabled != Some(false)) {
        if !holds(rule, &fields) {
            continue;
        }
        rule.hit_count += 1;
        rule.last_hit_at = clock::now();
        alerts.add(|uid| {
            let mut alert = FleetAlert::new(uid);
            alert.rule = Some(rule.uid.clone());
            alert.device = event.device.clone();
            alert.recording = event.recording.clone();
            alert.severity = event.severity.clone();
            alert.status = Some(AlertStatus::Open);
            alert.message = event.description.clone().or_else(|| event.label.clone());
            alert.triggered_at = rule.last_hit_at;
            alert.created_at = rule.last_hit_at;
            alert.updated_at = rule.last_hit_at;
            alert
        });
    }
}

/// Returns whether the condition of a rule holds. Other shapes of conditions never hold, because they are not
/// documented.
fn holds(rule: &FleetRule, fields: &BTreeMap<String, Json>) -> bool {
    let condition = rule.condition.as_ref().and_then(|condition| condition.parse().ok());
    let condition: BTreeMap<String, Json> = condition.unwrap_or_default();
    !condition.is_empty() && condition.iter().all(|(name, value)| fields.get(name) == Some(value))
}
