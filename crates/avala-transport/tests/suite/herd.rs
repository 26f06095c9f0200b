//! Many clients with one key and separate limiters, which are refused at the same moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{Body, RateLimit, RateLimiter, RetryPolicy, TransportBuilder, TransportError};
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::service_fn;

use crate::support::{get, limited, millis, secs, send, with_options};

/// How a server refuses until `secs(30)`.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    RetryAfter,
    /// The response to the last allowed call reports that none is left.
    Remaining,
}

/// Returns the sorted times at which 100 clients return that all made their first call within 10 ms, and the number
/// of calls after that.
///
/// With their own limiters they are 100 processes, and with the limiter that is passed they are one.
async fn returns(refusal: Refusal, seed: u64, shared: Option<&RateLimiter>) -> (Vec<Duration>, usize) {
    fastrand::seed(seed);
    let (started, times) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
    let mut clients = JoinSet::new();
    for index in 0..100 {
        let times = Arc::clone(&times);
        let service = service_fn(move |_: Request<Body>| {
            let now = started.elapsed();
            let response = match refusal {
                _ if now >= secs(1) => {
                    times.lock().unwrap().push((index, now));
                    Response::builder()
                }
                Refusal::RetryAfter => Response::builder().status(429).header("retry-after", "30"),
                Refusal::Remaining => Response::builder()
                    .header("date", httpdate::fmt_http_date(UNIX_EPOCH + secs(1_764_000_000)))
                    .header("x-ratelimit-limit", "100")
                    .header("x-ratelimit-remaining", "0")
                    .header("x-ratelimit-reset", "1764000030"),
            };
            let response = response.body(Body::empty()).unwrap();
            async move { Ok::<_, TransportError>(response) }
        });
        let builder = TransportBuilder::new().timeout(Duration::MAX);
        let builder = shared.iter().fold(builder, |builder, limiter| builder.rate_limiter((*limiter).clone()));
        let transport = builder.service(service).build().unwrap();
        clients.spawn(async move {
            sleep(millis(index / 10)).await;
            for _ in 0..2 {
                send(&transport, get("/x/")).await.unwrap();
            }
        });
    }
    clients.join_all().await;
    let times = times.lock().unwrap().clone();
    let mut firsts: BTreeMap<u64, Duration> = BTreeMap::new();
    for (client, at) in &times {
        firsts.entry(*client).or_insert(*at);
    }
    let mut firsts: Vec<Duration> = firsts.into_values().collect();
    firsts.sort();
    (firsts, times.len())
}

#[tokio::test(start_paused = true)]
async fn refused_clients_return_one_after_another() {
    for seed in 0..10 {
        for (refusal, calls) in [(Refusal::RetryAfter, 200), (Refusal::Remaining, 100)] {
            let (times, count) = returns(refusal, seed, None).await;
            assert_eq!((times.len(), count), (100, calls), "{refusal:?}: no call is lost or doubled");
            assert!(times[0] >= secs(30), "{refusal:?}: {:?} is too early", times[0]);
            assert!(times[99] < secs(64), "{refusal:?}: {:?} is too late", times[99]);
            for wave in times.windows(6) {
                let width = wave[5] - wave[0];
                assert!(width >= millis(100), "{refusal:?}, seed {seed}: more than 5 % within 100 ms: {wave:?}");
            }
            // Bursts of a tenth of the clients would be a third of the limit.
            let wave = times.iter().filter(|at| **at < secs(35)).count();
            assert!(wave <= 40, "{refusal:?}: {wave} of 100 in the first five seconds");
        }
    }
}

/// The same clients in one process, which may send 100 calls per minute after the gate.
#[tokio::test(start_paused = true)]
async fn refused_calls_of_one_limiter_return_one_by_one() {
    for seed in 0..5 {
        let limiter = RateLimiter::new(RateLimit::per_minute(100));
        let (times, _) = returns(Refusal::RetryAfter, seed, Some(&limiter)).await;
        assert_eq!(times.len(), 100);
        assert!(times[0] >= secs(30), "{:?} is too early", times[0]);
        for wave in times.windows(6) {
            assert!(wave[5] - wave[0] >= millis(100), "seed {seed}: more than 5 % within 100 ms: {wave:?}");
        }
        let width = times[99] - times[0];
        assert!(width >= secs(59), "seed {seed}: more than the limit in a minute: all within {width:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn client_that_used_the_limit_alone_returns_on_time() {
    let refused = Step::respond(429).header("retry-after", "30");
    let service = (0..20).fold(ScriptedService::new(), |service, _| service.then(Step::respond(200)));
    let service = service.then(refused).then(Step::respond(200));
    let stack = limited(&RateLimiter::new(RateLimit::per_minute(20)), service.clone());
    let started = Instant::now();
    for _ in 0..22 {
        send(&stack, get("/x/")).await.unwrap();
    }
    let requests = service.requests();
    assert_eq!(requests[21].at - requests[20].at, secs(30), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn call_without_time_for_the_spread_is_sent_in_time() {
    for seed in 0..50 {
        fastrand::seed(seed);
        let refused = Step::respond(429).header("retry-after", "30");
        let service = ScriptedService::new().then(refused).then(Step::respond(200)).then(Step::respond(200));
        let stack = limited(&RateLimiter::default(), service.clone());
        let started = Instant::now();
        send(&stack, get("/0/")).await.unwrap();
        let patient = tokio::spawn({
            let stack = stack.clone();
            async move { send(&stack, get("/1/")).await.map(drop) }
        });
        tokio::task::yield_now().await;
        let hurried = with_options(get("/2/"), |options| options.timeout = Some(secs(32)));
        send(&stack, hurried).await.unwrap();
        assert!((secs(30)..=secs(32)).contains(&started.elapsed()), "{:?}", started.elapsed());
        patient.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn spread_does_not_count_as_a_wait_that_the_server_asked_for() {
    for (seed, limiter) in (0..20).flat_map(|seed| {
        let limit = RateLimit::per_minute(100);
        [RateLimiter::new(limit), RateLimiter::fleet(limit, Some(0.1))].map(|limiter| (seed, limiter))
    }) {
        fastrand::seed(seed);
        let refused = Step::respond(429).header("retry-after", "50").header("x-ratelimit-limit", "100");
        let service = ScriptedService::new().then(refused).then(Step::respond(200)).then(Step::respond(200));
        let transport = TransportBuilder::new()
            .rate_limiter(limiter)
            .timeout(Duration::MAX)
            .retry(RetryPolicy::default().max_wait(secs(60)))
            .service(service.clone())
            .build()
            .unwrap();
        for _ in 0..2 {
            send(&transport, get("/x/")).await.unwrap();
        }
        let requests = service.requests();
        assert!(requests[1].at - requests[0].at >= secs(50), "{:?}", requests[1].at - requests[0].at);
    }
}
