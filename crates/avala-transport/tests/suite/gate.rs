//! The limiter under load: the gate, the narrower limits, and responses that arrive while calls wait.

use std::time::Duration;

use avala_transport::layer::CollectLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, RateLimit, RateLimiter, RetryPolicy, Transport, TransportBuilder, TransportErrorKind as Kind,
};
use http::{Request, Response};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::{Layer, service_fn};

use crate::support::{get, limited, millis, secs, send, with_options};

/// Starts calls to `/0/`, `/1/` and so on, in this order.
async fn start(stack: &Transport, count: usize) -> JoinSet<()> {
    let mut calls = JoinSet::new();
    for index in 0..count {
        let stack = stack.clone();
        calls.spawn(async move { drop(send(&stack, get(&format!("/{index}/"))).await.unwrap()) });
        tokio::task::yield_now().await;
    }
    calls
}

fn times(service: &ScriptedService, started: Instant) -> Vec<Duration> {
    service.requests().iter().map(|request| request.at - started).collect()
}

fn inference(path: &str) -> Request<Body> {
    with_options(get(path), |options| options.rate_scope = Some("inference"))
}

#[tokio::test(start_paused = true)]
async fn thousand_queued_calls_share_one_schedule() {
    let service = ScriptedService::always(Step::respond(200));
    let started = Instant::now();
    start(&limited(&RateLimiter::default(), service.clone()), 1_000).await.join_all().await;
    let expected: Vec<Duration> = (0..1_000_u64).map(|index| millis(600 * index.saturating_sub(19))).collect();
    assert_eq!(times(&service, started), expected, "a burst of 20, and then 100 a minute");
    let order: Vec<String> = service.requests().iter().map(|request| request.uri.path().to_owned()).collect();
    assert_eq!(order, (0..1_000).map(|index| format!("/{index}/")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn closed_gate_opens_in_time_for_one_call_at_a_time() {
    let refusals = (0..20).map(|_| Step::respond(429).header("retry-after", "30").after(millis(500)));
    let service = refusals.fold(ScriptedService::new(), ScriptedService::then);
    let service = (0..50).map(|_| Step::respond(200)).fold(service, ScriptedService::then);
    let started = Instant::now();
    start(&limited(&RateLimiter::default(), service.clone()), 70).await.join_all().await;
    let times = times(&service, started);
    assert_eq!(times[..20], [Duration::ZERO; 20]);
    // Others used four fifths of the limit.
    let opening = times[20];
    assert!((millis(30_500)..=millis(30_500 + 24_000)).contains(&opening), "{opening:?}");
    let expected: Vec<Duration> = (0..50).map(|index| opening + millis(600 * index)).collect();
    assert_eq!(times[20..], expected);
}

#[tokio::test(start_paused = true)]
async fn refusal_with_a_cut_body_closes_the_gate() {
    for (refusal, opening) in [
        (Step::respond(429).header("retry-after", "30").pieces(["half of"]).cut(), secs(30)),
        (Step::respond(429).pieces(["half of"]).cut(), secs(1)),
        (Step::respond(503).header("retry-after", "30").pieces(["half of"]).cut(), Duration::ZERO),
    ] {
        let service = ScriptedService::new().then(refusal.clone()).then(Step::respond(200));
        let stack = limited(&RateLimiter::default(), CollectLayer::new(100).layer(service.clone()));
        let started = Instant::now();
        let error = send(&stack, get("/0/")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::ConnectionLost, "{error}");
        send(&stack, get("/1/")).await.unwrap();
        let times = times(&service, started);
        assert!(times[1] >= opening && times[1] <= opening * 2, "{refusal:?}: {times:?}");
    }
}

/// A body that never arrives.
struct Silent;

impl http_body::Body for Silent {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn refusal_with_a_stalled_body_closes_the_gate() {
    let attempts = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&attempts);
    let service = service_fn(move |_: Request<Body>| {
        seen.lock().unwrap().push(Instant::now());
        let response = match seen.lock().unwrap().len() {
            1 => Response::builder().status(429).header("retry-after", "30").body(Body::once(Silent)).unwrap(),
            _ => Response::new(Body::empty()),
        };
        std::future::ready(Ok::<_, std::io::Error>(response))
    });
    let transport =
        TransportBuilder::new().attempt_timeout(secs(5)).timeout(secs(300)).service(service).build().unwrap();
    let request = Request::post("/x/").body(Body::from("once")).unwrap();
    send(&transport, request).await.unwrap();
    let attempts = attempts.lock().unwrap();
    assert_eq!(attempts.len(), 2, "the server refused it, so a POST may be sent again");
    assert!(attempts[1] - attempts[0] >= secs(35), "{:?}", attempts[1] - attempts[0]);
}

#[tokio::test(start_paused = true)]
async fn queued_call_is_rescheduled_by_a_higher_limit() {
    let raised = Step::respond(200).header("x-ratelimit-limit", "600").after(secs(6));
    let service = (0..5).map(|_| Step::respond(200)).fold(ScriptedService::new().then(raised), ScriptedService::then);
    let stack = limited(&RateLimiter::new(RateLimit::per_minute(1)), service.clone());
    let started = Instant::now();
    start(&stack, 6).await.join_all().await;
    // After six seconds at one a minute there is a tenth of a token; then there are ten a second.
    assert_eq!(times(&service, started), [0, 6_090, 6_190, 6_290, 6_390, 6_490].map(millis));
}

#[tokio::test(start_paused = true)]
async fn scoped_limit_delays_only_its_own_calls() {
    let limiter = RateLimiter::default();
    let told =
        |remaining| Step::respond(200).header("x-ratelimit-limit", "10").header("x-ratelimit-remaining", remaining);
    let service = ScriptedService::new().then(told("1")).then(told("0"));
    let service = (0..12).map(|_| Step::respond(200)).fold(service, ScriptedService::then);
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    for _ in 0..2 {
        send(&stack, inference("/scope/")).await.unwrap();
    }
    assert_eq!(limiter.state(), None, "it does not report the user's limit");
    start(&stack, 10).await.join_all().await;
    assert_eq!(started.elapsed(), Duration::ZERO, "the others still have their burst");
    for _ in 0..2 {
        send(&stack, inference("/scope/")).await.unwrap();
    }
    assert_eq!(times(&service, started)[12..], [secs(6), secs(12)], "ten a minute");

    let another = with_options(get("/x/"), |options| options.rate_scope = Some("signup"));
    let stack = limited(&limiter, ScriptedService::always(Step::respond(200)));
    send(&stack, another).await.unwrap();
    assert_eq!(started.elapsed(), secs(12));
}

#[tokio::test(start_paused = true)]
async fn scoped_429_closes_only_its_own_gate() {
    let refused = Step::respond(429).header("retry-after", "20");
    let service = ScriptedService::new().then(refused).then(Step::respond(200)).then(Step::respond(200));
    let stack = limited(&RateLimiter::default(), service.clone());
    let started = Instant::now();
    send(&stack, inference("/1/")).await.unwrap();
    send(&stack, get("/2/")).await.unwrap();
    let hurried = with_options(get("/3/"), |options| {
        options.rate_scope = Some("inference");
        options.timeout = Some(secs(5));
    });
    let error = send(&stack, hurried).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (Kind::RateLimited, Some(secs(20))));
    send(&stack, inference("/4/")).await.unwrap();
    let times = times(&service, started);
    assert_eq!(times[..2], [Duration::ZERO; 2]);
    assert!((secs(20)..=secs(40)).contains(&times[2]), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn scoped_calls_take_tokens_of_both_limits() {
    let service = ScriptedService::always(Step::respond(200).header("x-ratelimit-limit", "600"));
    let stack = limited(&RateLimiter::new(RateLimit::per_minute(60).burst(1)), service.clone());
    let started = Instant::now();
    for _ in 0..3 {
        send(&stack, inference("/x/")).await.unwrap();
    }
    assert_eq!(times(&service, started), [0, 1, 2].map(secs), "the user's limit counts them too");
}

#[tokio::test(start_paused = true)]
async fn disabled_limiter_ignores_scopes() {
    let refused = Step::respond(429).header("retry-after", "20");
    let stack = limited(&RateLimiter::off(), ScriptedService::always(refused));
    let started = Instant::now();
    for _ in 0..5 {
        send(&stack, inference("/x/")).await.unwrap();
    }
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn retry_takes_a_token_like_a_call() {
    let service = ScriptedService::new().then(Step::respond(500)).then(Step::respond(500)).then(Step::respond(200));
    let transport = TransportBuilder::new()
        .rate_limiter(RateLimiter::new(RateLimit::per_minute(6).burst(1)))
        .retry(RetryPolicy::default().base_delay(Duration::ZERO))
        .service(service.clone())
        .build()
        .unwrap();
    let started = Instant::now();
    send(&transport, get("/x/")).await.unwrap();
    assert_eq!(times(&service, started), [0, 10, 20].map(secs));
}

/// A server that refuses, raises and lowers its limit at random: calls are sent in queue order, and all are sent.
#[tokio::test(start_paused = true)]
async fn every_call_is_sent_in_order_despite_random_limits() {
    for seed in 0..30 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut service = ScriptedService::new();
        for _ in 0..200 {
            let step = match random.u8(0..10) {
                0 => Step::respond(429).header("retry-after", &random.u8(0..5).to_string()),
                1 => Step::respond(200).header("x-ratelimit-limit", &random.u16(0..1_000).to_string()),
                2 => Step::respond(200).header("x-ratelimit-remaining", &random.u8(0..9).to_string()),
                _ => Step::respond(200),
            };
            service = service.then(step.after(millis(random.u64(0..3_000))));
        }
        let stack = limited(&RateLimiter::new(RateLimit::per_minute(120).burst(5)), service.clone());
        let mut calls = JoinSet::new();
        for index in 0..200 {
            let stack = stack.clone();
            calls.spawn(async move { drop(send(&stack, get(&format!("/{index}/"))).await.unwrap()) });
            sleep(millis(random.u64(0..400))).await;
        }
        calls.join_all().await;
        let order: Vec<String> = service.requests().iter().map(|request| request.uri.path().to_owned()).collect();
        assert_eq!(order, (0..200).map(|index| format!("/{index}/")).collect::<Vec<_>>(), "seed {seed}");
    }
}

/// The client against a server that counts a minute as Avala does, with other clients that use the same key.
#[tokio::test(start_paused = true)]
async fn counting_server_refuses_few_calls() {
    use std::sync::{Arc, Mutex};
    let windows: Arc<Mutex<(u64, u64, u64)>> = Arc::default();
    let started = Instant::now();
    let counting = Arc::clone(&windows);
    let service = service_fn(move |_request: Request<Body>| {
        let mut counts = counting.lock().unwrap();
        let now = started.elapsed().as_secs();
        if now / 60 != counts.0 {
            // The others take 40 of the 100 at once.
            *counts = (now / 60, 40, counts.2);
        }
        let left = 100_u64.saturating_sub(counts.1);
        counts.1 += 1;
        let mut response = Response::builder().header("x-ratelimit-remaining", left.saturating_sub(1));
        if left == 0 {
            counts.2 += 1;
            response = response.status(429).header("retry-after", 60 - now % 60);
        }
        let response = response.body(Body::empty()).unwrap();
        async move { Ok::<_, avala_transport::TransportError>(response) }
    });
    let stack = limited(&RateLimiter::default(), service);
    start(&stack, 600).await.join_all().await;
    let (minutes, _, refused) = *windows.lock().unwrap();
    assert!((8..=11).contains(&minutes), "60 a minute are left, so 600 take ten minutes: {minutes}");
    assert!(refused <= minutes, "at most one refusal a minute: {refused} in {minutes}");
}
