//! Options of single calls: headers, extensions, attempts and timeouts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_client::{Avala, ErrorKind, Method, Sent, TimeoutPhase};
use avala_transport::Body;
use avala_transport::testing::{ScriptedService, Step};
use serde_json::json;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

use crate::{json, layered};

fn task() -> Step {
    json(&json!({"uid": "t1"}))
}

fn tasks() -> Step {
    json(&json!([{"uid": "t1"}]))
}

/// Operations and tenants that a layer has seen.
type Seen = Arc<Mutex<Vec<(&'static str, Option<TenantId>)>>>;

#[tokio::test(start_paused = true)]
async fn header_is_sent_with_every_attempt_of_every_kind_of_call() {
    let script = ScriptedService::new().then(Step::respond(502)).then(task()).then(task()).then(tasks()).then(task());
    let avala = layered(&script);
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    avala.tasks().get("t1").header("TraceParent", "old").header("traceparent", trace).await.unwrap();
    avala.tasks().get("t1").with_meta().header("traceparent", trace).await.unwrap();
    let mut items = avala.tasks().list().header("traceparent", trace).items();
    items.next().await.unwrap().unwrap();
    avala.request(Method::GET, "/beta/").header("traceparent", trace).await.unwrap();
    let requests = script.requests();
    assert_eq!(requests.len(), 5);
    for request in requests {
        let sent: Vec<_> = request.headers.get_all("traceparent").iter().collect();
        assert_eq!(sent, [trace], "the last value is sent once");
        assert_eq!(request.headers["x-avala-api-key"], "avk_test");
    }
}

#[tokio::test]
async fn headers_that_the_client_sets_are_refused() {
    let script = ScriptedService::always(task());
    let avala = layered(&script);
    for name in [
        "x-avala-api-key",
        "X-Avala-Api-Key",
        "Authorization",
        "Host",
        "Content-Length",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Connection",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
        "HTTP2-Settings",
        "Proxy-Authenticate",
        "Expect",
        "X_Avala_Api_Key",
        "x-avala_api-key",
        "Content_Length",
        "transfer_encoding",
    ] {
        let error = avala.tasks().get("t1").header(name, "hunter2").await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No), "{name}");
        assert!(error.message().contains(&name.to_ascii_lowercase()), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        let error = avala.tasks().list().header(name, "1").items().next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request, "{name}");
    }
    for (name, value) in [
        ("", "v"),
        ("a b", "v"),
        ("a:b", "v"),
        (":path", "v"),
        (":authority", "v"),
        ("größe", "v"),
        ("x-a\r\nx-b", "v"),
        ("x-a", "v\r\nx-b: c"),
        ("x-a", "v\nx-b: c"),
        ("x-a", "v\r"),
        ("x-a", "\0"),
        ("x-a", "\u{7f}"),
    ] {
        let error = avala.tasks().get("t1").header(name, value).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (ErrorKind::Request, Sent::No), "{name:?}");
    }
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let script = ScriptedService::always(task());
    let names = |count: usize| (0..count).map(|index| format!("x-header-{index}"));
    let get = || layered(&script).tasks().get("t1");
    names(100).chain(names(100)).fold(get(), |call, name| call.header(name, "v")).await.unwrap();
    let error = names(40_000).fold(get(), |call, name| call.header(name, "v")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), script.requests().len()), (ErrorKind::Request, Sent::No, 1));
    assert!(error.message().contains("100 headers"), "{error}");
}

#[tokio::test]
async fn header_values_are_not_in_debug_output() {
    let avala = layered(&ScriptedService::new());
    let call = avala.tasks().get("t1").header("x-session", "hunter2");
    let raw = avala.request(Method::GET, "/beta/").header("x-session", "hunter2");
    let list = avala.tasks().list().header("x-session", "hunter2");
    let text = format!("{call:?} {:?} {list:?} {raw:?} {:?}", call.to_http(), raw.to_http());
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(call.to_http().unwrap().headers()["x-session"], "hunter2");
}

#[derive(Clone, Debug, PartialEq)]
struct TenantId(u64);

#[tokio::test(start_paused = true)]
async fn extension_reaches_layers_per_call_and_per_attempt() {
    let seen: Seen = Arc::default();
    let note = |place| {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |request: http::Request<Body>| {
            seen.lock().unwrap().push((place, request.extensions().get::<TenantId>().cloned()));
            request
        })
    };
    let script = ScriptedService::new().then(Step::respond(502)).then(task()).then(tasks()).then(task());
    let builder = Avala::builder().api_key("avk_test").service(script.clone());
    let avala = builder.layer_per_call(note("call")).layer_per_attempt(note("attempt")).build().unwrap();
    avala.tasks().get("t1").extension(TenantId(6)).extension(TenantId(7)).await.unwrap();
    avala.tasks().list().extension(TenantId(8)).await.unwrap();
    avala.request(Method::GET, "/beta/").extension(TenantId(9)).await.unwrap();
    let expected =
        [("call", 7), ("attempt", 7), ("attempt", 7), ("call", 8), ("attempt", 8), ("call", 9), ("attempt", 9)];
    assert_eq!(*seen.lock().unwrap(), expected.map(|(place, id)| (place, Some(TenantId(id)))));
}

#[tokio::test(start_paused = true)]
async fn repeatable_post_is_retried_and_put_can_be_made_final() {
    for (method, repeatable, attempts) in
        [(Method::POST, Some(true), 2), (Method::POST, None, 1), (Method::PUT, Some(false), 1), (Method::PUT, None, 2)]
    {
        let script = ScriptedService::new().then(Step::respond(502)).then(task());
        let mut call = layered(&script).request(method.clone(), "/beta/");
        if let Some(repeatable) = repeatable {
            call = call.repeatable(repeatable);
        }
        let _ = call.await;
        assert_eq!(script.requests().len(), attempts, "{method} {repeatable:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn list_has_its_own_attempts_and_timeout() {
    let script = ScriptedService::always(Step::respond(502));
    let avala = layered(&script);
    assert!(avala.tasks().list().max_attempts(1).await.is_err());
    assert!(avala.tasks().list().max_attempts(2).items().next().await.unwrap().is_err());
    assert_eq!(script.requests().len(), 3);
    let avala = layered(&ScriptedService::always(Step::hang()));
    let started = Instant::now();
    let error = avala.tasks().list().timeout(Duration::from_secs(3)).await.unwrap_err();
    assert_eq!((error.timeout_phase(), started.elapsed()), (Some(TimeoutPhase::Total), Duration::from_secs(3)));
    let error = avala.tasks().get("t1").with_meta().timeout(Duration::from_secs(3)).await.unwrap_err();
    assert_eq!((error.is_timeout(), started.elapsed()), (true, Duration::from_secs(6)));
    let error = avala.request(Method::GET, "/beta/").max_attempts(1).attempt_timeout(Duration::from_secs(2)).await;
    assert_eq!(error.unwrap_err().timeout_phase(), Some(TimeoutPhase::Attempt));
}
