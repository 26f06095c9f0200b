//! A fleet of twelve devices, their recordings, and the events of these.

use avala_types::{
    AlertChannelType, AlertStatus, DeviceStatus, DeviceType, FleetEventType, FleetSeverity, RecordingStatus,
};
use serde_json::json;

use super::values::{minutes, scatter};
use crate::demo;
use crate::schema::{FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetRecording, FleetRule};
use crate::state::fleet::Fleet;

const DEVICES: usize = 12;
const RECORDINGS: usize = 40;
const EVENTS: usize = 260;
const ALERTS: usize = 30;

pub(super) fn add(fleet: &mut Fleet) {
    add_devices(fleet);
    add_recordings(fleet);
    add_events(fleet);
    add_rules(fleet);
    add_alerts(fleet);
    add_alert_channels(fleet);
}

fn add_devices(fleet: &mut Fleet) {
    for index in 0..DEVICES {
        fleet.devices.add(|uid| {
            let mut device = FleetDevice::new(uid, format!("forklift-{:02}", index + 1));
            device.device_type = Some(match index % 3 {
                0 => DeviceType::Lidar,
                1 => DeviceType::Camera,
                _ => DeviceType::Sensor,
            });
            device.status = Some(match index % 5 {
                0 => DeviceStatus::Offline,
                4 => DeviceStatus::Error,
                _ => DeviceStatus::Online,
            });
            device.tags = vec![format!("hall-{}", index % 4 + 1), "forklift".to_owned()];
            device.firmware_version = Some(format!("2.{}.{}", index % 3, scatter(index, 20)));
            device.metadata = Some(json!({ "battery": scatter(index, 100), "rig": { "cameras": 6 } }).into());
            device.last_seen_at = minutes(60_000 + scatter(index, 900));
            device.created_at = minutes(index * 30);
            device.updated_at = minutes(60_000 + index);
            device
        });
    }
}

fn add_recordings(fleet: &mut Fleet) {
    use RecordingStatus::{Archived, Completed, Error, Processing, Ready, Recording, Uploading};
    let statuses = [Ready, Ready, Completed, Processing, Uploading, Recording, Error, Archived];
    let devices: Vec<_> = fleet.devices.rows().map(|device| device.uid.clone()).collect();
    let turns = devices.iter().cycle().zip(statuses.iter().cycle());
    for (index, (device, status)) in (0..RECORDINGS).zip(turns) {
        let seconds = 60 + scatter(index, 3600);
        fleet.recordings.add(|uid| {
            let mut recording = FleetRecording::new(uid);
            recording.device = Some(device.clone());
            recording.duration_seconds = Some(seconds as f64 + 0.25);
            recording.size_bytes = Some(seconds as u64 * 4_200_000);
            let topics = json!([
                { "name": "/camera/front", "type": "sensor_msgs/CompressedImage", "messages": seconds * 10 },
                { "name": "/lidar/points", "type": "sensor_msgs/PointCloud2", "messages": seconds * 10 },
            ]);
            recording.topic_count = 2;
            recording.topics = Some(topics.into());
            recording.tags = vec![if index % 3 == 0 { "night" } else { "day" }.to_owned()];
            recording.started_at = minutes(index * 240);
            recording.ended_at = if *status == Recording { None } else { minutes(index * 240 + seconds / 60) };
            recording.status = Some(status.clone());
            recording.created_at = minutes(index * 240);
            recording.updated_at = minutes(index * 240 + 90);
            recording
        });
    }
}

