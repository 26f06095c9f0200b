//! The client with its defaults: its limits, its gate and its budget, on the paused clock.

use std::time::Duration;

use avala_client::{Avala, ErrorKind, Sent};
use avala_transport::testing::{ScriptedService, Step};
use futures_util::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use crate::{json, layered};

fn task() -> Step {
    json(&json!({"uid": "t1"}))
}

async fn calls(avala: &Avala, count: usize) -> Vec<Result<avala_client::types::Task, avala_client::Error>> {
    join_all((0..count).map(|_| avala.tasks().get("t1").into_future())).await
}

#[tokio::test(start_paused = true)]
async fn documented_limit_holds_before_any_429() {
    let script = ScriptedService::always(task());
    let avala = layered(&script);
    let started = Instant::now();
    assert!(calls(&avala, 25).await.iter().all(Result::is_ok));
    assert_eq!(started.elapsed(), Duration::from_secs(3), "20 at once, then 100 a minute");
}

#[tokio::test(start_paused = true)]
async fn higher_limit_is_learned_from_responses() {
    let script =
        ScriptedService::always(task().header("x-ratelimit-limit", "6000").header("x-ratelimit-remaining", "5900"));
    let avala = layered(&script);
    let started = Instant::now();
    assert!(calls(&avala, 120).await.iter().all(Result::is_ok));
    assert!(started.elapsed() <= Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_429_delays_every_clone() {
    let script = ScriptedService::new().then(Step::respond(429).header("retry-after", "7"));
    let script = (0..6).fold(script, |script, _| script.then(task()));
    let avala = layered(&script);
    let started = Instant::now();
    let first = avala.tasks().get("t1").into_future();
    let others = async {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let clone = avala.clone();
        calls(&clone, 5).await
    };
    let (first, others) = futures_util::future::join(first, others).await;
    assert!(first.is_ok() && others.iter().all(Result::is_ok));
    let early =
        script.requests().iter().skip(1).filter(|request| request.at < started + Duration::from_secs(7)).count();
    assert_eq!(early, 0, "no call is sent before the gate opens");
}

#[tokio::test(start_paused = true)]
async fn too_long_wait_fails_at_once_unsent() {
    let script = ScriptedService::always(task());
    let avala = layered(&script);
    assert!(calls(&avala, 20).await.iter().all(Result::is_ok));
    let started = Instant::now();
    let error = avala.tasks().get("t1").deadline(Duration::from_millis(300)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (ErrorKind::RateLimited, Sent::No));
    assert_eq!((error.retry_after(), started.elapsed()), (Some(Duration::from_millis(600)), Duration::ZERO));
    assert_eq!(script.requests().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn server_that_is_down_gets_few_requests() {
    let script = ScriptedService::always(Step::respond(503));
    let limiter = avala_transport::RateLimiter::off();
    let avala = Avala::builder().api_key("avk_test").service(script.clone()).rate_limiter(limiter).build().unwrap();
    let results = calls(&avala, 200).await;
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Server)));
    let retries = script.requests().len() - 200;
    assert!(
        (50..=60).contains(&retries),
        "the budget allows 50 retries of this kind at once, and there were {retries}"
    );
}

#[tokio::test(start_paused = true)]
async fn timestamp_in_retry_after_closes_the_gate_until_then() {
    let refused =
        Step::respond(429).header("date", "Wed, 26 Nov 2025 12:00:00 GMT").header("retry-after", "1764158402");
    let script = ScriptedService::new().then(refused).then(task()).then(task());
    let avala = layered(&script);
    let started = Instant::now();
    assert!(calls(&avala, 1).await.iter().all(Result::is_ok));
    assert!(calls(&avala, 1).await.iter().all(Result::is_ok));
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
}
