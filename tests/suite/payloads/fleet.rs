//! Devices, recordings, events, rules and alerts.

use avala_types::*;
use serde_json::json;

use super::sample::{CLEARED, LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    [devices(), events(), rules(), alerts()].into_iter().flatten().collect()
}

fn devices() -> Vec<Sample> {
    let device = RegisterFleetDevice::new("AMR 12 „Frieda“", DeviceType::Lidar);
    let full = device
        .clone()
        .firmware_version("4.2.1-rc3")
        .metadata(json!({"serial": "OS1-64-991"}))
        .tags(["halle-3", "spare"]);
    let update = UpdateFleetDevice::default()
        .name("AMR 12")
        .status(DeviceStatus::Offline)
        .tags(Vec::<String>::new())
        .firmware_version("4.3.0")
        .metadata(json!({"serial": null}));
    let cleared = UpdateFleetDevice::default().firmware_version(Patch::Null).metadata(Patch::Null);
    let recording = UpdateFleetRecording::default();
    vec![
        body("fleet.devices.register", [(LEAST, device), (MOST, full)]),
        body("fleet.devices.update", [(LEAST, UpdateFleetDevice::default()), (MOST, update), (CLEARED, cleared)]),
        body(
            "fleet.recordings.update",
            [(LEAST, recording.clone()), (MOST, recording.status(RecordingStatus::Archived).tags(["night"]))],
        ),
    ]
}

fn events() -> Vec<Sample> {
    let timestamp: Timestamp = "2025-06-11T16:22:06.870123+02:00".parse().unwrap();
    let event = CreateFleetEvent::new("rec-0611-b", "dev-amr-12", "hard brake", FleetEventType::Anomaly, timestamp);
    let full = event
        .clone()
        .severity(FleetSeverity::High)
        .description("4.1 m/s² in front of bay 17")
        .metadata(json!({"speed": [2.1, 1.4, 0]}))
        .tags(["brake", "bay-17"])
        .duration_ms(1350);
    let few = CreateFleetEvents::new([event.clone()]);
    let batch = CreateFleetEvents::new([full.clone(), full.clone()]);
    vec![
        body("fleet.events.create", [(LEAST, event), (MOST, full)]),
        body("fleet.events.create_batch", [(LEAST, few), (MOST, batch)]),
    ]
}

fn rules() -> Vec<Sample> {
    let condition = json!({"field": "accel_x", "op": "lt", "value": -3.5});
    let actions = json!([{"type": "alert", "severity": "critical"}]);
    let rule = CreateFleetRule::new("Notbremsung", &condition, &actions);
    let full = rule.clone().description("Beyond 3.5 m/s²").enabled(true).scope(json!({"tags": ["halle-3"]}));
    let update = UpdateFleetRule::default()
        .name("Vollbremsung")
        .enabled(false)
        .condition(condition)
        .actions(actions)
        .description("Beyond 3 m/s²")
        .scope(json!({}));
    let cleared = UpdateFleetRule::default().description(Patch::Null).scope(Patch::Null);
    vec![
        body("fleet.rules.create", [(LEAST, rule), (MOST, full)]),
        body("fleet.rules.update", [(LEAST, UpdateFleetRule::default()), (MOST, update), (CLEARED, cleared)]),
    ]
}

fn alerts() -> Vec<Sample> {
    let config = json!({"webhook_url": "https://hooks.slack.example/T0/B0/amber-finch"});
    let channel = CreateFleetAlertChannel::new("Leitstand", AlertChannelType::Slack, config);
    let resolve = ResolveFleetAlert::default();
    vec![
        body("fleet.alert_channels.create", [(LEAST, channel.clone()), (MOST, channel)]),
        body("fleet.alerts.resolve", [(LEAST, resolve.clone()), (MOST, resolve.resolution_note("Bay taped off"))]),
    ]
}
