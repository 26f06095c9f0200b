//! Concurrency limits.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use avala_transport::layer::{CallTimeoutLayer, ConcurrencyLimitLayer};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, ConcurrencyGroup, ConcurrencyLimits, RetryPolicy, Sent, TimeoutPhase, Transport, TransportError,
    TransportErrorKind as Kind,
};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder, ServiceExt, service_fn};

use crate::support::{builder, get, millis, report, retrying, secs, send, with_options};

fn in_group(group: ConcurrencyGroup) -> Request<Body> {
    with_options(get("/x/"), |options| options.concurrency_group = group)
}

/// Takes a second for each call, and records the maximum number of calls at once.
#[derive(Clone, Default)]
struct Busy {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Busy {
    fn behind(&self, limits: ConcurrencyLimits) -> Transport {
        let busy = self.clone();
        let service = service_fn(move |_request| {
            let busy = busy.clone();
            async move {
                let now = busy.now.fetch_add(1, Ordering::Relaxed) + 1;
                busy.most.fetch_max(now, Ordering::Relaxed);
                sleep(secs(1)).await;
                busy.now.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, TransportError>(Response::new(Body::empty()))
            }
        });
        BoxCloneSyncService::new(ConcurrencyLimitLayer::new(limits).layer(service))
    }
}

fn send_many(stack: &Transport, group: ConcurrencyGroup, count: usize) -> JoinSet<()> {
    (0..count)
        .map(|_| {
            let stack = stack.clone();
            async move { drop(send(&stack, in_group(group)).await.unwrap()) }
        })
        .collect()
}

const DEFAULT: ConcurrencyGroup = ConcurrencyGroup::DEFAULT;
const THUMBNAILS: ConcurrencyGroup = ConcurrencyGroup::new("thumbnails");

#[tokio::test(start_paused = true)]
async fn each_group_has_its_own_limit() {
    let limits = ConcurrencyLimits::default;
    for (limits, group, expected) in [
        (limits(), DEFAULT, 256),
        (limits().default_group(3), DEFAULT, 3),
        (limits().group(DEFAULT, 3), DEFAULT, 3),
        (limits().group("thumbnails", 2), THUMBNAILS, 2),
        (limits().group("thumbnails", 9).group("thumbnails", 2), THUMBNAILS, 2),
        (limits().group("thumbnails", 0), THUMBNAILS, 1),
        (limits().group("thumbnails", usize::MAX), THUMBNAILS, 512),
        (limits().group("thumbnails", 2), DEFAULT, 256),
        (ConcurrencyLimits::off(), DEFAULT, 512),
        (ConcurrencyLimits::off(), THUMBNAILS, 512),
        (ConcurrencyLimits::off().group("thumbnails", 4), THUMBNAILS, 4),
        // The former names.
        (limits().exports(2).ordinary(9), avala_transport::CallClass::Export, 2),
        (limits().exports(2).ordinary(9), avala_transport::CallClass::Ordinary, 9),
    ] {
        let (busy, started) = (Busy::default(), Instant::now());
        send_many(&busy.behind(limits.clone()), group, 2 * expected.min(256)).join_all().await;
        assert_eq!(busy.most.load(Ordering::Relaxed), expected, "{limits:?} {group}");
        assert_eq!(started.elapsed(), secs(if expected == 512 { 1 } else { 2 }), "all permits are used");
    }
}

#[tokio::test(start_paused = true)]
async fn polls_of_many_queued_calls_grow_linearly() {
    let polls = Arc::new(AtomicUsize::new(0));
    let service = service_fn(|_request| async {
        sleep(millis(100)).await;
        Ok::<_, TransportError>(Response::new(Body::empty()))
    });
    let stack = BoxCloneSyncService::new(ConcurrencyLimitLayer::new(ConcurrencyLimits::default()).layer(service));
    let calls: JoinSet<()> = (0..10_000)
        .map(|_| {
            let (stack, polls) = (stack.clone(), Arc::clone(&polls));
            async move {
                let mut call = Box::pin(stack.oneshot(get("/x/")));
                let response = poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    call.as_mut().poll(cx)
                });
                drop(response.await.unwrap());
            }
        })
        .collect();
    calls.join_all().await;
    // Each call is polled when it queues, when a permit is free, when the response arrives, and once a second
    // meanwhile.
    let polls = polls.load(Ordering::Relaxed);
    assert!(polls <= 60_000, "{polls} polls of 10,000 calls");
}

