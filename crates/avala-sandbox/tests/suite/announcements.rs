//! Events that a test or a program triggers.

use avala_sandbox::Sandbox;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json as value};

use crate::client::{TestResponse, call, create, fetch, json, request, text};
use crate::receiver::Receiver;

async fn until_received(receiver: &Receiver, count: usize) {
    for _ in 0..500 {
        if receiver.received().len() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("{} of {count} deliveries", receiver.received().len());
}

async fn agent(sandbox: &Sandbox, events: Value) -> String {
    let agent = create(sandbox, "/agents/", value!({"name": "Announced", "events": events})).await;
    text(&agent, "uid").to_owned()
}

#[tokio::test]
async fn announced_result_reaches_agents_and_webhooks() {
    let sandbox = Sandbox::start().await.unwrap();
    let receiver = Receiver::start(&[200]).await;
    create(&sandbox, "/webhooks/", value!({"target_url": receiver.url, "events": ["result.submitted"]})).await;
    let uid = agent(&sandbox, value!(["result.submitted", "dataset.deleted"])).await;

    let payload = value!({"task_uid": "t1", "result_uid": "r1", "result_data": [{"x": 1}], "task_type": "box"});
    sandbox.announce("result.submitted", &payload).unwrap();
    sandbox.announce("dataset.deleted", value!({"dataset_uid": "d1", "project_uid": null})).unwrap();

    let page = fetch(&sandbox, &format!("/agents/{uid}/executions/?status=pending")).await;
    let [result, deleted] = page["results"].as_array().unwrap().as_slice() else { panic!("{page}") };
    assert_eq!((&result["task"], &result["result"]), (&value!("t1"), &value!("r1")));
    assert_eq!((&result["event_payload"], &result["event_type"]), (&payload, &value!("result.submitted")));
    assert_eq!(deleted["event_payload"], value!({"dataset_uid": "d1", "project_uid": null}));
    until_received(&receiver, 1).await;
    let (headers, body) = receiver.received().swap_remove(0);
    assert_eq!(headers["x-avala-webhook-event"], "result.submitted");
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), payload);
}

#[tokio::test]
async fn payload_that_does_not_fit_is_rejected() {
    let sandbox = Sandbox::start().await.unwrap();
    for (event, payload, reason) in [
        ("result.vanished", value!({}), "unknown event"),
        ("result.submitted", value!({"task_uid": "t1"}), "result_uid"),
        ("dataset.deleted", value!({"task_uid": "t1", "result_uid": "r1"}), "dataset_uid"),
        ("task.completed", value!([1]), "not an object"),
    ] {
        let error = sandbox.announce(event, payload).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

async fn control(sandbox: &Sandbox, content_type: &str, body: Value) -> TestResponse {
    let request = Request::post("/_sandbox/announce/").header("host", "localhost").header("content-type", content_type);
    call(sandbox, request.body(Full::new(Bytes::from(body.to_string()))).unwrap()).await
}

#[tokio::test]
async fn control_route_raises_an_event() {
    let sandbox = Sandbox::start().await.unwrap();
    agent(&sandbox, value!(["dataset.deleted"])).await;
    let event = value!({"event": "dataset.deleted", "payload": {"dataset_uid": "d1"}});
    let raised = control(&sandbox, "application/json", event.clone()).await;
    assert_eq!(json(&raised, StatusCode::ACCEPTED), value!({"deliveries": 0, "executions": 1}));

    let wrong = value!({"event": "dataset.deleted", "payload": {"task_uid": "t"}});
    let refused = json(&control(&sandbox, "application/json", wrong).await, StatusCode::BAD_REQUEST);
    assert!(refused["payload"][0].as_str().unwrap().contains("dataset_uid"), "{refused}");
    // What a page in a browser can send without a preflight request.
    assert_eq!(control(&sandbox, "text/plain", event).await.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let below_the_api = request(&sandbox, Method::POST, "/_sandbox/announce/", "{}");
    assert_eq!(call(&sandbox, below_the_api).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn registering_a_name_again_follows_the_switch() {
    for (update, agents) in [(false, 2), (true, 1)] {
        let sandbox = Sandbox::builder().update_existing_agents(update).start().await.unwrap();
        let first = create(&sandbox, "/agents/", value!({"name": "Twice", "description": "one"})).await;
        let second = create(&sandbox, "/agents/", value!({"name": "Twice", "events": ["task.completed"]})).await;
        assert_eq!(first["uid"] == second["uid"], update);
        assert!(second["secret"].is_string());
        assert_eq!(second["description"].is_string(), update, "what is left out stays");
        let page = fetch(&sandbox, "/agents/").await;
        let named = page["results"].as_array().unwrap().iter().filter(|agent| agent["name"] == "Twice").count();
        assert_eq!(named, agents);
    }
}
