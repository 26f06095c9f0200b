//! Fleets.

use avala_client::Avala;
use avala_client::types::{
    AdmitManagedUpload, ConfirmUpload, ConfirmedFile, CreateFleetAlertChannel, CreateFleetEvent, CreateFleetEvents,
    CreateFleetRule, FinalizeManagedUpload, FinalizeUpload, FinalizedFile, GetUploadUrls, GrantManagedParts,
    InitManagedMultipart, InitUpload, ManagedFile, ManagedUploadProtocol, RegisterFleetDevice, ResolveFleetAlert,
    Timestamp, UpdateFleetDevice, UpdateFleetRecording, UpdateFleetRule, UploadFile,
};
use serde_json::json;

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    devices(avala)
        .into_iter()
        .chain(recordings(avala))
        .chain(events(avala))
        .chain(rules(avala))
        .chain(alerts(avala))
        .chain(uploads(avala))
        .chain(managed_uploads(avala))
        .collect()
}

fn devices(avala: &Avala) -> Vec<Case> {
    let devices = avala.fleet().devices();
    let uid = id("device_uid");
    let device = RegisterFleetDevice::new("n", "camera");
    let changes =
        UpdateFleetDevice::default().name("n").status("online").firmware_version("1").tags(["t"]).metadata(json!({}));
    vec![
        Case::new("fleet.devices.delete", devices.delete(&uid)),
        Case::new("fleet.devices.get", devices.get(&uid)),
        Case::new("fleet.devices.list", devices.list())
            .complete(paged(devices.list()).device_type("camera").status("online")),
        Case::new("fleet.devices.register", devices.register(&device))
            .complete(devices.register(&device.clone().firmware_version("1").tags(["t"]).metadata(json!({})))),
        Case::new("fleet.devices.update", devices.update(&uid, &UpdateFleetDevice::default()))
            .complete(devices.update(&uid, &changes)),
    ]
}

fn recordings(avala: &Avala) -> Vec<Case> {
    let recordings = avala.fleet().recordings();
    let uid = id("recording_uid");
    let changes = UpdateFleetRecording::default().status("ready").tags(["t"]);
    vec![
        Case::new("fleet.recordings.delete", recordings.delete(&uid)),
        Case::new("fleet.recordings.get", recordings.get(&uid)),
        Case::new("fleet.recordings.list", recordings.list())
            .complete(paged(recordings.list()).device("d").status("ready")),
        Case::new("fleet.recordings.update", recordings.update(&uid, &UpdateFleetRecording::default()))
            .complete(recordings.update(&uid, &changes)),
    ]
}

fn events(avala: &Avala) -> Vec<Case> {
    let events = avala.fleet().events();
    let uid = id("event_uid");
    let timestamp: Timestamp = "2025-01-15T09:30:00Z".parse().unwrap();
    let event = CreateFleetEvent::new("r", "d", "l", "custom", timestamp);
    let whole_event = event.clone().severity("info").description("d").duration_ms(1).tags(["t"]).metadata(json!({}));
    vec![
        Case::new("fleet.events.create", events.create(&event)).complete(events.create(&whole_event)),
        Case::new("fleet.events.create_batch", events.create_batch(&CreateFleetEvents::new([event]))),
        Case::new("fleet.events.delete", events.delete(&uid)),
        Case::new("fleet.events.get", events.get(&uid)),
        Case::new("fleet.events.list", events.list())
            .complete(paged(events.list()).device("d").event_type("custom").recording("r").severity("info")),
    ]
}

fn rules(avala: &Avala) -> Vec<Case> {
    let rules = avala.fleet().rules();
    let uid = id("rule_uid");
    let rule = CreateFleetRule::new("n", json!({}), json!([]));
    let changes = UpdateFleetRule::default()
        .name("n")
        .description("d")
        .enabled(true)
        .condition(json!({}))
        .actions(json!([]))
        .scope(json!({}));
    vec![
        Case::new("fleet.rules.create", rules.create(&rule))
            .complete(rules.create(&rule.clone().description("d").enabled(true).scope(json!({})))),
        Case::new("fleet.rules.delete", rules.delete(&uid)),
        Case::new("fleet.rules.get", rules.get(&uid)),
        Case::new("fleet.rules.list", rules.list()).complete(paged(rules.list()).enabled(false)),
        Case::new("fleet.rules.update", rules.update(&uid, &UpdateFleetRule::default()))
            .complete(rules.update(&uid, &changes)),
    ]
}

