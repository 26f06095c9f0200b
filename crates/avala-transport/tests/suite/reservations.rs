//! Calls that wait for the limiter hold a reservation, and nothing that blocks others.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, ConcurrencyLimits, RateLimit, RateLimiter, RetryPolicy, Transport, TransportBuilder, TransportError,
    TransportErrorKind as Kind,
};
use http::Response;
use tokio::time::{Instant, advance, sleep};
use tower::service_fn;

use crate::support::{get, limited, millis, secs, send, with_options};

type Pending = Pin<Box<dyn Future<Output = bool>>>;

/// Returns a call that is not polled yet. Its output is whether it succeeded.
fn call(stack: &Transport, path: &str) -> Pending {
    let (stack, request) = (stack.clone(), get(path));
    Box::pin(async move { send(&stack, request).await.is_ok() })
}

async fn poll_once(call: &mut Pending) -> Poll<bool> {
    poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await
}

fn sent(service: &ScriptedService, started: Instant) -> Vec<(String, Duration)> {
    let path = |path: &str| path.trim_start_matches("/api/v1").to_owned();
    service.requests().iter().map(|request| (path(request.uri.path()), request.at - started)).collect()
}

fn one_per_second(burst: u32) -> (RateLimiter, ScriptedService) {
    (RateLimiter::new(RateLimit::per_minute(60).burst(burst)), ScriptedService::always(Step::respond(200)))
}

#[tokio::test(start_paused = true)]
async fn paused_calls_delay_others_by_milliseconds() {
    for paused in [1, 3, 20] {
        let (limiter, service) = one_per_second(1);
        let stack = limited(&limiter, service.clone());
        let started = Instant::now();
        assert!(call(&stack, "/first/").await);
        let mut left_alone: Vec<Pending> = (0..paused).map(|_| call(&stack, "/paused/")).collect();
        for call in &mut left_alone {
            assert!(poll_once(call).await.is_pending());
        }
        for _ in 0..3 {
            assert!(call(&stack, "/x/").await);
        }
        let times: Vec<Duration> = sent(&service, started)[1..].iter().map(|(_, at)| *at).collect();
        // Each of them has 20 ms to take the first free token. Then the others continue at the pace of the limit.
        assert_eq!(times, [1, 2, 3].map(|later| secs(later) + millis(20 * paused)), "{paused} paused");
    }
}

#[tokio::test(start_paused = true)]
async fn lapsed_reservation_queues_again_behind_others() {
    let (limiter, service) = one_per_second(1);
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    assert!(call(&stack, "/first/").await);
    let mut paused = call(&stack, "/paused/");
    assert!(poll_once(&mut paused).await.is_pending());
    let others = ["/1/", "/2/"].map(|path| tokio::spawn(call_on(&stack, path)));
    sleep(millis(2_500)).await;
    assert!(paused.await);
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(
        sent(&service, started)[1..],
        [("/1/".to_owned(), millis(1_020)), ("/2/".to_owned(), millis(2_020)), ("/paused/".to_owned(), millis(3_020))]
    );
}

fn call_on(stack: &Transport, path: &'static str) -> impl Future<Output = ()> + Send + use<> {
    let stack = stack.clone();
    async move { drop(send(&stack, get(path)).await.unwrap()) }
}

#[tokio::test(start_paused = true)]
async fn call_polled_within_its_interval_keeps_its_turn() {
    let (limiter, service) = one_per_second(1);
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    assert!(call(&stack, "/first/").await);
    let mut late = call(&stack, "/late/");
    assert!(poll_once(&mut late).await.is_pending());
    let mut other = call(&stack, "/other/");
    assert!(poll_once(&mut other).await.is_pending());
    advance(millis(1_900)).await;
    assert!(late.await && other.await);
    assert_eq!(
        sent(&service, started)[1..],
        [("/late/".to_owned(), millis(1_900)), ("/other/".to_owned(), millis(2_900))]
    );
}

#[tokio::test(start_paused = true)]
async fn paused_calls_do_not_keep_others_from_a_higher_limit() {
    let raised = Step::respond(200).header("x-ratelimit-limit", "600").after(secs(6));
    let service = (0..9).map(|_| Step::respond(200)).fold(ScriptedService::new().then(raised), ScriptedService::then);
    let stack = limited(&RateLimiter::new(RateLimit::per_minute(1)), service.clone());
    let started = Instant::now();
    let teacher = tokio::spawn(call_on(&stack, "/teacher/"));
    tokio::task::yield_now().await;
    let mut paused: Vec<Pending> = (0..3).map(|_| call(&stack, "/paused/")).collect();
    for call in &mut paused {
        assert!(poll_once(call).await.is_pending());
    }
    drop(send(&stack, get("/live/")).await.unwrap());
    teacher.await.unwrap();
    let at = sent(&service, started)[1].1;
    assert!(at <= secs(7), "three paused calls have a tenth of a second each: {at:?}");
}

