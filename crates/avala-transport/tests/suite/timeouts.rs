//! All timeouts.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use avala_transport::layer::AttemptTimeoutLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Background, BaseUrl, Body, BoxError, ConcurrencyLimits, RateLimit, RateLimiter, RetryPolicy, Sent, TimeoutPhase,
    Transport, TransportBuilder, TransportError, TransportErrorKind as Kind,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tower::layer::layer_fn;
use tower::{Layer, Service, service_fn};

use crate::support::{builder, get, post, report, secs, send, with_options};

#[tokio::test(start_paused = true)]
async fn call_ends_at_its_timeout() {
    let transport = builder().timeout(secs(5)).service(ScriptedService::always(Step::hang())).build().unwrap();
    let started = Instant::now();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Total)));
    assert_eq!((error.attempts(), error.sent(), error.elapsed()), (1, Sent::Maybe, secs(5)));
    assert_eq!(started.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn call_timeout_covers_all_attempts() {
    let transport = builder()
        .timeout(secs(25))
        .attempt_timeout(secs(10))
        .service(ScriptedService::always(Step::hang()))
        .build()
        .unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.timeout_phase(), error.attempts(), error.elapsed()), (Some(TimeoutPhase::Total), 3, secs(25)));
}

#[tokio::test(start_paused = true)]
async fn call_ends_in_time_while_its_retry_waits_for_a_permit() {
    // The first attempt had a timer, and the second one does not start.
    let busy = Step::respond(503).header("retry-after", "1").after(Duration::from_millis(100));
    let transport = builder()
        .timeout(secs(5))
        .attempt_timeout(secs(4))
        .concurrency(ConcurrencyLimits::default().default_group(1))
        .service(ScriptedService::new().then(busy).then(Step::hang()))
        .build()
        .unwrap();
    let other = with_options(get("/other/"), |options| {
        options.timeout = Some(secs(100));
        options.attempt_timeout = Some(secs(100));
    });
    let started = Instant::now();
    let call = async {
        let error = send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.attempts(), error.elapsed()), (Some(TimeoutPhase::Total), 2, secs(5)));
        assert_eq!(started.elapsed(), secs(5));
    };
    let holder = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        send(&transport, other).await
    };
    tokio::select! {
        () = call => {}
        result = holder => panic!("the call holds the permit: {result:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn timeout_error_says_how_the_time_was_spent() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    // The policy's maximum wait is the wait of the server, so no jitter is added.
    let policy = RetryPolicy::default().max_wait(secs(4));
    let busy = Step::respond(500).header("retry-after", "4").after(secs(3));
    let service = ScriptedService::new().then(Step::respond(200)).then(busy.clone()).then(Step::hang());
    let transport = TransportBuilder::new().rate_limiter(limiter).retry(policy.clone()).timeout(secs(20));
    let transport = transport.service(service).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    assert_eq!(report(&response).time_spent(), avala_transport::TimeSpent::default());

    let error = send(&transport, get("/x/")).await.unwrap_err();
    let spent = error.time_spent();
    assert_eq!((spent.waiting, spent.backoff, spent.attempts), (secs(1), secs(4), secs(15)));
    assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Total), secs(20)));
    assert_eq!(
        error.to_string(),
        "call timed out after 20 s (2 attempts, 1 s queued, 4 s backing off, 15 s in attempts)"
    );

    let service = ScriptedService::new().then(busy).then(Step::respond(200).after(secs(2)));
    let transport = builder().retry(policy).service(service).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    let spent = report(&response).time_spent();
    assert_eq!((spent.waiting, spent.backoff, spent.attempts), (secs(0), secs(4), secs(5)));
}

