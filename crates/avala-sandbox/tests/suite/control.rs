//! Control routes, for sandboxes that run as programs.

use avala_sandbox::{Sandbox, Seed};
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json as value};

use crate::client::{TestResponse, act, call, fetch, first_uid, get, json, post, text};
use crate::storage_client::{at, put};

async fn control(sandbox: &Sandbox, method: Method, path: &str, body: &str) -> TestResponse {
    let request = Request::builder().method(method).uri(format!("/_sandbox/{path}/")).header("host", "localhost");
    let request = request.header("content-type", "application/json");
    call(sandbox, request.body(Full::new(Bytes::from(body.to_owned()))).unwrap()).await
}

async fn set(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    json(&control(sandbox, Method::POST, path, &body.to_string()).await, StatusCode::OK)
}

#[tokio::test]
async fn faults_are_added_and_cleared() {
    let sandbox = Sandbox::start().await.unwrap();
    set(&sandbox, "faults", value!({"fault": "GET /tasks/ 503 x2"})).await;
    assert_eq!(get(&sandbox, "/tasks/").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    json(&control(&sandbox, Method::DELETE, "faults", "").await, StatusCode::OK);
    assert_eq!(get(&sandbox, "/tasks/").await.status(), StatusCode::OK);
    let wrong = control(&sandbox, Method::POST, "faults", r#"{"fault": "GET /tasks/ often"}"#).await;
    assert!(json(&wrong, StatusCode::BAD_REQUEST)["fault"][0].as_str().unwrap().contains("is not a fault"));
    let form = Request::post("/_sandbox/faults/").header("host", "localhost").header("content-type", "text/plain");
    let form = call(&sandbox, form.body(Full::new(Bytes::from("{}"))).unwrap()).await;
    assert_eq!(form.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "a browser could send this");
}

#[tokio::test]
async fn storage_is_listed_and_edited_and_urls_expire() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let body = value!({
        "dataset_name": "Yard", "file_path_in_dataset": "a.jpg", "content_length": 3, "upload_protocol_version": 2,
        "dataset_upload_uid": "batch",
    });
    let session = json(&post(&sandbox, "/datasets/manual-upload/file-upload-url/", body).await, StatusCode::OK);
    put(&sandbox, &session["url"], &session["headers"], "abc").await;
    let listed = json(&control(&sandbox, Method::GET, "storage", "").await, StatusCode::OK);
    assert_eq!((&listed["objects"][0]["size"], &listed["counters"]["puts"]), (&value!(3), &value!(1)));
    let key = text(&listed["objects"][0], "key");
    set(&sandbox, "storage", value!({"key": key, "action": "change"})).await;
    assert_ne!(sandbox.storage().bytes(key).unwrap(), "abc");
    set(&sandbox, "storage", value!({"key": key, "action": "remove"})).await;
    assert!(sandbox.storage().objects().is_empty());
    let made = set(&sandbox, "storage", value!({"key": "x", "action": "insert", "size": 9})).await;
    assert_eq!(at(&sandbox, "GET", text(&made, "url"), &[], "").await.body().len(), 9);
    set(&sandbox, "clock", value!({"advance_seconds": 900})).await;
    assert_eq!(at(&sandbox, "GET", text(&made, "url"), &[], "").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn records_are_changed() {
    let sandbox = Sandbox::start().await.unwrap();
    let agent = first_uid(&sandbox, "/agents/").await;
    let execution = first_uid(&sandbox, &format!("/agents/{agent}/executions/?status=pending")).await;
    set(&sandbox, "executions", value!({"execution_uid": execution, "status": "running"})).await;
    let running = first_uid(&sandbox, &format!("/agents/{agent}/executions/?status=running")).await;
    assert_eq!(running, execution);

    let revision = fetch(&sandbox, "/resolve/harbor-vision/harbor-cranes@main/").await;
    set(&sandbox, "revisions", value!({"dataset_uid": revision["dataset_uid"], "withdrawn": true})).await;
    let path = format!("/resolve/uid/{}/{}/", text(&revision, "dataset_uid"), text(&revision, "revision_sha256"));
    assert_eq!(get(&sandbox, &path).await.status(), StatusCode::GONE);

    set(&sandbox, "finalizations", value!({"steps": ["failed:lease_lost"]})).await;
    for (path, body) in [
        ("finalizations", value!({"steps": ["gone:lost"]})),
        ("generations", value!({"recording_uid": "none"})),
        ("storage", value!({"key": "k", "action": "eat"})),
        ("clock", value!({"advance_seconds": -1})),
    ] {
        let refused = control(&sandbox, Method::POST, path, &body.to_string()).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{path}");
    }
    let missing = value!({"recording_uid": "none", "state": "active"}).to_string();
    assert_eq!(control(&sandbox, Method::POST, "generations", &missing).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(act(&sandbox, "/_sandbox/clock/").await.status(), StatusCode::NOT_FOUND, "not below the API");
}
