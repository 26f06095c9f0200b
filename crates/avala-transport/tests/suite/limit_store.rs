//! Limits whose state is in a store that processes share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step, check_limit_store};
use avala_transport::{
    Background, Decision, Grant, GrantGuard, LimitFuture, LimitReport, LimitStore, MemoryLimits, RateLimit,
    RateLimiter, StoreCall, TransportBuilder, TransportErrorKind as Kind,
};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{get, limited, millis, secs, send, with_options};

/// A store that calls a function, and counts unused and used grants.
#[derive(Debug, Clone)]
struct Scripted {
    decide: fn(&StoreCall) -> Option<Decision>,
    calls: Arc<Mutex<Vec<StoreCall>>>,
    reports: Arc<Mutex<Vec<Reported>>>,
    used: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

type Reported = (Option<&'static str>, LimitReport);

impl Scripted {
    fn new(decide: fn(&StoreCall) -> Option<Decision>) -> Self {
        let (calls, reports) = Default::default();
        Self { decide, calls, reports, used: Arc::default(), ended: Arc::default() }
    }
}

impl LimitStore for Scripted {
    fn acquire(&self, call: StoreCall) -> LimitFuture {
        self.calls.lock().unwrap().push(call);
        let decision = (self.decide)(&call);
        let guard = Guard(self.used.clone(), self.ended.clone());
        Box::pin(async move { decision.unwrap_or_else(|| Decision::Granted(Grant::with_guard(guard))) })
    }

    fn report(&self, scope: Option<&'static str>, report: LimitReport) {
        self.reports.lock().unwrap().push((scope, report));
    }
}

struct Guard(Arc<AtomicUsize>, Arc<AtomicUsize>);

impl GrantGuard for Guard {
    fn used(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

fn share() -> RateLimit {
    RateLimit::per_minute(60).burst(1)
}

#[tokio::test(start_paused = true)]
async fn limits_in_memory_pass_the_checks_of_a_store() {
    check_limit_store(async |limit| MemoryLimits::new(limit)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn store_that_grants_everything_fails_the_checks() {
    let problem = check_limit_store(async |_| Scripted::new(|_| None)).await.unwrap_err();
    assert!(problem.contains("rate * T + burst"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn two_limiters_share_one_store() {
    let store = MemoryLimits::new(RateLimit::per_minute(60).burst(2));
    let service = ScriptedService::always(Step::respond(200));
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..2 {
        let stack = limited(&RateLimiter::shared(store.clone(), share()), service.clone());
        for _ in 0..3 {
            let stack = stack.clone();
            calls.spawn(async move { drop(send(&stack, get("/x/")).await.unwrap()) });
        }
    }
    calls.join_all().await;
    let times: Vec<u64> = service.requests().iter().map(|request| (request.at - started).as_secs()).collect();
    assert_eq!(times, [0, 0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn dropped_wait_returns_its_reservation_to_the_store() {
    let store = MemoryLimits::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::always(Step::respond(200));
    let stack = limited(&RateLimiter::shared(store, share()), service.clone());
    let scoped = || with_options(get("/x/"), |options| options.rate_scope = Some("inference"));
    let started = Instant::now();
    send(&stack, scoped()).await.unwrap();
    for _ in 0..5 {
        assert!(timeout(millis(100), send(&stack, scoped())).await.is_err(), "its token comes after a second");
    }
    send(&stack, scoped()).await.unwrap();
    let times: Vec<u64> = service.requests().iter().map(|request| (request.at - started).as_secs()).collect();
    assert_eq!(times, [0, 1]);
}

#[tokio::test(start_paused = true)]
async fn paused_calls_that_wait_for_a_store_make_no_burst() {
    for per_minute in [60, 60_000] {
        let limit = RateLimit::per_minute(per_minute).burst(1);
        let interval = secs(60) / per_minute;
        let service = ScriptedService::always(Step::respond(200));
        let stack = limited(&RateLimiter::shared(MemoryLimits::new(limit), limit), service.clone());
        let started = Instant::now();
        send(&stack, get("/x/")).await.unwrap();
        let mut calls: Vec<_> = (0..20).map(|_| Box::pin(send(&stack, get("/x/")))).collect();
        for call in &mut calls {
            let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
            assert!(polled, "it has a reservation");
        }
        sleep(secs(600)).await;
        futures_util::future::join_all(calls).await;
        let times: Vec<_> = service.requests().iter().map(|request| request.at - started).collect();
        assert_eq!(times.len(), 21);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= interval), "{per_minute}: {times:?}");
    }
}

/// A rate of 588 and a burst of 12 fit into a window of 600.
#[tokio::test(start_paused = true)]
async fn eight_clients_fit_into_fixed_windows_for_ten_minutes() {
    let store = MemoryLimits::new(RateLimit::per_minute(588).burst(12));
    let service = ScriptedService::always(Step::respond(200).after(millis(20)));
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let stack = limited(&RateLimiter::shared(store.clone(), share()), service.clone());
        for _ in 0..4 {
            let stack = stack.clone();
            callers.spawn(async move {
                while started.elapsed() < secs(600) {
                    send(&stack, get("/x/")).await.unwrap();
                }
            });
        }
    }
    callers.join_all().await;
    let times: Vec<f64> = service.requests().iter().map(|request| (request.at - started).as_secs_f64()).collect();
    let mut lowest = f64::INFINITY;
    for (index, time) in times.iter().enumerate() {
        lowest = lowest.min(index as f64 - time * 9.8);
        let over = (index + 1) as f64 - time * 9.8 - lowest - 12.0;
        assert!(over <= 0.01, "{over} calls over rate * T + burst at {time} s");
    }
    for minute in 0..10 {
        let window = f64::from(minute) * 60.0..f64::from(minute + 1) * 60.0;
        let calls = times.iter().filter(|time| window.contains(time)).count();
        assert!((570..=600).contains(&calls), "{calls} calls in minute {minute}");
    }
}

#[tokio::test(start_paused = true)]
async fn share_applies_while_the_store_does_not_decide() {
    let store = Scripted::new(|_| Some(Decision::Local));
    let raised = Step::respond(200).header("x-ratelimit-limit", "6000").header("x-ratelimit-remaining", "5000");
    let service = ScriptedService::always(raised);
    let stack = limited(&RateLimiter::shared(store.clone(), share()), service.clone());
    let started = Instant::now();
    for _ in 0..4 {
        send(&stack, get("/x/")).await.unwrap();
    }
    let times: Vec<u64> = service.requests().iter().map(|request| (request.at - started).as_secs()).collect();
    assert_eq!(times, [0, 1, 2, 3], "the header does not raise a share");
    assert_eq!(store.calls.lock().unwrap().len(), 4, "each attempt asks the store first");
}

#[tokio::test(start_paused = true)]
async fn wait_that_is_too_long_fails_and_sends_nothing() {
    let store = Scripted::new(|call| Some(Decision::TooLong(call.max_wait + secs(1))));
    let service = ScriptedService::always(Step::respond(200));
    let transport = TransportBuilder::new()
        .rate_limiter(RateLimiter::shared(store.clone(), share()))
        .timeout(secs(10))
        .service(service.clone())
        .build()
        .unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::RateLimited);
    assert_eq!(error.retry_after(), Some(millis(10_950)), "{error}");
    assert_eq!(service.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn grant_is_used_once_and_held_until_the_response() {
    let store = Scripted::new(|_| None);
    let service = ScriptedService::always(Step::respond(200).after(secs(2)));
    let transport = TransportBuilder::new()
        .rate_limiter(RateLimiter::shared(store.clone(), share()))
        .attempt_timeout(secs(7))
        .service(service.clone())
        .build()
        .unwrap();
    let request = with_options(get("/x/"), |options| {
        options.concurrency_group = "exports".into();
        options.concurrency_limit = Some(5);
        options.rate_scope = Some("narrow");
    });
    let call = tokio::spawn(async move { send(&transport, request).await.unwrap() });
    sleep(secs(1)).await;
    assert_eq!((store.used.load(Ordering::Relaxed), store.ended.load(Ordering::Relaxed)), (1, 0));
    let response = call.await.unwrap();
    assert_eq!((store.used.load(Ordering::Relaxed), store.ended.load(Ordering::Relaxed)), (1, 1));
    drop(response);
    let calls = store.calls.lock().unwrap();
    assert_eq!((calls[0].group, calls[0].concurrency_limit), ("exports".into(), Some(5)));
    assert_eq!((calls[0].scope, calls[0].permit_term), (Some("narrow"), secs(7)));
}

#[tokio::test(start_paused = true)]
async fn response_headers_are_reported_to_the_store() {
    let store = Scripted::new(|_| None);
    let refused = Step::respond(429).header("retry-after", "30").header("x-ratelimit-limit", "600");
    let service = ScriptedService::new().then(refused).then(Step::respond(200));
    let stack = limited(&RateLimiter::shared(store.clone(), share()), service);
    for _ in 0..2 {
        send(&stack, get("/x/")).await.ok();
    }
    let mut expected = LimitReport::new().with_limit(600).with_closed_for(secs(30));
    expected.until_reset = Some(secs(30));
    expected.refused = true;
    assert_eq!(*store.reports.lock().unwrap(), [(None, expected)]);
}

#[tokio::test(start_paused = true)]
async fn prefetch_asks_seldom_and_is_asked_again_when_awaited() {
    let store = Scripted::new(|call| call.background.then_some(Decision::TooLong(Duration::ZERO)));
    let service = ScriptedService::always(Step::respond(200));
    let stack = limited(&RateLimiter::shared(store.clone(), share()), service.clone());
    let background = Background::new();
    let request = with_options(get("/x/"), |options| options.background = Some(background.clone()));
    let mut call = Box::pin(send(&stack, request));
    for _ in 0..20 {
        assert!(timeout(millis(10), &mut call).await.is_err());
    }
    let asked = store.calls.lock().unwrap().len();
    assert!((2..=3).contains(&asked), "{asked} in 200 ms");
    background.end();
    call.await.unwrap();
    assert_eq!(service.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn public_calls_do_not_ask_the_store() {
    let store = Scripted::new(|_| Some(Decision::TooLong(secs(1))));
    let stack = limited(&RateLimiter::shared(store.clone(), share()), ScriptedService::always(Step::respond(200)));
    send(&stack, with_options(get("/x/"), |options| options.public = true)).await.unwrap();
    assert!(store.calls.lock().unwrap().is_empty());
}