#[tokio::test(start_paused = true)]
async fn wrapped_error_keeps_its_times() {
    let service = ScriptedService::always(Step::fail(Kind::ConnectionLost, Sent::Maybe).after(secs(2)));
    let wrap = layer_fn(|inner: Transport| tower::ServiceExt::map_err(inner, std::io::Error::other));
    let transport = builder().layer_per_call(wrap).service(service).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.time_spent().attempts), (Kind::ConnectionLost, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn call_that_times_out_in_the_queue_was_not_sent() {
    // A 429 closes the gate while both wait: the call whose deadline is too early fails at once.
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::new()
        .then(Step::respond(429).header("retry-after", "30").after(Duration::from_millis(500)))
        .then(Step::respond(200));
    let transport = TransportBuilder::new().rate_limiter(limiter).timeout(secs(5)).service(service).build().unwrap();
    let first = with_options(get("/1/"), |options| options.max_attempts = Some(1));
    let patient = with_options(get("/2/"), |options| options.timeout = Some(secs(100)));
    let (_, patient, hurried) =
        tokio::join!(send(&transport, first), send(&transport, patient), send(&transport, get("/3/")));
    assert_eq!(patient.unwrap().status().as_u16(), 200);
    let error = hurried.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), error.elapsed()),
        (Kind::RateLimited, Sent::No, Duration::from_millis(500))
    );
    assert_eq!(error.retry_after(), Some(secs(31)), "one call is ahead");
}

#[tokio::test(start_paused = true)]
async fn call_past_its_deadline_is_never_sent() {
    let service = ScriptedService::always(Step::respond(200));
    let limited = TransportBuilder::new().service(service.clone()).build().unwrap();
    let unlimited = TransportBuilder::new().rate_limiter(RateLimiter::off()).service(service.clone()).build().unwrap();
    let alone = avala_transport::layer::CallTimeoutLayer::new(Duration::ZERO).layer(service.clone());
    for transport in [&limited, &unlimited] {
        let request = with_options(post("/x/", "{}"), |options| options.timeout = Some(Duration::ZERO));
        let error = send(transport, request).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::Timeout, Sent::No), "{error}");
        assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Total));
    }
    assert_eq!(send(&alone, get("/x/")).await.unwrap_err().sent(), Sent::No);
    // The time runs from the creation of the call, also while it is not polled.
    let mut late = Box::pin(limited.clone().call(with_options(get("/x/"), |options| options.timeout = Some(secs(5)))));
    tokio::time::sleep(secs(6)).await;
    assert_eq!(late.as_mut().await.unwrap_err().sent(), Sent::No);
    assert_eq!(service.requests().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn attempt_with_a_timeout_of_zero_is_never_sent() {
    let service = ScriptedService::always(Step::respond(200));
    let always = builder().attempt_timeout(Duration::ZERO).service(service.clone()).build().unwrap();
    let ordinary = builder().service(service.clone()).build().unwrap();
    for (transport, timeout) in [(&always, None), (&ordinary, Some(Duration::ZERO))] {
        let request = with_options(post("/x/", "{}"), |options| options.attempt_timeout = timeout);
        let error = send(transport, request).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Attempt), Sent::No), "{error}");
    }
    let alone = AttemptTimeoutLayer::new(Duration::ZERO).layer(service.clone());
    assert_eq!(send(&alone, get("/x/")).await.unwrap_err().sent(), Sent::No);
    assert_eq!(service.requests().len(), 0);
    let request = with_options(get("/x/"), |options| options.attempt_timeout = Some(secs(1)));
    send(&always, request).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn attempt_timeout_is_retried_only_if_safe() {
    let service = ScriptedService::new().then(Step::hang()).then(Step::respond(200));
    let transport = builder().attempt_timeout(secs(2)).service(service).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    assert_eq!(report(&response).attempts(), 2);

    let transport = builder().attempt_timeout(secs(2)).service(ScriptedService::always(Step::hang())).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Attempt)));
    assert_eq!((error.attempts(), error.sent(), error.elapsed()), (1, Sent::Maybe, secs(2)));
}