#[tokio::test(start_paused = true)]
async fn reservations_of_dropped_calls_are_free_at_once() {
    let (limiter, service) = one_per_second(1);
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    assert!(call(&stack, "/first/").await);
    let mut paused = call(&stack, "/paused/");
    assert!(poll_once(&mut paused).await.is_pending());
    let mut dropped: Vec<Pending> = (0..50).map(|_| call(&stack, "/dropped/")).collect();
    for call in &mut dropped {
        assert!(poll_once(call).await.is_pending());
    }
    let live = tokio::spawn(call_on(&stack, "/live/"));
    sleep(millis(100)).await;
    drop(dropped);
    live.await.unwrap();
    assert_eq!(sent(&service, started)[1], ("/live/".to_owned(), millis(1_020)), "behind the paused call alone");
}

#[tokio::test(start_paused = true)]
async fn skipped_call_has_its_turn_back_within_its_interval() {
    let (limiter, service) = one_per_second(1);
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    assert!(call(&stack, "/first/").await);
    let mut paused = call(&stack, "/paused/");
    assert!(poll_once(&mut paused).await.is_pending());
    let others = ["/1/", "/2/"].map(|path| tokio::spawn(call_on(&stack, path)));
    sleep(millis(1_500)).await;
    assert!(paused.await);
    for other in others {
        other.await.unwrap();
    }
    assert_eq!(
        sent(&service, started)[1..],
        [("/1/".to_owned(), millis(1_020)), ("/paused/".to_owned(), millis(2_020)), ("/2/".to_owned(), millis(3_020))]
    );
}

