//! Each setting of the builders changes what the assembled client does. `settings.rs` has those that are stored in one
//! place and set in several, and extreme values.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avala_client::{Avala, AvalaBuilder, ErrorKind, Sent, TimeoutPhase};
use avala_transport::layer::Classified;
use avala_transport::testing::{ByteServer, Script, ScriptedService, Step};
use avala_transport::{
    Body, BoxError, ConcurrencyLimits, RateLimit, RateLimiter, RetryBudget, RetryPolicy, Transport, TransportBuilder,
    TransportErrorKind,
};
use futures_util::future::join_all;
use tokio::time::Instant;
use tower::util::MapRequestLayer;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn builder() -> AvalaBuilder {
    Avala::builder().api_key("avk_test").rate_limiter(RateLimiter::off())
}

fn task() -> Step {
    Step::respond(200).body(r#"{"uid":"t1"}"#)
}

fn on(builder: AvalaBuilder, step: Step) -> (Avala, ScriptedService) {
    let script = ScriptedService::always(step);
    (builder.service(script.clone()).build().unwrap(), script)
}

/// Returns the attempts of a call that never succeeds, and its duration.
async fn failed(avala: &Avala) -> (u32, Duration) {
    let started = Instant::now();
    let error = avala.tasks().get("t1").await.unwrap_err();
    (error.attempts(), started.elapsed())
}

#[tokio::test(start_paused = true)]
async fn each_timeout_ends_the_call_in_its_phase() {
    let once = || builder().retry(RetryPolicy::none());
    for (builder, phase, time) in [
        (once(), TimeoutPhase::Attempt, 30),
        (once().transport(|transport| transport.attempt_timeout(secs(3))), TimeoutPhase::Attempt, 3),
        (once().timeout(secs(7)), TimeoutPhase::Total, 7),
        (
            builder().timeout(secs(40)).transport(|transport| transport.attempt_timeout(secs(50))),
            TimeoutPhase::Total,
            40,
        ),
    ] {
        let (avala, _script) = on(builder, Step::hang());
        let started = Instant::now();
        let error = avala.tasks().get("t1").await.unwrap_err();
        assert_eq!((error.timeout_phase(), started.elapsed()), (Some(phase), secs(time)), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_retry_setting_changes_attempts_or_delays() {
    let policy = RetryPolicy::default;
    for (policy, attempts) in [
        (policy(), 3),
        (policy().max_attempts(5), 5),
        (policy().max_attempts(0), 1),
        (RetryPolicy::none(), 1),
        (policy().budget(RetryBudget::new(0)), 1),
        (policy().budget(RetryBudget::new(10).per_second(0.0)), 2),
        (policy().max_attempts(9).budget(RetryBudget::off()), 9),
    ] {
        let (avala, script) = on(builder().retry(policy.clone()), Step::respond(500));
        assert_eq!((failed(&avala).await.0, script.requests().len()), (attempts, attempts as usize), "{policy:?}");
    }

    // Twenty calls of two delays each: all of them are short with a probability of 1 in 10^40.
    let longest = async |policy: RetryPolicy| {
        let budget = RetryBudget::off();
        let (avala, _script) = on(builder().retry(policy.budget(budget)), Step::respond(500));
        let calls = join_all((0..20).map(async |_| failed(&avala).await.1)).await;
        calls.into_iter().max().unwrap_or_default()
    };
    assert!(longest(policy()).await <= Duration::from_millis(600));
    let slow = longest(policy().base_delay(secs(10)).max_delay(secs(20))).await;
    assert!(slow > secs(1) && slow <= secs(30), "{slow:?}");
    assert!(longest(policy().base_delay(secs(10)).max_delay(Duration::ZERO)).await < secs(1));

    for (policy, attempts) in [(policy(), 3), (policy().max_wait(secs(4)), 1), (policy().max_wait(secs(5)), 3)] {
        let (avala, _script) = on(builder().retry(policy), Step::respond(503).header("retry-after", "5"));
        let (made, took) = failed(&avala).await;
        assert_eq!(made, attempts);
        assert!(took >= secs(5) * (attempts - 1) && took < secs(6) * attempts, "{attempts}: {took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_budget_refills_at_its_rate() {
    for (per_second, attempts) in [(0.0, 1), (1.0, 1), (10.0, 2)] {
        let budget = RetryBudget::new(10).per_second(per_second);
        let (avala, _script) = on(builder().retry(RetryPolicy::default().budget(budget)), Step::respond(500));
        assert_eq!(failed(&avala).await.0, 2, "the budget is used up");
        tokio::time::sleep(secs(1)).await;
        assert_eq!(failed(&avala).await.0, attempts, "{per_second}");
    }
}

#[tokio::test(start_paused = true)]
async fn each_limit_changes_when_calls_are_sent() {
    let limited = |limit| builder().rate_limit(limit);
    let concurrent = |limits| builder().transport(|transport| transport.concurrency(limits));
    let at_once = ConcurrencyLimits::default;
    // Four calls of one second each, and the time at which the last one is done.
    for (name, builder, done) in [
        ("none", builder(), 1),
        ("60 per minute", limited(RateLimit::per_minute(60).burst(1)), 4),
        ("in bursts of three", limited(RateLimit::per_minute(60).burst(3)), 2),
        ("the limiter", builder().rate_limiter(RateLimiter::new(RateLimit::per_minute(30).burst(1))), 7),
        ("one permit", concurrent(at_once().default_group(1)), 4),
        ("two permits", builder().concurrency_limit(avala_client::ConcurrencyGroup::DEFAULT, 2), 2),
        ("no limit of permits", concurrent(ConcurrencyLimits::off()), 1),
        ("another group", builder().concurrency_limit("reports", 1), 1),
    ] {
        let (avala, _script) = on(builder, task().after(secs(1)));
        let started = Instant::now();
        let calls = join_all((0..4).map(|_| avala.tasks().get("t1").into_future())).await;
        assert!(calls.iter().all(Result::is_ok));
        // Tokio's timers have whole milliseconds.
        assert_eq!(started.elapsed().as_millis().div_ceil(100), done * 10, "{name}");
    }
    let (avala, _script) = on(builder().concurrency_limit("reports", 1), task().after(secs(1)));
    let started = Instant::now();
    join_all((0..4).map(|_| avala.tasks().get("t1").concurrency_group("reports").into_future())).await;
    assert_eq!(started.elapsed(), secs(4), "a separate group");
}

#[tokio::test(start_paused = true)]
async fn user_agent_and_layers_reach_the_request() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = |calls: &Arc<AtomicUsize>| {
        let calls = Arc::clone(calls);
        MapRequestLayer::new(move |request| {
            calls.fetch_add(1, Ordering::Relaxed);
            request
        })
    };
    let attempts = Arc::new(AtomicUsize::new(0));
    let layered = builder().layer_per_call(count(&calls)).layer_per_attempt(count(&attempts));
    let (avala, script) = on(layered.transport(|transport| transport.user_agent("rig/7")), Step::respond(500));
    assert_eq!(failed(&avala).await.0, 3);
    assert_eq!((calls.load(Ordering::Relaxed), attempts.load(Ordering::Relaxed)), (1, 3));
    assert!(script.requests().iter().all(|request| request.headers["user-agent"] == "rig/7"));
}

#[tokio::test(start_paused = true)]
async fn classifier_decides_whether_an_unknown_error_is_retried() {
    let service = tower::service_fn(|_: http::Request<Body>| async {
        Err::<http::Response<Body>, BoxError>("the cache is locked".into())
    });
    let plain = builder().service(service).build().unwrap();
    let error = plain.tasks().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Layer, 1));
    let classified = builder().service_with_classifier(service, |error: &BoxError| {
        let not_sent = Classified::new(TransportErrorKind::Connect).sent(Sent::No);
        error.to_string().contains("locked").then_some(not_sent)
    });
    let error = classified.build().unwrap().tasks().get("t1").await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (ErrorKind::Connect, Sent::No, 3));
}

/// Returns a server that keeps connections, and a builder of clients for it.
async fn server() -> (ByteServer, AvalaBuilder) {
    let body = "HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n{\"uid\":\"t1\"}";
    let server = ByteServer::always(Script::new().request().send(body).stall()).await.unwrap();
    let builder = builder().base_url(server.url()).allow_insecure_base_url(true);
    (server, builder)
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_kept_as_long_and_as_many_as_set() {
    for (time, most, kept) in [(10, 2, 2), (10, 0, 0), (10, 9, 3), (30, 9, 3)] {
        let (server, builder) = server().await;
        let builder =
            builder.transport(|transport| transport.pool_idle_timeout(secs(time)).pool_max_idle_per_host(most));
        let avala = builder.build().unwrap();
        let calls = join_all((0..3).map(|_| avala.tasks().get("t1").into_future())).await;
        assert!(calls.iter().all(Result::is_ok));
        tokio::time::sleep(secs(time.saturating_sub(1))).await;
        assert_eq!((server.connections(), server.open_connections()), (3, kept), "{time} s, {most}");
        tokio::time::sleep(secs(2)).await;
        assert_eq!(server.open_connections(), 0, "{time} s, {most}");
    }
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_is_that_of_the_client() {
    let silent = ByteServer::always(Script::new().anything().stall()).await.unwrap();
    for (set, time) in [(None, 10), (Some(4), 4)] {
        let builder = builder().base_url(silent.url().replace("http:", "https:")).retry(RetryPolicy::none());
        let builder = match set {
            Some(time) => builder.transport(|transport| transport.connect_timeout(secs(time))),
            None => builder,
        };
        let started = Instant::now();
        let error = builder.build().unwrap().tasks().get("t1").await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Connect), Sent::No), "{error}");
        assert_eq!(started.elapsed(), secs(time));
    }
}

#[tokio::test(start_paused = true)]
async fn pool_and_transport_of_the_program_are_used() {
    let (server, first) = server().await;
    let pool = TransportBuilder::new().build_pool().unwrap();
    let first = first.connection_pool(pool.clone()).build().unwrap();
    let second = builder().base_url(server.url()).allow_insecure_base_url(true);
    let second = second.connection_pool(pool).build().unwrap();
    first.tasks().get("t1").await.unwrap();
    second.tasks().get("t1").max_attempts(1).timeout(secs(1)).await.unwrap_err();
    assert_eq!(server.connections(), 1, "the connection of the pool, which responds only once");

    let script = ScriptedService::always(Step::respond(500));
    let transport: Transport =
        TransportBuilder::new().retry(RetryPolicy::none()).service(script.clone()).build().unwrap();
    Avala::from_service(transport).tasks().get("t1").await.unwrap_err();
    assert_eq!(script.requests().len(), 1, "with the settings of the transport");
}
