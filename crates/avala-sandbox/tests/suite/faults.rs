use std::time::{Duration, Instant};

use avala_sandbox::{Fault, Sandbox};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::json as value;

use crate::client::{address, column, fetch, get, json, path_of, post, request, send, walk};

/// Returns the number of exports.
async fn exports(sandbox: &Sandbox) -> usize {
    column(&fetch(sandbox, "/exports/").await, "uid").len()
}

/// Requests an export, and returns whether there was a response.
async fn export(sandbox: &Sandbox) -> bool {
    let project = walk(sandbox, "/users/me/projects/", "uid").await.swap_remove(0);
    let body = value!({ "project": project }).to_string();
    send(address(sandbox), request(sandbox, Method::POST, "/exports/", body)).await.is_ok()
}

#[tokio::test]
async fn a_status_is_responded_instead_of_processing() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(Fault::status(503).header("retry-after", "1").body("{\"detail\": \"later\"}").times(2)).unwrap();
    for _ in 0..2 {
        let response = post(&sandbox, "/exports/", value!({})).await;
        assert_eq!(response.headers()["retry-after"], "1");
        assert!(
            response.headers().contains_key("x-request-id") && response.headers().contains_key("x-ratelimit-limit")
        );
        assert_eq!(json(&response, StatusCode::SERVICE_UNAVAILABLE)["detail"], "later");
    }
    assert_eq!(exports(&sandbox).await, 5);
}

#[tokio::test]
async fn html_and_redirects_are_responded() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(Fault::html()).unwrap();
    let response = get(&sandbox, "/tasks/").await;
    assert_eq!(
        (response.status(), &response.headers()["content-type"]),
        (StatusCode::OK, &"text/html; charset=utf-8".parse().unwrap())
    );

    sandbox.fault(Fault::redirect("https://elsewhere.example/")).unwrap();
    let response = get(&sandbox, "/tasks/").await;
    assert_eq!(
        (response.status(), &response.headers()["location"]),
        (StatusCode::FOUND, &"https://elsewhere.example/".parse().unwrap())
    );
}

#[tokio::test]
async fn a_dropped_connection_did_nothing_and_a_dropped_response_did() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(Fault::drop_connection().on("POST", "/exports/")).unwrap();
    assert!(!export(&sandbox).await);
    assert_eq!(exports(&sandbox).await, 5);

    sandbox.fault(Fault::drop_response().on("POST", "/exports/")).unwrap();
    assert!(!export(&sandbox).await);
    assert_eq!(exports(&sandbox).await, 6);

    assert!(export(&sandbox).await);
    assert_eq!(exports(&sandbox).await, 7);
}

#[tokio::test]
async fn a_body_is_cut_where_the_fault_says() {
    let sandbox = Sandbox::start().await.unwrap();
    let whole = get(&sandbox, "/tasks/").await.into_body();
    for (after, expected) in [(0, 0), (1, 1), (1000, 1000), (usize::MAX, whole.len() - 1)] {
        sandbox.fault(Fault::cut_body(after).on(Method::GET, "/tasks/")).unwrap();
        let response = send(address(&sandbox), request(&sandbox, Method::GET, "/tasks/", "")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-length"], whole.len().to_string());
        let mut body = response.into_body();
        let mut received = Vec::new();
        while let Ok(frame) = body.frame().await.expect("the body does not end") {
            received.extend_from_slice(&frame.into_data().unwrap());
        }
        assert_eq!(received, whole[..expected]);
    }
}

#[tokio::test]
async fn a_late_response_was_processed_at_once() {
    let sandbox = Sandbox::start().await.unwrap();
    let begin = Instant::now();
    sandbox.fault(Fault::delay(Duration::from_millis(50)).on("GET", "/tasks/")).unwrap();
    assert_eq!(get(&sandbox, "/tasks/").await.status(), StatusCode::OK);
    assert!(begin.elapsed() >= Duration::from_millis(50));

    // The export exists although its response is never sent.
    sandbox.fault(Fault::delay(Duration::from_secs(3600)).on("POST", "/exports/")).unwrap();
    let processed = async { while exports(&sandbox).await < 6 {} };
    tokio::select! {
        _ = export(&sandbox) => panic!("the response is late"),
        waited = tokio::time::timeout(Duration::from_secs(10), processed) => waited.expect("it is processed"),
    }
}

#[tokio::test]
async fn a_fault_meets_only_what_it_is_on() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.fault(Fault::status(500).on("GET", "/exports/*")).unwrap();
    sandbox.fault(Fault::status(502).on("GET", "/tasks/")).unwrap();
    assert_eq!(post(&sandbox, "/exports/", value!({})).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(get(&sandbox, "/tasks/t1/").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&sandbox, "/tasks/?limit=1").await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(get(&sandbox, "/exports/e1/").await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(get(&sandbox, "/exports/e1/").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn faults_wait_in_a_queue_that_can_be_cleared() {
    let sandbox = Sandbox::start().await.unwrap();
    for status in [500, 502] {
        sandbox.fault(Fault::status(status)).unwrap();
    }
    sandbox.fault(Fault::status(503).times(0)).unwrap();
    sandbox.fault(Fault::status(504).times(usize::MAX)).unwrap();
    for status in [500, 502, 504, 504] {
        assert_eq!(get(&sandbox, "/tasks/").await.status(), status);
    }
    sandbox.clear_faults();
    assert_eq!(get(&sandbox, "/tasks/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for (fault, expected) in [
        (Fault::status(42), "HTTP does not allow"),
        (Fault::status(503).header("retry after", "1"), "HTTP does not allow"),
        (Fault::status(503).header("retry-after", "1\n"), "HTTP does not allow"),
        (Fault::redirect("\n"), "HTTP does not allow"),
        (Fault::html().on("GET IT", "/"), "HTTP does not allow"),
        (Fault::html().on("GET", "tasks/"), "does not start with a slash"),
        (Fault::drop_response().header("retry-after", "1"), "without its own response"),
        (Fault::cut_body(1).body("x"), "without its own response"),
    ] {
        let error = sandbox.fault(fault).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert_eq!(get(&sandbox, "/tasks/").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn latency_holds_every_response_back() {
    let sandbox = Sandbox::builder().latency(Duration::from_millis(40)).start().await.unwrap();
    let begin = Instant::now();
    let page = fetch(&sandbox, "/tasks/").await;
    fetch(&sandbox, &path_of(&sandbox, &page["next"]).unwrap()).await;
    assert!(begin.elapsed() >= Duration::from_millis(80));
}
