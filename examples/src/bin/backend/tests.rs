//! Tests of the backend against a sandbox, with faults.

use std::time::Duration;

use avala_client::transport::{RateLimiter, RetryPolicy};
use avala_examples::builder_of;
use avala_sandbox::{Fault, Sandbox};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::App;
use crate::metrics::Metrics;

async fn start() -> (Sandbox, App) {
    let sandbox = Sandbox::start().await.unwrap();
    let metrics = Metrics::default();
    let builder = builder_of(&sandbox).layer_per_call(metrics.clone()).rate_limiter(RateLimiter::off());
    // Without delays between attempts, so that tests are fast.
    let retry = RetryPolicy::default().base_delay(Duration::ZERO);
    let app = App::new(builder.retry(retry).build().unwrap(), metrics);
    (sandbox, app)
}

async fn get(app: &App, path: &str) -> (StatusCode, Value) {
    read(app.router().oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()).await
}

async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn pages_are_forwarded_until_the_last_one() {
    let (_sandbox, app) = start().await;
    let (mut path, mut count) = ("/tasks?limit=150".to_owned(), 0);
    for _ in 0..10 {
        let (status, page) = get(&app, &path).await;
        assert_eq!(status, StatusCode::OK);
        count += page["items"].as_array().unwrap().len();
        match page["next"].as_str() {
            Some(next) => path = format!("/tasks?limit=150&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(count, 320);
}

#[tokio::test]
async fn failed_attempts_are_invisible_to_the_caller() {
    let (sandbox, app) = start().await;
    sandbox.fault(Fault::status(503).on("GET", "/tasks/").times(2)).unwrap();
    assert_eq!(get(&app, "/tasks").await.0, StatusCode::OK);
}

#[tokio::test]
async fn lost_response_of_an_export_is_reported_as_unknown() {
    let (sandbox, app) = start().await;
    sandbox.fault(Fault::drop_response().on("POST", "/exports/")).unwrap();
    let project = app.avala.projects().list().await.unwrap().items.remove(0).uid;
    let body = json!({ "project": project }).to_string();
    let request = Request::post("/exports").header("content-type", "application/json").body(Body::from(body)).unwrap();
    let (status, error) = read(app.router().oneshot(request).await.unwrap()).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert!(error["error"].as_str().unwrap().contains("unknown whether the server acted"), "{error}");
}

#[tokio::test]
async fn rate_limit_becomes_503_with_retry_after() {
    let (sandbox, app) = start().await;
    sandbox.fault(Fault::status(429).header("retry-after", "120").on("GET", "/tasks/").times(9)).unwrap();
    let request = Request::get("/tasks").body(Body::empty()).unwrap();
    let response = app.router().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(response.headers().contains_key("retry-after"));
}

#[tokio::test]
async fn export_is_followed_until_it_is_done() {
    let (_sandbox, app) = start().await;
    let project = app.avala.projects().list().await.unwrap().items.remove(0).uid;
    let body = json!({ "project": project }).to_string();
    let request = Request::post("/exports").header("content-type", "application/json").body(Body::from(body)).unwrap();
    let (status, export) = read(app.router().oneshot(request).await.unwrap()).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    // The shutdown waits for it.
    assert_eq!(app.drain(Duration::from_secs(60)).await, 0);
    let (_, progress) = get(&app, &format!("/exports/{}", export["uid"].as_str().unwrap())).await;
    assert_eq!(progress["state"], "done", "{progress}");
}

#[tokio::test]
async fn wrong_key_is_not_shown_to_the_caller() {
    let (sandbox, app) = start().await;
    sandbox.fault(Fault::status(401).on("GET", "/tasks/")).unwrap();
    let (status, error) = get(&app, "/tasks").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(error["error"], "the backend is not set up correctly");
}