fn add_events(fleet: &mut Fleet) {
    use FleetEventType::{Anomaly, Custom, Error, Info, StateChange, Warning};
    use FleetSeverity::{Critical, High, Low, Medium};
    let kinds = [
        (Info, FleetSeverity::Info, "shift started"),
        (StateChange, Low, "manual to autonomous"),
        (Warning, FleetSeverity::Warning, "low battery"),
        (Anomaly, Medium, "unknown object in aisle"),
        (Error, Critical, "emergency stop"),
        (Custom, High, "load shifted"),
    ];
    let recordings: Vec<_> = fleet.recordings.rows().cloned().collect();
    for (index, (kind, recording)) in (0..EVENTS).zip(kinds.iter().cycle().zip(recordings.iter().cycle())) {
        let (event_type, severity, label) = kind;
        fleet.events.add(|uid| {
            let mut event = FleetEvent::new(uid);
            event.recording = Some(recording.uid.clone());
            event.device = recording.device.clone();
            event.event_type = Some(event_type.clone());
            event.severity = Some(severity.clone());
            event.label = Some((*label).to_owned());
            event.description = Some(format!("{label}, near rack {}.", index % 17 + 1));
            event.duration_ms = Some(100 + scatter(index, 9000) as u64);
            event.tags = vec![format!("rack-{}", index % 17 + 1)];
            event.metadata = Some(json!({ "speed_mps": scatter(index, 40) as f64 / 10.0 }).into());
            event.timestamp = minutes(index * 37);
            event.created_at = minutes(index * 37 + 1);
            event.updated_at = minutes(index * 37 + 1);
            event
        });
    }
}

fn add_rules(fleet: &mut Fleet) {
    for (index, (name, condition)) in [
        ("Emergency stops", json!({ "type": "error", "severity": "critical" })),
        ("Unknown objects", json!({ "type": "anomaly" })),
        ("Battery", json!({ "label": "low battery" })),
        ("Loads", json!({ "label": "load shifted" })),
    ]
    .into_iter()
    .enumerate()
    {
        fleet.rules.add(|uid| {
            let mut rule = FleetRule::new(uid, name);
            rule.description = Some(format!("{name}, in all halls."));
            rule.enabled = Some(index != 3);
            rule.condition = Some(condition.into());
            rule.actions = Some(json!([{ "type": "alert", "severity": "high" }]).into());
            rule.scope = Some(json!({ "tags": ["forklift"] }).into());
            rule.hit_count = 7 * index as u64;
            rule.last_hit_at = if index == 0 { None } else { minutes(index * 900) };
            rule.created_at = minutes(index * 15);
            rule.updated_at = minutes(index * 15);
            rule
        });
    }
}

fn add_alerts(fleet: &mut Fleet) {
    let rules: Vec<_> = fleet.rules.rows().map(|rule| rule.uid.clone()).collect();
    let events: Vec<_> = fleet.events.rows().cloned().collect();
    let turns = rules.iter().cycle().zip(events.iter().cycle());
    for (index, (rule, event)) in (0..ALERTS).zip(turns) {
        fleet.alerts.add(|uid| {
            let mut alert = FleetAlert::new(uid);
            alert.rule = Some(rule.clone());
            alert.device = event.device.clone();
            alert.recording = event.recording.clone();
            alert.severity = event.severity.clone();
            alert.message = event.description.clone();
            alert.status = Some(match index % 4 {
                0 => AlertStatus::Active,
                1 => AlertStatus::Acknowledged,
                2 => AlertStatus::Resolved,
                _ => AlertStatus::Open,
            });
            alert.triggered_at = minutes(index * 111);
            if matches!(alert.status, Some(AlertStatus::Acknowledged | AlertStatus::Resolved)) {
                alert.acknowledged_at = minutes(index * 111 + 4);
                alert.acknowledged_by = Some(demo::OWNER.to_owned());
            }
            if alert.status == Some(AlertStatus::Resolved) {
                alert.resolved_at = minutes(index * 111 + 60);
                alert.resolution_note = Some("The aisle is clear again.".to_owned());
            }
            alert.created_at = minutes(index * 111);
            alert.updated_at = minutes(index * 111 + 60);
            alert
        });
    }
}

fn add_alert_channels(fleet: &mut Fleet) {
    for (index, (name, channel_type, config)) in [
        ("On call", AlertChannelType::Email, json!({ "to": "oncall@acme.example" })),
        ("Control room", AlertChannelType::Slack, json!({ "channel": "#control-room" })),
        ("Dispatcher", AlertChannelType::Webhook, json!({ "url": "https://dispatch.acme.example/alerts" })),
    ]
    .into_iter()
    .enumerate()
    {
        fleet.alert_channels.add(|uid| {
            let mut channel = FleetAlertChannel::new(uid, name);
            channel.channel_type = Some(channel_type);
            channel.config = Some(config.into());
            channel.created_at = minutes(index * 20);
            channel.updated_at = minutes(index * 20);
            channel
        });
    }
}
