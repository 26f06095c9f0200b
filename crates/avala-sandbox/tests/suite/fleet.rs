use avala_sandbox::{Sandbox, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{act, create, delete, fetch, first_uid, get, json, patch, post, refused_fields, text, walk};
use crate::life::Life;

#[tokio::test]
async fn a_device_lives_and_shows_its_token_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let life = Life {
        list: "/fleet/devices/".to_owned(),
        key: "uid",
        new: value!({
            "name": "cart-1", "type": "lidar", "firmware_version": "1.2", "tags": ["hall-1"], "metadata": {"rig": 7},
        }),
        change: value!({"status": "online", "tags": []}),
        keeps: "name",
        clears: Some("metadata"),
        secret: Some("device_token"),
    };
    life.live(&sandbox).await;
    assert_eq!(walk(&sandbox, "/fleet/devices/?limit=5", "uid").await.len(), 12);
    for (query, field, expected) in [("type=camera", "type", "camera"), ("status=error", "status", "error")] {
        let values = walk(&sandbox, &format!("/fleet/devices/?{query}"), field).await;
        assert!(!values.is_empty() && values.iter().all(|value| value == expected), "{values:?}");
    }
    assert_eq!(refused_fields(&sandbox, "/fleet/devices/", value!({"type": "toaster"})).await, ["name", "type"]);
}

