use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::json as value;

use crate::client::{act, fetch, json, refused_fields, walk};
use crate::life::Life;

#[tokio::test]
async fn a_provider_lives() {
    let sandbox = Sandbox::start().await.unwrap();
    let life = Life {
        list: "/inference-providers/".to_owned(),
        key: "uid",
        new: value!({
            "name": "Detector", "provider_type": "http", "config": {"endpoint": "https://m.example"},
            "description": "Boxes.", "is_active": true, "project": 42,
        }),
        change: value!({"provider_type": "custom", "config": {"queue": "q"}, "is_active": false}),
        keeps: "name",
        clears: Some("description"),
        secret: None,
    };
    life.live(&sandbox).await;
    let wrong = value!({"name": "n", "provider_type": "oracle", "config": []});
    assert_eq!(refused_fields(&sandbox, "/inference-providers/", wrong).await, ["config", "provider_type"]);
}

#[tokio::test]
async fn a_test_is_noted() {
    let sandbox = Sandbox::start().await.unwrap();
    let providers = walk(&sandbox, "/inference-providers/?limit=2", "uid").await;
    for (index, uid) in providers.iter().enumerate() {
        let path = format!("/inference-providers/{uid}/");
        let before = fetch(&sandbox, &path).await;
        let response = json(&act(&sandbox, &format!("{path}test/")).await, StatusCode::OK);
        assert_eq!(response["success"], index != 4, "the last one is not active");
        let after = fetch(&sandbox, &path).await;
        assert_eq!(after["last_test_success"], response["success"]);
        assert_ne!(after["last_test_at"], before["last_test_at"]);
    }
}

#[tokio::test]
async fn models_are_listed() {
    let sandbox = Sandbox::start().await.unwrap();
    assert_eq!(walk(&sandbox, "/models/?limit=3", "name").await.len(), 4);
}
