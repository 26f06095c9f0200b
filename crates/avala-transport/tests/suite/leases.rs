//! Permits of calls that are not polled.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use avala_transport::layer::ConcurrencyLimitLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Background, Body, ConcurrencyGroup, ConcurrencyLimits, MemoryLimits, RateLimit, RateLimiter, Transport,
    TransportBuilder, TransportError,
};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

use crate::support::{get, millis, secs, send, with_options};

type Call = Pin<Box<dyn Future<Output = Result<Response<Body>, TransportError>> + Send>>;

/// Returns a limit of this many calls over a service.
fn limited(calls: usize, service: ScriptedService) -> Transport {
    let limits = ConcurrencyLimits::default().default_group(calls).group("exports", calls);
    BoxCloneSyncService::new(ConcurrencyLimitLayer::new(limits).layer(service))
}

/// Creates a call that takes a second.
fn second() -> ScriptedService {
    ScriptedService::always(Step::respond(200).after(secs(1)))
}

fn call(stack: &Transport, request: Request<Body>) -> Call {
    Box::pin(stack.clone().call(request))
}

/// Polls a call once, and not again.
fn poll_once(call: &mut Call) -> Poll<Result<Response<Body>, TransportError>> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

async fn takes(stack: &Transport) -> std::time::Duration {
    let started = Instant::now();
    timeout(secs(600), send(stack, get("/x/"))).await.expect("the call does not hang").unwrap();
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn permit_expires_after_its_term() {
    for group in [ConcurrencyGroup::DEFAULT, "exports".into()] {
        let stack = limited(1, second());
        let of_group = || with_options(get("/x/"), |options| options.concurrency_group = group);
        let mut left_alone = call(&stack, of_group());
        assert!(poll_once(&mut left_alone).is_pending());
        sleep(secs(10)).await;
        let started = Instant::now();
        send(&stack, of_group()).await.unwrap();
        assert_eq!(started.elapsed(), secs(21), "the rest of 30 s, and its own second");
        left_alone.await.unwrap();
        assert_eq!(takes(&stack).await, secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn attempt_timeout_of_the_call_is_the_permit_term() {
    let stack = limited(1, second());
    let mut left_alone = call(&stack, with_options(get("/x/"), |options| options.attempt_timeout = Some(secs(5))));
    assert!(poll_once(&mut left_alone).is_pending());
    assert_eq!(takes(&stack).await, secs(6));
}

#[tokio::test(start_paused = true)]
async fn expired_permit_is_released_once() {
    let stack = limited(2, second());
    let mut calls: Vec<Call> = (0..2).map(|_| call(&stack, get("/x/"))).collect();
    for call in &mut calls {
        assert!(poll_once(call).is_pending());
    }
    sleep(secs(31)).await;
    let late = calls.pop().unwrap();
    let mut others: Vec<Call> = (0..2).map(|_| call(&stack, get("/x/"))).collect();
    for call in &mut others {
        assert!(poll_once(call).is_pending());
    }
    // Its response arrived long ago. Reading it, or dropping the other call, frees no permit of a third one.
    late.await.unwrap();
    drop(calls);
    assert!(timeout(secs(1), send(&stack, get("/x/"))).await.is_err(), "both permits are held by others");
    drop(others);
    assert_eq!(takes(&stack).await, secs(1));
}

#[tokio::test(start_paused = true)]
async fn unpolled_queued_call_does_not_block_others() {
    for abandoned in [1, 5, 40] {
        let stack = limited(1, second());
        let mut running = call(&stack, get("/running/"));
        assert!(poll_once(&mut running).is_pending());
        let mut left_alone: Vec<Call> = (0..abandoned).map(|_| call(&stack, get("/left/"))).collect();
        for call in &mut left_alone {
            assert!(poll_once(call).is_pending());
        }
        let other = tokio::spawn({
            let stack = stack.clone();
            async move { takes(&stack).await }
        });
        tokio::task::yield_now().await;
        running.await.unwrap();
        // They are woken one after the other, and none of them is polled.
        let took = other.await.unwrap();
        assert!(took >= secs(2) && took <= secs(2) + millis(20) * (abandoned + 2), "{abandoned}: {took:?}");
        // They get a permit when they are polled.
        for call in left_alone {
            call.await.unwrap();
        }
        assert_eq!(takes(&stack).await, secs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn unpolled_call_of_the_same_task_costs_no_time() {
    let stack = limited(1, second());
    let running = tokio::spawn({
        let stack = stack.clone();
        async move { takes(&stack).await }
    });
    tokio::task::yield_now().await;
    let mut left_alone = call(&stack, get("/left/"));
    std::future::poll_fn(|cx| {
        assert!(left_alone.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    assert_eq!(takes(&stack).await, secs(2));
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropped_queued_call_wakes_the_next() {
    let stack = limited(1, second());
    let mut running = call(&stack, get("/running/"));
    assert!(poll_once(&mut running).is_pending());
    let mut woken = call(&stack, get("/woken/"));
    assert!(poll_once(&mut woken).is_pending());
    let other = tokio::spawn({
        let stack = stack.clone();
        async move { takes(&stack).await }
    });
    tokio::task::yield_now().await;
    drop(running);
    drop(woken);
    assert_eq!(other.await.unwrap(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn unpolled_call_keeps_its_turn() {
    let service = second();
    let stack = limited(1, service.clone());
    let mut running = call(&stack, get("/0/"));
    assert!(poll_once(&mut running).is_pending());
    let mut first = call(&stack, get("/1/"));
    assert!(poll_once(&mut first).is_pending());
    let mut others = JoinSet::new();
    for index in 2..5 {
        let stack = stack.clone();
        others.spawn(async move { send(&stack, get(&format!("/{index}/"))).await.map(drop) });
        tokio::task::yield_now().await;
    }
    running.await.unwrap();
    sleep(millis(500)).await;
    let first = tokio::spawn(first);
    others.join_all().await;
    first.await.unwrap().unwrap();
    let order: Vec<String> = service.requests().iter().map(|request| request.uri.path().to_owned()).collect();
    assert_eq!(order, ["/0/", "/2/", "/1/", "/3/", "/4/"]);
}

#[tokio::test(start_paused = true)]
async fn many_random_drops_and_pauses_lose_no_permit() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let stack = limited(4, ScriptedService::always(Step::respond(200).after(millis(3))));
        let mut calls: Vec<Call> = Vec::new();
        for _ in 0..500 {
            match random.u32(..4) {
                0 | 1 => calls.push(call(&stack, get("/x/"))),
                2 if !calls.is_empty() => drop(calls.swap_remove(random.usize(..calls.len()))),
                _ => sleep(millis(random.u64(..5))).await,
            }
            for _ in 0..random.usize(..4).min(calls.len()) {
                let index = random.usize(..calls.len());
                if poll_once(&mut calls[index]).is_ready() {
                    drop(calls.swap_remove(index));
                }
            }
        }
        drop(calls);
        let started = Instant::now();
        let all: JoinSet<_> = (0..8).map(|_| call(&stack, get("/x/"))).collect();
        all.join_all().await;
        assert_eq!(started.elapsed(), millis(6), "seed {seed}: four at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn stream_holds_its_permit_while_it_is_read() {
    let pieces = Step::respond(200).pieces(["a"; 10]);
    let stack = limited(1, ScriptedService::always(pieces));
    let mut body = send(&stack, get("/x/")).await.unwrap().into_body();
    for _ in 0..5 {
        sleep(secs(20)).await;
        body.frame().await.unwrap().unwrap();
    }
    let waits = || async { timeout(secs(9), send(&stack, get("/x/"))).await.is_err() };
    sleep(secs(20)).await;
    assert!(waits().await, "it was read 20 s ago");
    sleep(secs(2)).await;
    let other = timeout(secs(1), send(&stack, get("/x/"))).await.expect("it was read 31 s ago").unwrap();
    body.frame().await.unwrap().unwrap();
    assert!(waits().await, "the other stream has the permit");
    drop(other);
    body.frame().await.unwrap().unwrap();
    assert!(waits().await, "the first stream counts again");
    body.read_to_bytes(1 << 20).await.unwrap();
    assert!(!waits().await);
}

#[tokio::test(start_paused = true)]
async fn background_call_leaves_half_of_the_permits_free() {
    for (limit, expected) in [(1, 0), (2, 1), (3, 1), (8, 4)] {
        let service = second();
        let stack = limited(limit, service.clone());
        let background = Background::new();
        let request = || with_options(get("/x/"), |options| options.background = Some(background.clone()));
        let mut calls: Vec<Call> = (0..8).map(|_| call(&stack, request())).collect();
        for call in &mut calls {
            assert!(poll_once(call).is_pending());
        }
        sleep(millis(1)).await;
        for call in &mut calls {
            assert!(poll_once(call).is_pending());
        }
        assert_eq!(service.requests().len(), expected, "of {limit}");
        assert_eq!(takes(&stack).await, secs(1), "the others are in no queue");
        background.end();
        for call in calls {
            timeout(secs(100), call).await.unwrap().unwrap();
        }
    }
}

#[test]
fn permit_expires_while_its_runtime_is_idle() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let stack = limited(1, second());
    let idle = runtime();
    let mut left_alone = call(&stack, get("/x/"));
    idle.block_on(async { assert!(poll_once(&mut left_alone).is_pending()) });
    assert_eq!(idle.block_on(takes(&stack)), secs(31));
}

#[tokio::test(start_paused = true)]
async fn stream_with_a_permit_keeps_its_length_and_its_end() {
    let full = || http_body_util::Full::new(bytes::Bytes::from_static(b"whole"));
    let service =
        tower::service_fn(move |_: Request<Body>| async move { Ok::<_, TransportError>(Response::new(full())) });
    let limit = RateLimit::per_minute(600);
    let with_store =
        RateLimiter::shared(MemoryLimits::new(limit).concurrency_limit(ConcurrencyGroup::DEFAULT, 1), limit);
    for (limiter, limits, is_limited) in [
        (RateLimiter::off(), ConcurrencyLimits::default().default_group(1), true),
        (with_store, ConcurrencyLimits::off(), true),
        (RateLimiter::off(), ConcurrencyLimits::off(), false),
    ] {
        let builder = TransportBuilder::new().rate_limiter(limiter).concurrency(limits);
        let transport = builder.service(service).build().unwrap();
        let request = || with_options(get("/x/"), |options| options.streaming = true);
        let mut body = send(&transport, request()).await.unwrap().into_body();
        assert_eq!(
            (http_body::Body::size_hint(&body).exact(), http_body::Body::is_end_stream(&body)),
            (Some(5), false)
        );
        assert!(!is_limited || timeout(secs(1), send(&transport, request())).await.is_err(), "it holds its permit");
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "whole");
        assert_eq!((http_body::Body::size_hint(&body).exact(), http_body::Body::is_end_stream(&body)), (Some(0), true));
        assert!(body.frame().await.is_none());
        send(&transport, request()).await.unwrap();
    }
}
