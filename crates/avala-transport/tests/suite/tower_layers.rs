//! Layers of tower in both positions: queues and limits that hold a request, or send it from another task.

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{RetryPolicy, Sent, Transport, TransportBuilder, TransportErrorKind as Kind};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout};
use tower::ServiceBuilder;
use tower::buffer::BufferLayer;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;

use crate::support::{builder, get, millis, post, report, secs, send, with_options};

/// Returns every layer in both positions, and all of them together.
fn layered(build: impl Fn(TransportBuilder) -> Transport) -> Vec<(&'static str, Transport)> {
    let buffer = || BufferLayer::new(64);
    let limit = || ConcurrencyLimitLayer::new(1);
    let both = || ServiceBuilder::new().layer(BufferLayer::new(64)).layer(LoadShedLayer::new()).layer(buffer());
    let quick = || builder().retry(RetryPolicy::default().base_delay(millis(1)));
    vec![
        ("buffer per call", build(quick().layer_per_call(buffer()))),
        ("buffer per attempt", build(quick().layer_per_attempt(buffer()))),
        ("limit per call", build(quick().layer_per_call(limit()))),
        ("limit per attempt", build(quick().layer_per_attempt(limit()))),
        ("buffers and load shed per call", build(quick().layer_per_call(both()))),
        ("buffers and load shed per attempt", build(quick().layer_per_attempt(both()))),
        ("all", build(quick().layer_per_call(limit()).layer_per_call(buffer()).layer_per_attempt(buffer()))),
    ]
}

#[tokio::test(start_paused = true)]
async fn layers_that_queue_keep_what_retries_rely_on() {
    let refused = || Step::respond(429).header("retry-after", "0");
    for (name, transport) in layered(|builder| {
        let script = ScriptedService::new().then(Step::respond(503)).then(Step::respond(200));
        let script = script.then(Step::respond(500)).then(refused()).then(Step::respond(201));
        builder.service(script).build().unwrap()
    }) {
        let response = send(&transport, get("/x/")).await.unwrap();
        assert_eq!((response.status().as_u16(), report(&response).attempts()), (200, 2), "{name}");
        let response = send(&transport, post("/x/", "a")).await.unwrap();
        assert_eq!((response.status().as_u16(), report(&response).attempts()), (500, 1), "{name}");
        let response = send(&transport, post("/x/", "a")).await.unwrap();
        assert_eq!((response.status().as_u16(), report(&response).attempts()), (201, 2), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn layers_that_queue_end_calls_in_time() {
    for (name, transport) in layered(|builder| {
        let script = ScriptedService::new().then(Step::hang()).then(Step::respond(200)).then(Step::hang());
        builder.service(script.then(Step::respond(200))).build().unwrap()
    }) {
        let started = Instant::now();
        let request = with_options(post("/x/", "a"), |options| options.timeout = Some(secs(5)));
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), started.elapsed()), (Kind::Timeout, Sent::Maybe, secs(5)), "{name}");
        assert_eq!(send(&transport, get("/x/")).await.unwrap().status(), 200, "{name}");
        // The caller drops the call.
        assert!(timeout(secs(1), send(&transport, get("/x/"))).await.is_err());
        assert_eq!(send(&transport, get("/x/")).await.unwrap().status(), 200, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn layers_that_queue_lose_no_call() {
    for (name, transport) in layered(|builder| {
        builder.service(ScriptedService::always(Step::respond(200).after(millis(20)))).build().unwrap()
    }) {
        let calls = (0..20).map(|_| send(&transport, post("/x/", "a")));
        for response in join_all(calls).await {
            assert_eq!(response.unwrap().status(), 200, "{name}");
        }
    }
}