#[tokio::test(start_paused = true)]
async fn scoped_calls_that_wait_hold_no_permit_and_no_token() {
    let told = Step::respond(200).header("x-ratelimit-limit", "10").header("x-ratelimit-remaining", "0");
    let service = (0..400).map(|_| Step::respond(200)).fold(ScriptedService::new().then(told), ScriptedService::then);
    let transport = TransportBuilder::new()
        .rate_limiter(RateLimiter::new(RateLimit::per_minute(600).burst(100)))
        .concurrency(ConcurrencyLimits::default().default_group(4))
        .timeout(Duration::MAX)
        .service(service.clone())
        .build()
        .unwrap();
    let inference = || with_options(get("/inference/"), |options| options.rate_scope = Some("inference"));
    send(&transport, inference()).await.unwrap();
    let waiting: tokio::task::JoinSet<()> = (0..256)
        .map(|_| {
            let (transport, request) = (transport.clone(), inference());
            async move { drop(send(&transport, request).await.unwrap()) }
        })
        .collect();
    sleep(millis(1)).await;
    let started = Instant::now();
    for _ in 0..50 {
        send(&transport, get("/x/")).await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::ZERO, "the others still have their whole burst");
    sleep(secs(61)).await;
    assert_eq!(service.requests().len(), 1 + 50 + 10, "ten a minute");
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn call_that_waits_for_a_permit_takes_no_token() {
    let service = ScriptedService::new().then(Step::respond(200).after(secs(5))).then(Step::respond(200));
    let service = service.then(Step::respond(200));
    let limiter = RateLimiter::new(RateLimit::per_minute(6).burst(2));
    let narrow = TransportBuilder::new()
        .rate_limiter(limiter.clone())
        .concurrency(ConcurrencyLimits::default().default_group(1))
        .service(service.clone())
        .build()
        .unwrap();
    let other = TransportBuilder::new().rate_limiter(limiter).service(service.clone()).build().unwrap();
    let started = Instant::now();
    let first = tokio::spawn(call_on(&narrow, "/first/"));
    tokio::task::yield_now().await;
    let second = tokio::spawn(call_on(&narrow, "/second/"));
    tokio::task::yield_now().await;
    drop(send(&other, get("/other/")).await.unwrap());
    assert_eq!(started.elapsed(), Duration::ZERO, "the second token is free");
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(sent(&service, started).last(), Some(&("/second/".to_owned(), secs(10))), "when it has both");
}

#[tokio::test(start_paused = true)]
async fn gate_that_closes_while_a_call_waits_for_a_permit_holds_it() {
    let refused = Step::respond(429).header("retry-after", "20").after(secs(1));
    let service = ScriptedService::new().then(refused).then(Step::respond(200));
    let transport = TransportBuilder::new()
        .concurrency(ConcurrencyLimits::default().default_group(1))
        .retry(RetryPolicy::none())
        .service(service.clone())
        .build()
        .unwrap();
    let started = Instant::now();
    let (first, second) = tokio::join!(send(&transport, get("/1/")), send(&transport, get("/2/")));
    assert_eq!((first.unwrap().status().as_u16(), second.unwrap().status().as_u16()), (429, 200));
    let (path, at) = &sent(&service, started)[1];
    assert_eq!(path, "/2/");
    assert!((secs(21)..=secs(41)).contains(at), "{at:?}");
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_permit_are_sent_in_order() {
    let service = ScriptedService::always(Step::respond(200).after(millis(130)));
    let transport = TransportBuilder::new()
        .rate_limiter(RateLimiter::new(RateLimit::per_minute(600).burst(5)))
        .concurrency(ConcurrencyLimits::default().default_group(1))
        .service(service.clone())
        .build()
        .unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for index in 0..60 {
        let (transport, request) = (transport.clone(), get(&format!("/{index}/")));
        calls.spawn(async move { drop(send(&transport, request).await.unwrap()) });
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    calls.join_all().await;
    assert!(started.elapsed() < millis(60 * 131), "the permit is always in use: {:?}", started.elapsed());
    let order: Vec<String> = sent(&service, started - millis(1)).into_iter().map(|(path, _)| path).collect();
    assert_eq!(order, (0..60).map(|index| format!("/{index}/")).collect::<Vec<_>>());
}

/// Compares the calls that were sent with the limit, in every window.
struct Account {
    /// Calls per nanosecond, and since when.
    rates: Vec<(Instant, f64)>,
    burst: f64,
}

impl Account {
    fn allowed_until(&self, at: Instant) -> f64 {
        let ends = self.rates.iter().skip(1).map(|(from, _)| *from).chain([at]);
        let spans = self.rates.iter().zip(ends);
        spans.map(|((from, rate), to)| rate * to.min(at).saturating_duration_since(*from).as_secs_f64()).sum()
    }

    /// Checks each window from one call to another: n calls are at most rate * T + burst. It is enough to know the
    /// lowest and the highest excess so far.
    fn check(&self, sent: &[Instant], seed: u64) {
        let mut lowest = f64::MAX;
        for (index, at) in sent.iter().enumerate() {
            let excess = index as f64 - self.allowed_until(*at);
            lowest = lowest.min(excess);
            let in_window = excess - lowest + 1.0;
            assert!(in_window <= self.burst + 1e-6, "seed {seed}: {in_window} calls above the rate at call {index}");
        }
    }
}

/// A server that changes its limit and refuses at random, and the requests that it received.
struct Moody {
    random: fastrand::Rng,
    sent: Vec<Instant>,
    account: Account,
    gates: Vec<(Instant, Instant)>,
}

impl Moody {
    fn respond(&mut self) -> Response<Body> {
        let now = Instant::now();
        self.sent.push(now);
        let response = Response::builder();
        let response = match self.random.u8(0..50) {
            0 => {
                let per_minute = self.random.u16(60..6_000);
                self.account.rates.push((now, f64::from(per_minute) / 60.0));
                response.header("x-ratelimit-limit", per_minute)
            }
            1 => {
                let closed = self.random.u64(1..4);
                self.gates.push((now, now + secs(closed)));
                response.status(429).header("retry-after", closed)
            }
            _ => response,
        };
        response.body(Body::empty()).unwrap()
    }
}

/// Calls are dropped and left unpolled at random while the server changes its limit and closes the gate.
#[tokio::test(start_paused = true)]
async fn rate_limit_holds_in_every_time_window() {
    for seed in 0..20 {
        let mut random = fastrand::Rng::with_seed(seed);
        let burst = random.u32(1..20);
        let limiter = RateLimiter::new(RateLimit::per_minute(600).burst(burst));
        let account = Account { rates: vec![(Instant::now(), 10.0)], burst: f64::from(burst) };
        let moody = Moody { random: random.fork(), sent: Vec::new(), account, gates: Vec::new() };
        let server = Arc::new(Mutex::new(moody));
        let moody = Arc::clone(&server);
        let service = service_fn(move |_| std::future::ready(Ok::<_, TransportError>(moody.lock().unwrap().respond())));
        let stack = limited(&limiter, service);

        let (mut calls, mut done): (Vec<Pending>, _) = (Vec::new(), 0);
        for _ in 0..2_000 {
            while calls.len() < 12 {
                calls.push(call(&stack, "/x/"));
            }
            // Most are polled, some are not polled for a while, and some are dropped.
            for index in (0..calls.len()).rev() {
                match random.u8(0..30) {
                    0 => drop(calls.swap_remove(index)),
                    1..=20 if poll_once(&mut calls[index]).await.is_ready() => {
                        done += 1;
                        drop(calls.swap_remove(index));
                    }
                    _ => {}
                }
            }
            advance(millis(random.u64(0..120))).await;
        }
        {
            let server = server.lock().unwrap();
            assert_eq!(server.sent.len(), done, "seed {seed}");
            assert!(done > 200 && server.gates.len() > 3, "seed {seed}: {done} calls, {} gates", server.gates.len());
            server.account.check(&server.sent, seed);
            for (closed, opened) in &server.gates {
                let early = server.sent.iter().filter(|at| *at > closed && *at < opened).count();
                assert_eq!(early, 0, "seed {seed}: no call is sent while the gate is closed");
            }
        }
        // Each remaining one is sent when it is polled.
        for call in calls {
            assert!(call.await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn gate_longer_than_the_policy_allows_fails_calls_at_once() {
    let limiter = RateLimiter::default();
    let service = ScriptedService::new().then(Step::respond(429).header("retry-after", "600")).then(Step::respond(200));
    let builder = || {
        let policy = RetryPolicy::default().max_wait(secs(60));
        TransportBuilder::new().rate_limiter(limiter.clone()).timeout(Duration::MAX).retry(policy)
    };
    let transport = builder().service(service.clone()).build().unwrap();
    let started = Instant::now();
    assert_eq!(send(&transport, get("/x/")).await.unwrap().status().as_u16(), 429);
    sleep(secs(100)).await;
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (Kind::RateLimited, Some(secs(500))), "{error}");
    assert_eq!(started.elapsed(), secs(100));
    let patient = builder().retry(RetryPolicy::default().max_wait(Duration::MAX)).service(service).build().unwrap();
    send(&patient, get("/x/")).await.unwrap();
    assert!((secs(600)..=secs(630)).contains(&started.elapsed()), "the limit is unset: {:?}", started.elapsed());
}

/// With all values of the server and all settings, a call is sent within an hour.
#[tokio::test(start_paused = true)]
async fn no_header_and_no_setting_stops_calls_for_more_than_an_hour() {
    let nano = Duration::from_nanos(1);
    let values = [
        "0",
        "1",
        "-1",
        "18446744073709551615",
        "18446744073709551614",
        "1764158400",
        "1764158400000",
        "1.5",
        "5, 6",
        "soon",
        "99999999999999999999999",
    ];
    for name in ["retry-after", "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
        for value in values {
            for max_wait in [Duration::MAX, Duration::MAX - nano] {
                let refused = Step::respond(429).header("x-ratelimit-remaining", "0").header(name, value);
                let service = ScriptedService::new().then(refused).then(Step::respond(200)).then(Step::respond(200));
                let transport = TransportBuilder::new()
                    .timeout(Duration::MAX)
                    .attempt_timeout(Duration::MAX - nano)
                    .retry(RetryPolicy::default().max_wait(max_wait))
                    .service(service.clone())
                    .build()
                    .unwrap();
                let started = Instant::now();
                for _ in 0..2 {
                    assert_eq!(send(&transport, get("/x/")).await.unwrap().status().as_u16(), 200);
                }
                // The retry may wait for a tenth more, and another call for a minute at one call a minute.
                assert!(started.elapsed() <= secs(3_600 + 360 + 60), "{name}: {value}: {:?}", started.elapsed());
            }
        }
    }
    for (per_minute, burst) in [0, 1, u32::MAX - 1, u32::MAX].iter().flat_map(|a| [0, 1, u32::MAX].map(|b| (*a, b))) {
        let limiter = RateLimiter::new(RateLimit::per_minute(per_minute).burst(burst));
        let stack = limited(&limiter, ScriptedService::always(Step::respond(200)));
        let started = Instant::now();
        for _ in 0..5 {
            send(&stack, get("/x/")).await.unwrap();
        }
        let allowed = u64::from(5_u32.saturating_sub(burst.max(1)));
        let expected = if per_minute < 2 { secs(60 * allowed) } else { Duration::ZERO };
        assert!(started.elapsed() >= expected && started.elapsed() <= expected + millis(10), "{per_minute} {burst}");
    }
}
