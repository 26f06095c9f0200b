//! One call: the request that is sent, and the value that is returned.

use std::time::Duration;

use avala_client::{Avala, ErrorKind, Sent};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{ApiKey, ProvidedKey};
use avala_types::{CreateDataset, CreateExport, DataType, Json, TransferDataset};
use serde_json::json;

use crate::{bare, json, layered};

#[tokio::test]
async fn a_call_sends_its_request_with_the_key_and_no_more() {
    let script = ScriptedService::new().then(json(&json!({"uid": "d1", "name": "n", "slug": "s"})));
    let avala = layered(&script);
    let call = avala.datasets().create(&CreateDataset::new("n", "s", DataType::Image));
    assert_eq!(call.clone().await.unwrap().uid, "d1");

    let sent = &script.requests()[0];
    assert_eq!(sent.method, "POST");
    assert_eq!(sent.uri, "https://api.avala.ai/api/v1/datasets/");
    assert_eq!(sent.body, r#"{"name":"n","slug":"s","data_type":"image"}"#);
    assert_eq!(sent.headers["x-avala-api-key"], "avk_test");
    assert!(sent.headers["x-avala-api-key"].is_sensitive());
    assert_eq!(sent.headers["content-type"], "application/json");
    assert!(sent.headers["user-agent"].to_str().unwrap().starts_with("avala-rust/"));

    let shown = call.to_http().unwrap();
    assert_eq!((shown.method(), shown.uri(), shown.body()), (&sent.method, &sent.uri, &sent.body));
    assert!(!shown.headers().contains_key("x-avala-api-key"));
    assert_eq!(script.requests().len(), 1, "to_http sends nothing");
}

#[tokio::test]
async fn metadata_is_returned_with_a_response() {
    let step = json(&json!({"uid": "t1"})).header("x-request-id", "r1").header("x-ratelimit-remaining", "7");
    let script = ScriptedService::new().then(step);
    let avala = layered(&script);
    assert_eq!(avala.rate_limit(), None);
    let response = avala.tasks().get("t1").with_meta().await.unwrap();
    assert_eq!(response.value.uid, "t1");
    assert_eq!(response.meta.status, 200);
    assert_eq!(response.meta.request_id.as_deref(), Some("r1"));
    assert_eq!((response.meta.rate_limit.remaining, response.meta.attempts), (Some(7), 1));
    assert_eq!(avala.rate_limit().unwrap().remaining, Some(7));
}

#[tokio::test]
async fn response_decodes_into_a_user_type() {
    #[derive(serde::Deserialize)]
    struct Mine {
        score: f32,
    }
    let script = ScriptedService::always(json(&json!({"uid": "t1", "score": 0.5})));
    let mine: Mine = bare(&script).tasks().get("t1").decode_as().await.unwrap();
    assert_eq!(mine.score, 0.5);
    let error = bare(&script).tasks().get("t1").decode_as::<Vec<u8>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_frame_and_a_calibration_are_parts_of_a_sequence() {
    let frames =
        json!([{"images": [{"camera": "front"}]}, {"key": "1.pcd", "device_position": {"x": 1, "y": 2, "z": 3}}]);
    let script = ScriptedService::always(json(&json!({"uid": "s1", "frames": frames})));
    let datasets = bare(&script).datasets();
    let frame = datasets.get_frame("acme", "drives", "s1", 1).await.unwrap();
    assert_eq!((frame.frame_index, frame.key.as_deref()), (1, Some("1.pcd")));
    let calibration = datasets.get_calibration("acme", "drives", "s1").await.unwrap();
    assert_eq!(calibration.cameras[0].camera_id.as_deref(), Some("front"));
    let error = datasets.get_frame("acme", "drives", "s1", 2).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotFound, Some("datasets.get_frame")));
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<avala_types::FrameError>().unwrap().is_out_of_range());
    for request in script.requests() {
        assert_eq!(request.uri.path(), "/datasets/acme/drives/sequences/s1/");
    }
}

#[tokio::test]
async fn export_and_transfer_payloads_are_sent() {
    let dataset = json(&json!({"uid": "x", "name": "n", "slug": "s"}));
    let script = ScriptedService::always(dataset);
    let avala = bare(&script);
    avala.exports().create(&CreateExport::dataset("d1")).await.unwrap();
    avala.exports().create(&CreateExport::lists("March", "YOLO").slices(["s1"])).await.unwrap();
    avala.datasets().transfer("acme", "drives", &TransferDataset::to_user("ada")).await.unwrap();
    let bodies: Vec<_> = script.requests().into_iter().map(|request| request.body).collect();
    assert_eq!(bodies[0], r#"{"dataset":"d1"}"#);
    assert_eq!(bodies[1], r#"{"name":"March","format":"YOLO","datasets":[],"projects":[],"slices":["s1"]}"#);
    assert_eq!(bodies[2], r#"{"owner_username":"ada"}"#);
}

#[tokio::test(start_paused = true)]
async fn a_call_keeps_its_own_deadline_and_attempts() {
    let script = ScriptedService::always(Step::hang());
    let started = tokio::time::Instant::now();
    let error = layered(&script).tasks().get("t1").deadline(Duration::from_secs(3)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(started.elapsed(), Duration::from_secs(3));

    let script = ScriptedService::always(Step::respond(503));
    let error = layered(&script).tasks().get("t1").max_attempts(1).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), script.requests().len()), (ErrorKind::Server, 1, 1));
    let error = layered(&script).tasks().get("t1").await.unwrap_err();
    assert_eq!((error.attempts(), script.requests().len()), (3, 4));
}

#[tokio::test(start_paused = true)]
async fn key_provider_is_called_for_each_attempt() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    let script = ScriptedService::new().then(Step::respond(503)).then(json(&json!({"uid": "t1"})));
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = move || {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        ProvidedKey::now(ApiKey::new(format!("avk_{number}")))
    };
    let avala = Avala::builder().api_key_provider(provider).service(script.clone()).build().unwrap();
    avala.tasks().get("t1").await.unwrap();
    let keys: Vec<_> = script.requests().iter().map(|request| request.headers["x-avala-api-key"].clone()).collect();
    assert_eq!(keys, ["avk_0", "avk_1"]);

    let failing = || ProvidedKey::now(Err::<ApiKey, _>(std::io::Error::other("the vault is sealed")));
    let avala = Avala::builder().api_key_provider(failing).service(script.clone()).build().unwrap();
    let error = avala.tasks().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Configuration, 2));
    assert!(error.to_string().contains("the vault is sealed") || format!("{error:?}").contains("the vault is sealed"));
}

