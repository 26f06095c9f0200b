//! Calls of high priority: ahead of others that wait, and within the limits.

use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, CallOptions, ConcurrencyLimits, Priority, RateLimit, RateLimiter, RetryPolicy, Transport, TransportBuilder,
    TransportErrorKind,
};
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::support::{builder, get, secs, send, with_options};

fn urgent(path: &str) -> http::Request<Body> {
    with_options(get(path), |options| options.priority = Priority::High)
}

/// Sends requests in this order, with short pauses, and returns their paths in the order in which they were sent.
async fn order(transport: &Transport, script: &ScriptedService, requests: Vec<http::Request<Body>>) -> Vec<String> {
    let calls = requests.into_iter().enumerate().map(|(index, request)| async move {
        sleep(Duration::from_millis(index as u64)).await;
        send(transport, request).await
    });
    for result in join_all(calls).await {
        result.unwrap();
    }
    let paths = script.requests().into_iter();
    paths.map(|request| request.uri.path().trim_start_matches("/api/v1/").to_owned()).collect()
}

fn slow_limiter() -> TransportBuilder {
    TransportBuilder::new().rate_limiter(RateLimiter::new(RateLimit::per_minute(60).burst(1)))
}

#[tokio::test(start_paused = true)]
async fn urgent_call_overtakes_the_queue_of_the_limiter() {
    let script = ScriptedService::always(Step::respond(200));
    let transport = slow_limiter().service(script.clone()).build().unwrap();
    let requests = vec![get("/a"), get("/b"), get("/c"), get("/d"), urgent("/x"), get("/e"), urgent("/y")];
    assert_eq!(order(&transport, &script, requests).await, ["a", "x", "y", "b", "c", "d", "e"]);
    let times: Vec<_> = script.requests().iter().map(|request| request.at).collect();
    for pair in times.windows(2) {
        let gap = pair[1] - pair[0];
        assert!((secs(1)..Duration::from_millis(1_010)).contains(&gap), "the limit holds: {gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn urgent_call_overtakes_the_queue_for_a_permit() {
    let script = ScriptedService::always(Step::respond(200).after(secs(1)));
    let limits = ConcurrencyLimits::default().default_group(1);
    let transport = builder().concurrency(limits).service(script.clone()).build().unwrap();
    let requests = vec![get("/a"), get("/b"), get("/c"), urgent("/x"), urgent("/y"), get("/d")];
    let started = Instant::now();
    assert_eq!(order(&transport, &script, requests).await, ["a", "x", "y", "b", "c", "d"]);
    assert!(started.elapsed() >= secs(6), "one at a time");
}

#[tokio::test(start_paused = true)]
async fn urgent_call_takes_the_next_token_of_a_long_queue() {
    let script = ScriptedService::always(Step::respond(200));
    let transport = slow_limiter().timeout(secs(600)).service(script.clone()).build().unwrap();
    let tasks: Vec<_> = (0..300).map(|_| tokio::spawn(send_owned(transport.clone(), get("/")))).collect();
    sleep(Duration::from_millis(5_500)).await;
    let health = with_options(get("/health"), |options| {
        options.priority = Priority::High;
        options.timeout = Some(secs(3));
    });
    let started = Instant::now();
    send(&transport, health).await.unwrap();
    assert!(started.elapsed() <= secs(1), "{:?}", started.elapsed());
    let ordinary = with_options(get("/"), |options| options.timeout = Some(secs(3)));
    let error = send(&transport, ordinary).await.unwrap_err();
    assert_eq!(error.kind(), TransportErrorKind::RateLimited, "290 calls are ahead of an ordinary one");
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn send_owned(transport: Transport, request: http::Request<Body>) -> bool {
    send(&transport, request).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn cancelled_urgent_call_leaves_the_queue_as_it_was() {
    let script = ScriptedService::always(Step::respond(200));
    let transport = slow_limiter().service(script.clone()).build().unwrap();
    let cancelled = async {
        sleep(Duration::from_millis(100)).await;
        tokio::time::timeout(Duration::from_millis(100), send(&transport, urgent("/x"))).await.unwrap_err();
    };
    let requests = vec![get("/a"), get("/b"), get("/c")];
    let started = Instant::now();
    let (paths, ()) = tokio::join!(order(&transport, &script, requests), cancelled);
    assert_eq!(paths, ["a", "b", "c"]);
    assert!(started.elapsed() < Duration::from_millis(2_100), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn urgent_call_waits_for_a_closed_gate() {
    let script = ScriptedService::new().then(Step::respond(429).header("retry-after", "7")).then(Step::respond(200));
    let transport = slow_limiter().retry(RetryPolicy::none()).service(script.clone()).build().unwrap();
    send(&transport, get("/a")).await.unwrap();
    let started = Instant::now();
    send(&transport, urgent("/x")).await.unwrap();
    assert!(started.elapsed() >= secs(7), "{:?}", started.elapsed());
}

#[test]
fn priority_is_normal_by_default() {
    assert_eq!(CallOptions::default().priority, Priority::Normal);
    assert_eq!(CallOptions::new().with_priority(Priority::High).priority, Priority::High);
}