fn alerts(avala: &Avala) -> Vec<Case> {
    let (alerts, channels) = (avala.fleet().alerts(), avala.fleet().alert_channels());
    let (alert, channel) = (id("alert_uid"), id("channel_uid"));
    let new_channel = CreateFleetAlertChannel::new("n", "email", json!({}));
    vec![
        Case::new("fleet.alert_channels.create", channels.create(&new_channel)),
        Case::new("fleet.alert_channels.delete", channels.delete(&channel)),
        Case::new("fleet.alert_channels.list", channels.list()).complete(paged(channels.list())),
        Case::new("fleet.alert_channels.test", channels.test(&channel)),
        Case::new("fleet.alerts.acknowledge", alerts.acknowledge(&alert)),
        Case::new("fleet.alerts.get", alerts.get(&alert)),
        Case::new("fleet.alerts.list", alerts.list())
            .complete(paged(alerts.list()).device("d").rule("r").severity("high").status("open")),
        Case::new("fleet.alerts.resolve", alerts.resolve(&alert, &ResolveFleetAlert::default()))
            .complete(alerts.resolve(&alert, &ResolveFleetAlert::default().resolution_note("n"))),
    ]
}

fn managed_uploads(avala: &Avala) -> Vec<Case> {
    let uploads = avala.fleet().managed_uploads();
    let recording = id("recording_uid");
    let protocol = ManagedUploadProtocol::McapV1;
    let admit = AdmitManagedUpload::new(&protocol, "s", [ManagedFile::new("a.mcap", 1_u64, "h")]);
    let init = InitManagedMultipart::new(&protocol, "s", "f");
    let grant = GrantManagedParts::new(&protocol, "s", "f", "g", [1_u64]);
    let finalize = FinalizeManagedUpload::new(&protocol, "s", [FinalizedFile::new("f", "g")]);
    vec![
        Case::new("fleet.managed_uploads.admit", uploads.admit(&recording, &admit)),
        Case::new("fleet.managed_uploads.finalize", uploads.finalize(&recording, &finalize)),
        Case::new("fleet.managed_uploads.get_progress", uploads.get_progress(&recording, "s", "f", "g"))
            .complete(uploads.get_progress(&recording, "s", "f", "g").after(100)),
        Case::new("fleet.managed_uploads.get_status", uploads.get_status(&recording, "s")),
        Case::new("fleet.managed_uploads.grant_parts", uploads.grant_parts(&recording, &grant)),
        Case::new("fleet.managed_uploads.init_multipart", uploads.init_multipart(&recording, &init)),
    ]
}

fn uploads(avala: &Avala) -> Vec<Case> {
    let uploads = avala.fleet().uploads();
    let recording = id("recording_uid");
    let init = InitUpload::new([UploadFile::new("a.mcap", 1_u64)]);
    let urls = GetUploadUrls::new("s", ["a.mcap".to_owned()]);
    let confirm = ConfirmUpload::new("s", [ConfirmedFile::new("a.mcap", "e", 1_u64)]);
    vec![
        Case::new("fleet.uploads.confirm_upload", uploads.confirm_upload(&recording, &confirm)),
        Case::new("fleet.uploads.finalize_upload", uploads.finalize_upload(&recording, &FinalizeUpload::new("s"))),
        Case::new("fleet.uploads.get_upload_status", uploads.get_upload_status(&recording)),
        Case::new("fleet.uploads.get_upload_urls", uploads.get_upload_urls(&recording, &urls))
            .complete(uploads.get_upload_urls(&recording, &urls.clone().ttl_seconds(60))),
        Case::new("fleet.uploads.init_upload", uploads.init_upload(&recording, &init))
            .complete(uploads.init_upload(&recording, &init.clone().storage_config_uid("c"))),
    ]
}
