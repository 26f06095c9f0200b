use std::time::Duration;

use avala_sandbox::{Sandbox, Seed};
use hmac::{Hmac, KeyInit, Mac};
use http::StatusCode;
use serde_json::{Value, json as value};
use sha2::Sha256;

use crate::client::{act, create, fetch, first_uid, json, patch, text, walk};
use crate::receiver::Receiver;

async fn sandbox(seed: Seed) -> Sandbox {
    let waits = [Duration::from_millis(1); 2];
    Sandbox::builder().seed(seed).webhook_retries(waits).start().await.unwrap()
}

async fn subscribe(sandbox: &Sandbox, target: &str, events: &[&str]) -> Value {
    create(sandbox, "/webhooks/", value!({"target_url": target, "events": events})).await
}

async fn new_dataset(sandbox: &Sandbox, slug: &str) -> Value {
    create(sandbox, "/datasets/", value!({"name": "A", "slug": slug, "data_type": "image"})).await
}

/// Returns the deliveries of a webhook, once none is pending.
async fn settled(sandbox: &Sandbox, webhook: &Value) -> Vec<Value> {
    for _ in 0..2000 {
        let page = fetch(sandbox, "/webhook-deliveries/?limit=1000").await;
        let all = page["results"].as_array().unwrap();
        let mine: Vec<Value> = all.iter().filter(|one| one["subscription"] == webhook["uid"]).cloned().collect();
        if mine.iter().all(|one| one["status"] != "pending") {
            return mine;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("a delivery is still pending");
}

#[tokio::test]
async fn an_event_is_posted_and_signed() {
    let sandbox = sandbox(Seed::Empty).await;
    let receiver = Receiver::start(&[200]).await;
    let webhook = subscribe(&sandbox, &receiver.url, &["dataset.created"]).await;
    let dataset = new_dataset(&sandbox, "a").await;

    let deliveries = settled(&sandbox, &webhook).await;
    let [delivery] = &deliveries[..] else { panic!("one delivery: {deliveries:?}") };
    assert_eq!((&delivery["status"], &delivery["response_status"]), (&value!("delivered"), &value!(200)));
    assert_eq!((&delivery["attempts"], &delivery["response_body"]), (&value!(1), &value!("seen")));
    assert_eq!((&delivery["event_type"], &delivery["payload"]), (&value!("dataset.created"), &dataset));
    assert_eq!(fetch(&sandbox, &format!("/webhook-deliveries/{}/", text(delivery, "uid"))).await, *delivery);

    let received = receiver.received();
    let [(headers, body)] = &received[..] else { panic!("one post: {received:?}") };
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-avala-webhook-event"], "dataset.created");
    assert_eq!(headers["x-avala-webhook-delivery"], text(delivery, "uid"));
    assert_eq!(serde_json::from_slice::<Value>(body).unwrap(), dataset);
    let mut mac = Hmac::<Sha256>::new_from_slice(text(&webhook, "secret").as_bytes()).unwrap();
    mac.update(body);
    let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(headers["x-avala-webhook-signature"], expected.as_str());
}

#[tokio::test]
async fn a_refusal_is_tried_again_until_it_is_too_often() {
    for (statuses, status, attempts) in
        [(&[500, 200][..], "delivered", 2), (&[302, 404, 204], "delivered", 3), (&[503], "failed", 3)]
    {
        let sandbox = sandbox(Seed::Empty).await;
        let receiver = Receiver::start(statuses).await;
        let webhook = subscribe(&sandbox, &receiver.url, &["dataset.created"]).await;
        new_dataset(&sandbox, "a").await;
        let deliveries = settled(&sandbox, &webhook).await;
        assert_eq!((&deliveries[0]["status"], &deliveries[0]["attempts"]), (&value!(status), &value!(attempts)));
        assert!(deliveries[0].get("next_retry_at").is_none_or(Value::is_null));
        let received = receiver.received();
        assert_eq!(received.len(), attempts);
        let signatures: Vec<_> = received.iter().map(|(headers, _)| &headers["x-avala-webhook-signature"]).collect();
        assert!(signatures.iter().all(|signature| *signature == signatures[0]), "the same body each time");
    }
}

#[tokio::test]
async fn a_delivery_that_waits_says_until_when() {
    let waits = [Duration::from_secs(3600)];
    let sandbox = Sandbox::builder().seed(Seed::Empty).webhook_retries(waits).start().await.unwrap();
    let receiver = Receiver::start(&[500]).await;
    subscribe(&sandbox, &receiver.url, &["dataset.created"]).await;
    new_dataset(&sandbox, "a").await;
    let path = format!("/webhook-deliveries/{}/", first_uid(&sandbox, "/webhook-deliveries/").await);
    for _ in 0..2000 {
        let delivery = fetch(&sandbox, &path).await;
        if delivery["attempts"] == 1 {
            assert_eq!((&delivery["status"], &delivery["response_status"]), (&value!("pending"), &value!(500)));
            assert!(delivery["next_retry_at"].is_string());
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it was not sent");
}

#[tokio::test]
async fn only_active_webhooks_are_told_what_they_asked_for() {
    let sandbox = sandbox(Seed::Empty).await;
    let receiver = Receiver::start(&[200]).await;
    let other = subscribe(&sandbox, &receiver.url, &["export.completed"]).await;
    let inactive = subscribe(&sandbox, &receiver.url, &["dataset.created"]).await;
    patch(&sandbox, &format!("/webhooks/{}/", text(&inactive, "uid")), value!({"is_active": false})).await;
    new_dataset(&sandbox, "a").await;
    assert!(settled(&sandbox, &other).await.is_empty() && settled(&sandbox, &inactive).await.is_empty());
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn foreign_target_is_not_contacted_and_missing_one_fails() {
    let sandbox = sandbox(Seed::Empty).await;
    let elsewhere = subscribe(&sandbox, "https://hooks.example/", &["dataset.created"]).await;
    let nobody = subscribe(&sandbox, "http://127.0.0.1:1/", &["dataset.created"]).await;
    new_dataset(&sandbox, "a").await;
    let refused = settled(&sandbox, &elsewhere).await.swap_remove(0);
    assert_eq!((&refused["status"], &refused["attempts"]), (&value!("failed"), &value!(0)));
    assert!(text(&refused, "response_body").contains("this machine"), "{refused}");
    let failed = settled(&sandbox, &nobody).await.swap_remove(0);
    assert_eq!((&failed["status"], &failed["attempts"]), (&value!("failed"), &value!(3)));
    assert!(failed.get("response_status").is_none_or(Value::is_null));
}

#[tokio::test]
async fn a_test_is_sent_whatever_the_webhook_asked_for() {
    let sandbox = sandbox(Seed::Empty).await;
    let receiver = Receiver::start(&[200]).await;
    let webhook = subscribe(&sandbox, &receiver.url, &["export.failed"]).await;
    let response = json(&act(&sandbox, &format!("/webhooks/{}/test/", text(&webhook, "uid"))).await, StatusCode::OK);
    assert_eq!(response["success"], true);
    assert_eq!(settled(&sandbox, &webhook).await.len(), 1);
    assert_eq!(receiver.received()[0].0["x-avala-webhook-event"], "test");
}

#[tokio::test]
async fn every_event_that_the_api_can_cause_is_told() {
    let sandbox = sandbox(Seed::Demo).await;
    let receiver = Receiver::start(&[200]).await;
    let events = [
        "dataset.created",
        "dataset.updated",
        "export.completed",
        "export.failed",
        "quality.alert",
        "result.accepted",
        "result.rejected",
        "task.completed",
    ];
    let webhook = subscribe(&sandbox, &receiver.url, &events).await;

    let dataset = format!("/datasets/{}/", text(&new_dataset(&sandbox, "told").await, "uid"));
    let project = first_uid(&sandbox, "/users/me/projects/").await;
    for name in ["good", "fail"] {
        let export = create(&sandbox, "/exports/", value!({"name": name, "project": project})).await;
        for _ in 0..4 {
            fetch(&sandbox, &dataset).await;
            fetch(&sandbox, &format!("/exports/{}/", text(&export, "uid"))).await;
        }
    }
    act(&sandbox, &format!("/projects/{project}/quality-targets/evaluate/")).await;
    let mut open = Vec::new();
    for agent in walk(&sandbox, "/agents/", "uid").await {
        let page = fetch(&sandbox, &format!("/agents/{agent}/executions/?status=pending")).await;
        open.extend(page["results"].as_array().unwrap().clone());
    }
    create(&sandbox, "/agent-actions/", value!({"execution": open[0]["uid"], "action": "reject"})).await;
    for execution in &open[1..] {
        create(&sandbox, "/agent-actions/", value!({"execution": execution["uid"], "action": "approve"})).await;
    }

    let mut told: Vec<String> =
        settled(&sandbox, &webhook).await.iter().map(|one| text(one, "event_type").to_owned()).collect();
    told.sort();
    told.dedup();
    assert_eq!(told, events);
}

#[tokio::test]
async fn deliveries_stop_with_the_sandbox() {
    let waits = [Duration::from_millis(5); 1000];
    let sandbox = Sandbox::builder().seed(Seed::Empty).webhook_retries(waits).start().await.unwrap();
    let receiver = Receiver::start(&[500]).await;
    subscribe(&sandbox, &receiver.url, &["dataset.created"]).await;
    new_dataset(&sandbox, "a").await;
    for _ in 0..2000 {
        if !receiver.received().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(sandbox);
    // The tasks end when they are polled next; after that nothing is sent.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let received = receiver.received().len();
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert_eq!(receiver.received().len(), received);
}