#[tokio::test(start_paused = true)]
async fn timeouts_can_be_set_per_call() {
    let transport = builder().service(ScriptedService::always(Step::hang())).build().unwrap();
    let request = with_options(get("/x/"), |options| options.timeout = Some(secs(1)));
    assert_eq!(send(&transport, request).await.unwrap_err().elapsed(), secs(1));

    let request = with_options(post("/x/", "{}"), |options| options.attempt_timeout = Some(secs(1)));
    let error = send(&transport, request).await.unwrap_err();
    assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Attempt), secs(1)));
}

#[tokio::test(start_paused = true)]
async fn max_duration_is_no_limit() {
    let service = ScriptedService::always(Step::respond(200).after(secs(1_000_000)));
    let transport = builder().timeout(Duration::MAX).attempt_timeout(Duration::MAX).service(service).build().unwrap();
    let response = send(&transport, get("/x/")).await.unwrap();
    assert_eq!(report(&response).elapsed(), secs(1_000_000));
}

/// Never becomes ready.
#[derive(Clone)]
struct NeverReady;

impl Service<Request<Body>> for NeverReady {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = std::future::Pending<Result<Response<Body>, TransportError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Pending
    }

    fn call(&mut self, _request: Request<Body>) -> Self::Future {
        panic!("it was not ready");
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_counts_against_the_timeouts() {
    let service = AttemptTimeoutLayer::new(secs(3)).layer(NeverReady);
    let error = send(&service, get("/x/")).await.unwrap_err();
    assert_eq!(error.timeout_phase(), Some(TimeoutPhase::Attempt));

    let service = avala_transport::layer::CallTimeoutLayer::new(secs(3)).layer(NeverReady);
    let error = send(&service, get("/x/")).await.unwrap_err();
    assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Total), secs(3)));
}

/// A body that never ends.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn collected_body_counts_against_the_timeouts() {
    let service = service_fn(|_request: Request<Body>| async { Ok::<_, BoxError>(Response::new(Endless)) });
    let transport = builder().attempt_timeout(secs(3)).service(service).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Attempt), secs(3)));

    let request = with_options(get("/x/"), |options| options.streaming = true);
    let response = send(&transport, request).await.unwrap();
    assert!(!response.body().is_replayable());
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_covers_tls() {
    // The listener accepts the connection and sends nothing. The paused clock advances while all tasks wait.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    let transport = builder()
        .base_url(url)
        .connect_timeout(secs(4))
        .retry(RetryPolicy::none())
        .root_certificate_der(crate::servers::certificate_authority().0)
        .build()
        .unwrap();
    let error = send(&transport, get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Connect)));
    assert_eq!((error.sent(), error.elapsed()), (Sent::No, secs(4)));
}

#[tokio::test(start_paused = true)]
async fn pause_moves_the_end_of_a_call_and_of_an_attempt() {
    let unchanged = || layer_fn(|inner: Transport| inner);
    let attempt = || builder().attempt_timeout(secs(10)).retry(RetryPolicy::none());
    for builder in [
        builder().timeout(secs(10)),
        builder().timeout(secs(10)).layer_per_call(unchanged()),
        builder().timeout(secs(10)).layer_per_attempt(unchanged()),
        attempt(),
        attempt().layer_per_attempt(unchanged()),
    ] {
        let service = ScriptedService::always(Step::respond(200).after(secs(12)));
        let transport = builder.service(service).build().unwrap();
        for pause in [0, 1, 5] {
            let background = Background::new();
            let request = with_options(get("/x/"), |options| options.background = Some(background.clone()));
            let mut call = Box::pin(send(&transport, request));
            assert!(tokio::time::timeout(Duration::ZERO, &mut call).await.is_err(), "polled once");
            background.pause();
            tokio::time::sleep(secs(pause)).await;
            background.resume();
            assert_eq!(call.await.is_ok(), pause == 5, "{pause} s");
        }
    }
}