#[tokio::test]
async fn recordings_are_filtered_changed_and_deleted() {
    let sandbox = Sandbox::start().await.unwrap();
    let device = first_uid(&sandbox, "/fleet/devices/").await;
    assert_eq!(walk(&sandbox, "/fleet/recordings/?limit=9", "uid").await.len(), 40);
    let of_device = walk(&sandbox, &format!("/fleet/recordings/?device={device}"), "device").await;
    assert_eq!(of_device, [device.as_str(); 4]);
    assert_eq!(walk(&sandbox, "/fleet/recordings/?status=archived", "status").await, ["archived"; 5]);

    let uid = first_uid(&sandbox, "/fleet/recordings/").await;
    let path = format!("/fleet/recordings/{uid}/");
    let before = fetch(&sandbox, &path).await;
    let changed = json(&patch(&sandbox, &path, value!({"tags": ["kept"]})).await, StatusCode::OK);
    assert_eq!((&changed["tags"], &changed["status"]), (&value!(["kept"]), &before["status"]));
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(get(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(walk(&sandbox, &format!("/fleet/events/?recording={uid}"), "uid").await.len(), 0);
}

async fn event(sandbox: &Sandbox, label: &str) -> Value {
    value!({
        "recording": first_uid(sandbox, "/fleet/recordings/").await,
        "device": first_uid(sandbox, "/fleet/devices/").await,
        "label": label, "type": "anomaly", "timestamp": "2025-03-01T10:00:00Z", "severity": "high",
        "description": "On the floor.", "duration_ms": 40, "tags": ["a"], "metadata": {"n": 1},
    })
}

#[tokio::test]
async fn an_event_is_made_listed_and_deleted() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(walk(&sandbox, "/fleet/events/?limit=100", "uid").await.len(), 260);
    for filter in ["type=error", "severity=critical"] {
        let (name, expected) = filter.split_once('=').unwrap();
        let values = walk(&sandbox, &format!("/fleet/events/?{filter}&limit=10"), name).await;
        assert!(values.len() > 10 && values.iter().all(|value| value == expected), "{filter}");
    }
    let new = event(&sandbox, "spill").await;
    let made = create(&sandbox, "/fleet/events/", new.clone()).await;
    for (field, sent) in new.as_object().unwrap() {
        assert_eq!(made[field], *sent, "{field}");
    }
    let path = format!("/fleet/events/{}/", text(&made, "uid"));
    assert_eq!(fetch(&sandbox, &path).await, made);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(get(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
    let fields = refused_fields(&sandbox, "/fleet/events/", value!({"type": "lunch", "timestamp": "noon"})).await;
    assert_eq!(fields, ["device", "label", "recording", "timestamp", "type"]);
}

#[tokio::test]
async fn a_batch_is_added_whole_or_not_at_all() {
    let sandbox = Sandbox::start().await.unwrap();
    let good = event(&sandbox, "spill").await;
    let made = create(&sandbox, "/fleet/events/batch/", value!({"events": vec![good.clone(); 5]})).await;
    assert_eq!(made, value!({"created": 5}));
    let mut bad = good.clone();
    bad["device"] = value!("none");
    let mut odd = good.clone();
    odd["type"] = value!("lunch");
    for (wrong, field) in [(bad, "device"), (odd, "type"), (value!("x"), "events")] {
        assert_eq!(refused_fields(&sandbox, "/fleet/events/batch/", value!({"events": [good, wrong]})).await, [field]);
    }
    assert_eq!(walk(&sandbox, "/fleet/events/?limit=1000", "uid").await.len(), 265);
}

#[tokio::test]
async fn a_rule_lives_and_is_filtered() {
    let sandbox = Sandbox::start().await.unwrap();
    let life = Life {
        list: "/fleet/rules/".to_owned(),
        key: "uid",
        new: value!({
            "name": "Spills", "condition": {"label": "spill"}, "actions": [{"type": "alert"}], "description": "d",
            "enabled": true, "scope": {"tags": ["hall-1"]},
        }),
        change: value!({"enabled": false, "condition": {"label": "other"}}),
        keeps: "name",
        clears: Some("scope"),
        secret: None,
    };
    life.live(&sandbox).await;
    for (query, count) in [("", 4), ("?enabled=true", 3), ("?enabled=false", 1), ("?enabled=False", 1)] {
        assert_eq!(walk(&sandbox, &format!("/fleet/rules/{query}"), "uid").await.len(), count, "{query}");
    }
}

#[tokio::test]
async fn an_event_that_a_rule_watches_for_opens_an_alert() {
    let sandbox = Sandbox::start().await.unwrap();
    let rule = value!({"name": "Spills", "condition": {"label": "spill", "severity": "high"}, "actions": []});
    let rule = create(&sandbox, "/fleet/rules/", rule).await;
    let list = format!("/fleet/alerts/?rule={}", text(&rule, "uid"));
    create(&sandbox, "/fleet/events/", event(&sandbox, "crumbs").await).await;
    assert_eq!(walk(&sandbox, &list, "uid").await.len(), 0);

    create(&sandbox, "/fleet/events/", event(&sandbox, "spill").await).await;
    assert_eq!(walk(&sandbox, &format!("{list}&status=open&severity=high"), "message").await, ["On the floor."]);
    let rule = fetch(&sandbox, &format!("/fleet/rules/{}/", text(&rule, "uid"))).await;
    assert_eq!(rule["hit_count"], 1);
}

#[tokio::test]
async fn an_alert_is_acknowledged_and_resolved() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(walk(&sandbox, "/fleet/alerts/?limit=7", "uid").await.len(), 30);
    let device = first_uid(&sandbox, "/fleet/devices/").await;
    assert!(!walk(&sandbox, &format!("/fleet/alerts/?device={device}"), "uid").await.is_empty());
    let uid = first_uid(&sandbox, "/fleet/alerts/?status=active").await;
    let path = format!("/fleet/alerts/{uid}/");
    let acknowledged = json(&act(&sandbox, &format!("{path}acknowledge/")).await, StatusCode::OK);
    assert_eq!(
        (&acknowledged["status"], &acknowledged["acknowledged_by"]),
        (&value!("acknowledged"), &value!(demo::OWNER))
    );
    assert_eq!(json(&act(&sandbox, &format!("{path}acknowledge/")).await, StatusCode::OK), acknowledged);
    let note = value!({"resolution_note": "Swept."});
    let resolved = json(&post(&sandbox, &format!("{path}resolve/"), note).await, StatusCode::OK);
    assert_eq!((&resolved["status"], &resolved["resolution_note"]), (&value!("resolved"), &value!("Swept.")));
    assert_eq!(fetch(&sandbox, &path).await, resolved);
    for action in ["acknowledge", "resolve"] {
        json(&act(&sandbox, &format!("{path}{action}/")).await, StatusCode::CONFLICT);
    }
    let other = first_uid(&sandbox, "/fleet/alerts/?status=open").await;
    json(&act(&sandbox, &format!("/fleet/alerts/{other}/resolve/")).await, StatusCode::OK);
    json(&act(&sandbox, "/fleet/alerts/none/resolve/").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_alert_channel_is_made_tried_and_deleted() {
    let sandbox = Sandbox::start().await.unwrap();
    let new = value!({"name": "Ops", "type": "slack", "config": {"channel": "#ops"}});
    let channel = create(&sandbox, "/fleet/alert-channels/", new).await;
    assert!(walk(&sandbox, "/fleet/alert-channels/", "name").await.contains(&"Ops".to_owned()));
    let path = format!("/fleet/alert-channels/{}/", text(&channel, "uid"));
    assert_eq!(json(&act(&sandbox, &format!("{path}test/")).await, StatusCode::OK)["success"], true);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
    json(&act(&sandbox, &format!("{path}test/")).await, StatusCode::NOT_FOUND);
    assert_eq!(refused_fields(&sandbox, "/fleet/alert-channels/", value!({"type": "pigeon"})).await.len(), 3);
}