#[tokio::test(start_paused = true)]
async fn at_most_five_exports_are_in_flight() {
    let export = json(&json!({"uid": "e1"})).after(Duration::from_secs(1));
    let script = ScriptedService::always(export);
    let avala = layered(&script);
    let started = tokio::time::Instant::now();
    let calls = (0..11).map(|_| avala.exports().create(&CreateExport::project("p1")).into_future());
    for result in futures_util::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::from_secs(3), "five, five and one");
}

#[tokio::test(start_paused = true)]
async fn error_reports_the_time_spent() {
    let script = ScriptedService::always(Step::respond(503).header("retry-after", "10").after(Duration::from_secs(2)));
    let error = layered(&script).tasks().get("t1").await.unwrap_err();
    let spent = error.time_spent();
    assert_eq!((error.attempts(), spent.attempts), (3, Duration::from_secs(6)));
    assert!(spent.backoff >= Duration::from_secs(20), "{spent}");
    assert_eq!(spent.attempts + spent.backoff + spent.waiting, error.elapsed());
}

#[test]
fn client_is_built_outside_a_runtime_and_shared() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send + 'static>(_: &T) {}
    let avala = Avala::builder().api_key("avk_test").build().unwrap();
    shared(&avala);
    let call = avala.datasets().get("d1");
    sent(&call);
    sent(&call.into_future());
    sent(&avala.tasks().list().items());
    sent(&avala.exports().wait("e1").into_future());
}

/// hyperium/hyper#3654, seanmonstar/reqwest#838: servers that respond with 411.
#[tokio::test]
async fn post_without_a_body_says_its_length() {
    let script = ScriptedService::always(json(&json!({"uid": "a1"})));
    for avala in [bare(&script), layered(&script)] {
        let call = avala.fleet().alerts().acknowledge("a1");
        assert_eq!(call.to_http().unwrap().headers()["content-length"], "0");
        call.await.unwrap();
        avala.fleet().alerts().get("a1").await.unwrap();
        avala.webhooks().delete("w1").await.unwrap();
    }
    for request in script.requests() {
        let length = request.headers.get("content-length").map(|length| length.to_str().unwrap());
        assert_eq!(length, (request.method == http::Method::POST).then_some("0"), "{request:?}");
    }
}

#[tokio::test]
async fn call_with_metadata_has_all_options_of_a_call() {
    let script = ScriptedService::always(json(&json!({"uid": "t1"})).header("x-request-id", "r1"));
    let avala = layered(&script);
    let call = avala.tasks().get("t1").with_meta().header("traceparent", "00-1").max_attempts(1);
    assert_eq!(call.to_http().unwrap().headers()["traceparent"], "00-1");
    let response = call.clone().await.unwrap();
    assert_eq!((response.value.uid.as_str(), response.meta.request_id.as_deref()), ("t1", Some("r1")));
    assert_eq!((response.meta.attempts, response.meta.report.attempts), (1, 1));
    let response = call.wait_until(|response| response.meta.status == 200).await.unwrap();
    assert_eq!(response.value.uid.as_str(), "t1");

    let script = ScriptedService::always(json(&json!({"results": [], "next": null})));
    let page = layered(&script).tasks().list().with_meta().header("traceparent", "00-1").await.unwrap();
    assert!(page.value.items.is_empty() && script.requests()[0].headers.contains_key("traceparent"));
}

#[tokio::test]
async fn first_invalid_argument_is_reported_by_every_kind_of_call() {
    let script = ScriptedService::new();
    let avala = bare(&script);
    let errors = [
        avala.tasks().get("").header("host", "x").await.unwrap_err(),
        avala.tasks().get("").with_meta().await.unwrap_err(),
        avala.tasks().get("").to_http().unwrap_err(),
        avala.tasks().get("").wait_until(|_| true).await.unwrap_err(),
        avala.datasets().list_by_owner("").items().next().await.unwrap().unwrap_err(),
        avala.datasets().list_by_owner("").try_collect::<Vec<_>>().await.unwrap_err(),
        avala.datasets().list_by_owner("").count().await.unwrap_err(),
        avala.datasets().list_by_owner("").to_http().unwrap_err(),
        avala.request(avala_client::Method::GET, "/x").path([""]).path([".."]).list::<Json>().await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Request, Sent::No, 0), "{error}");
        assert!(error.to_string().contains(r#"is "", which cannot be part of a path"#), "{error}");
    }
    assert!(script.requests().is_empty());
}