#[tokio::test(start_paused = true)]
async fn group_without_a_limit_counts_in_the_default_group() {
    let busy = Busy::default();
    let stack = busy.behind(ConcurrencyLimits::default().default_group(3).group("other", 9));
    let (unknown, default) = (send_many(&stack, THUMBNAILS, 3), send_many(&stack, DEFAULT, 3));
    unknown.join_all().await;
    default.join_all().await;
    assert_eq!(busy.most.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn limit_of_a_call_applies_where_the_settings_have_none() {
    let limits = ConcurrencyLimits::default;
    for (limits, expected) in [
        (limits(), 4),
        (limits().default_group(2), 4),
        (limits().group(THUMBNAILS, 2), 2),
        (ConcurrencyLimits::off(), 20),
    ] {
        let busy = Busy::default();
        let stack = busy.behind(limits.clone());
        let calls: JoinSet<()> = (0..20)
            .map(|index| {
                let stack = stack.clone();
                let request = with_options(get("/x/"), |options| {
                    options.concurrency_group = THUMBNAILS;
                    // The first call of the group decides.
                    options.concurrency_limit = Some(4 + index);
                });
                async move { drop(send(&stack, request).await.unwrap()) }
            })
            .collect();
        calls.join_all().await;
        assert_eq!(busy.most.load(Ordering::Relaxed), expected, "{limits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn groups_do_not_wait_for_each_other() {
    let busy = Busy::default();
    let stack = busy.behind(ConcurrencyLimits::default().group("exports", 5).group("thumbnails", 1));
    let exports = send_many(&stack, "exports".into(), 50);
    tokio::task::yield_now().await;
    for group in [DEFAULT, THUMBNAILS, "unknown".into()] {
        let started = Instant::now();
        send(&stack, in_group(group)).await.unwrap();
        assert_eq!(started.elapsed(), secs(1), "{group}");
    }
    exports.join_all().await;
}

#[tokio::test(start_paused = true)]
async fn permits_are_granted_in_queue_order() {
    let service = ScriptedService::always(Step::respond(200).after(secs(1)));
    let stack = ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(2)).layer(service.clone());
    let mut calls = JoinSet::new();
    for index in 0..20 {
        let stack = stack.clone();
        calls.spawn(async move { send(&stack, get(&format!("/{index}/"))).await.map(drop) });
        tokio::task::yield_now().await;
    }
    calls.join_all().await;
    let order: Vec<String> = service.requests().iter().map(|request| request.uri.path().to_owned()).collect();
    assert_eq!(order, (0..20).map(|index| format!("/{index}/")).collect::<Vec<_>>());
    assert_eq!(service.calls_while_not_ready(), 0);
}

#[tokio::test(start_paused = true)]
async fn call_that_backs_off_holds_no_permit() {
    let refused = Step::respond(503).header("retry-after", "20");
    let service = ScriptedService::new().then(refused).then(Step::respond(200)).then(Step::respond(200));
    let layers = ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(1));
    let stack = retrying(RetryPolicy::default(), layers.layer(service));
    let (backing_off, other) = tokio::join!(send(&stack, get("/1/")), send(&stack, get("/2/")));
    assert_eq!(report(&other.unwrap()).elapsed(), secs(0));
    let backing_off = backing_off.unwrap();
    assert!(report(&backing_off).time_spent().backoff >= secs(20));
    assert_eq!(report(&backing_off).time_spent().waiting, secs(0));
}

#[tokio::test(start_paused = true)]
async fn deadline_ends_the_wait_for_a_permit_unsent() {
    let limits = ConcurrencyLimits::default().group("exports", 1);
    let service = ScriptedService::always(Step::respond(200).after(secs(50)));
    let transport = builder().concurrency(limits).service(service.clone()).build().unwrap();
    let hurried = with_options(get("/2/"), |options| {
        options.concurrency_group = "exports".into();
        options.timeout = Some(secs(5));
    });
    let (first, hurried) = tokio::join!(
        send(
            &transport,
            with_options(get("/1/"), |options| {
                options.concurrency_group = "exports".into();
                options.attempt_timeout = Some(secs(55));
            })
        ),
        send(&transport, hurried)
    );
    assert_eq!(first.unwrap().status().as_u16(), 200);
    let error = hurried.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Total)));
    assert_eq!((error.sent(), error.time_spent().waiting, error.elapsed()), (Sent::No, secs(5), secs(5)));
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn call_with_a_permit_counts_as_sent() {
    let layers = (CallTimeoutLayer::new(secs(5)), ConcurrencyLimitLayer::default());
    let stack = layers.layer(ScriptedService::always(Step::hang()));
    let error = send(&stack, get("/x/")).await.unwrap_err();
    let spent = error.time_spent();
    assert_eq!((error.sent(), spent.waiting, spent.attempts), (Sent::Maybe, secs(0), secs(5)));
}

#[tokio::test(start_paused = true)]
async fn stream_holds_its_permit_until_it_ends_or_is_dropped() {
    let service = ScriptedService::always(Step::respond(200).pieces(["a", "b"]));
    let stack = ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(1)).layer(service);
    let waits = |stack| async move { tokio::time::timeout(millis(10), send(stack, get("/x/"))).await.is_err() };

    let mut body = send(&stack, get("/x/")).await.unwrap().into_body();
    assert!(waits(&stack).await);
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "a");
    assert!(waits(&stack).await, "it is not read to its end");
    while body.frame().await.is_some() {}
    let second = tokio::time::timeout(millis(10), send(&stack, get("/x/"))).await.unwrap().unwrap();
    assert!(waits(&stack).await);
    drop(second);
    assert!(!waits(&stack).await);

    let cut = ScriptedService::always(Step::respond(200).cut());
    let stack = ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(1)).layer(cut);
    let mut body = send(&stack, get("/x/")).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_err());
    assert!(!waits(&stack).await, "a broken stream has ended");
}

#[tokio::test(start_paused = true)]
async fn failed_call_releases_its_permit() {
    let service = ScriptedService::always(Step::fail(Kind::Connect, Sent::No));
    let stack = ServiceBuilder::new()
        .layer(ConcurrencyLimitLayer::new(ConcurrencyLimits::default().default_group(1)))
        .service(service);
    for _ in 0..3 {
        assert_eq!(stack.clone().oneshot(get("/x/")).await.unwrap_err().kind(), Kind::Connect);
    }
}
