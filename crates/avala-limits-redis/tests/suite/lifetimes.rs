//! Limits that outlive a runtime, or are used and dropped without one, and many callers at the beginning of an outage.

use std::future::Future;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use avala_transport::{Decision, LimitReport, LimitStore, RateLimit, StoreCall};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::fake::Fake;
use crate::outages::{quick, recovery};
use crate::support::{Redis, builder, call, decide, granted, millis};

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Polls once, without a runtime.
fn poll_alone<T>(future: impl Future<Output = T>) -> Option<T> {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[test]
fn limits_outlive_their_runtime_and_end_without_one() {
    let first = runtime();
    let Some(redis) = first.block_on(Redis::start(&[])) else { return };
    let build = || builder(redis.url(), RateLimit::per_minute(60_000).burst(100)).timeout(Duration::from_secs(2));
    let limits = build().concurrency_limit("uploads", 1).build().unwrap();
    let upload = StoreCall::new("uploads");
    let held = first.block_on(async {
        recovery(&limits).await;
        granted(&limits, upload).await
    });
    drop(first);
    let alone = poll_alone(limits.acquire(call()));
    assert!(matches!(alone, Some(Decision::Local)), "no panic and no permission without a runtime: {alone:?}");
    limits.report(None, LimitReport::new().with_closed_for(millis(1)));
    drop(held);
    let second = runtime();
    second.block_on(async {
        recovery(&limits).await;
        // The only permit was released without a runtime, and goes with the next reservation.
        granted(&limits, upload).await;
        limits.close().await;
    });
    drop(second);
    drop(limits);
}

#[tokio::test]
async fn outage_of_thousands_of_callers_opens_few_connections() {
    for response in ["-LOADING Redis is loading the dataset in memory\r\n", "$90\r\nid 5"] {
        let fake = Fake::start(response).await;
        let limits = quick(fake.url.clone());
        let started = Instant::now();
        let mut callers = JoinSet::new();
        for _ in 0..3_000 {
            let limits = limits.clone();
            callers.spawn(async move { decide(&limits, call()).await });
        }
        for decision in callers.join_all().await {
            assert!(matches!(decision, Decision::Local), "{decision:?}");
        }
        // A pause of at least 200 ms follows each failure.
        let most = 2 + started.elapsed().as_millis() / 200;
        assert!(fake.connections() as u128 <= most, "{} connections, at most {most}", fake.connections());
        assert_eq!(limits.stats().outages, 1, "one report");
    }
}

#[tokio::test]
async fn processes_with_different_limits_use_that_of_the_first() {
    let Some(redis) = Redis::start(&[]).await else { return };
    let first = crate::support::limits(&redis, RateLimit::per_minute(600).burst(1)).await;
    let created = Instant::now();
    let second = crate::support::limits(&redis, RateLimit::per_minute(60_000).burst(100)).await;
    let mut calls = 0;
    while created.elapsed() < Duration::from_secs(2) {
        for limits in [&first, &second] {
            granted(limits, call()).await;
            calls += 1;
        }
    }
    let most = created.elapsed().as_secs_f64() * 10.0 + 2.0;
    assert!(f64::from(calls) <= most, "{calls} calls at 599 per minute");
}
