//! The fleet.

use avala_client::Avala;
use avala_client::types::{
    AlertChannelType, CreateFleetAlertChannel, CreateFleetEvent, CreateFleetRule, DeviceType, FleetEventType,
    FleetSeverity, RegisterFleetDevice, Timestamp, UpdateFleetRecording,
};
use serde_json::json;

use super::first;
use crate::Failure;
use crate::record::Record;

pub(super) async fn device(avala: &Avala) -> Result<Record, Failure> {
    let device = RegisterFleetDevice::new("From Rust", DeviceType::Lidar)
        .firmware_version("1.2.3")
        .tags(["rust"])
        .metadata(json!({ "floor": 2, "lens": null }));
    let made = avala.fleet().devices().register(&device).await?;
    Record::new("device", [made.uid.as_str()], &device)
}

/// Changes the tags of a recording.
pub(super) async fn recording(avala: &Avala) -> Result<Record, Failure> {
    let recording = first(avala.fleet().recordings().list().items()).await?.uid;
    let changes = UpdateFleetRecording::default().tags(["from", "rust"]);
    avala.fleet().recordings().update(&recording, &changes).await?;
    Record::new("recording", [recording.as_str()], &changes)
}

pub(super) async fn event(avala: &Avala) -> Result<Record, Failure> {
    let recording = first(avala.fleet().recordings().list().items()).await?;
    let device = recording.device.ok_or("the recording has no device")?;
    let time: Timestamp = "2026-01-02T03:04:05.678901Z".parse()?;
    let event = CreateFleetEvent::new(recording.uid, device, "from-rust", FleetEventType::Error, time)
        .severity(FleetSeverity::Warning)
        .description("An event")
        .duration_ms(1500)
        .tags(["rust"])
        .metadata(json!({ "speed": 1.25 }));
    let made = avala.fleet().events().create(&event).await?;
    Record::new("event", [made.uid.as_str()], &event)
}

pub(super) async fn rule(avala: &Avala) -> Result<Record, Failure> {
    let condition = json!({ "type": "error", "severity": "critical" });
    let rule = CreateFleetRule::new("From Rust", condition, json!([{ "type": "alert" }]))
        .description("A rule")
        .enabled(false)
        .scope(json!({ "floor": 2 }));
    let made = avala.fleet().rules().create(&rule).await?;
    Record::new("rule", [made.uid.as_str()], &rule)
}

pub(super) async fn alert_channel(avala: &Avala) -> Result<Record, Failure> {
    let channel = CreateFleetAlertChannel::new("From Rust", AlertChannelType::Slack, json!({ "channel": "#rust" }));
    let made = avala.fleet().alert_channels().create(&channel).await?;
    Record::new("alert_channel", [made.uid.as_str()], &channel)
}
