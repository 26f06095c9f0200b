use avala_sandbox::Sandbox;
use serde_json::json as value;

use crate::client::{create, delete, refused_fields, walk};
use crate::life::Life;

#[tokio::test]
async fn a_webhook_lives_and_shows_its_secret_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let life = Life {
        list: "/webhooks/".to_owned(),
        key: "uid",
        new: value!({"target_url": "https://x.example/", "events": ["export.failed"], "is_active": true}),
        change: value!({"target_url": "http://localhost:1/", "events": [], "is_active": false}),
        keeps: "target_url",
        clears: None,
        secret: Some("secret"),
    };
    life.live(&sandbox).await;
    let webhook = create(
        &sandbox,
        "/webhooks/",
        value!({"target_url": "https://x.example/", "events": ["export.failed"], "secret": "mine"}),
    );
    assert_eq!(webhook.await["secret"], "mine");
    let wrong = value!({"target_url": "somewhere", "events": ["lunch"]});
    assert_eq!(refused_fields(&sandbox, "/webhooks/", wrong).await, ["events", "target_url"]);
}

#[tokio::test]
async fn deliveries_have_pages_and_go_with_their_webhook() {
    let sandbox = Sandbox::start().await.unwrap();
    let deliveries = walk(&sandbox, "/webhook-deliveries/?limit=50", "subscription").await;
    assert_eq!(deliveries.len(), 130);
    let webhook = &deliveries[0];
    delete(&sandbox, &format!("/webhooks/{webhook}/")).await;
    let left = walk(&sandbox, "/webhook-deliveries/", "subscription").await;
    assert!(left.len() < 130 && !left.contains(webhook));
}
