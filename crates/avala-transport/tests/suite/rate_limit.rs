//! The limiter: bursts, spacing, order, cancellation, and updates from responses.

use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Background, RateLimit, RateLimiter, RetryPolicy, Sent, Transport, TransportBuilder, TransportErrorKind as Kind,
};
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{get, limited, millis, secs, send, with_options};

/// Starts `count` calls in order and waits for all of them.
async fn send_together(stack: &Transport, count: usize) {
    let mut calls = JoinSet::new();
    for index in 0..count {
        let stack = stack.clone();
        calls.spawn(async move { send(&stack, get(&format!("/{index}/"))).await.map(drop) });
        tokio::task::yield_now().await;
    }
    for result in calls.join_all().await {
        result.unwrap();
    }
}

fn times(service: &ScriptedService, started: Instant) -> Vec<Duration> {
    service.requests().iter().map(|request| request.at - started).collect()
}

#[tokio::test(start_paused = true)]
async fn burst_is_sent_then_one_call_per_interval() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(5));
    let service = ScriptedService::always(Step::respond(200));
    let started = Instant::now();
    send_together(&limited(&limiter, service.clone()), 8).await;
    assert_eq!(times(&service, started), [0, 0, 0, 0, 0, 1, 2, 3].map(secs));
    assert_eq!(service.calls_while_not_ready(), 0);
}

#[tokio::test(start_paused = true)]
async fn minute_of_pressure_stays_within_the_limit() {
    let service = ScriptedService::always(Step::respond(200));
    let started = Instant::now();
    send_together(&limited(&RateLimiter::default(), service.clone()), 150).await;
    let times = times(&service, started);
    assert_eq!(times.iter().filter(|at| **at < secs(60)).count(), 20 + 99, "the burst, then 100 a minute");
    assert!(times.iter().filter(|at| **at < secs(1)).count() <= 20 + 1);
}

#[tokio::test(start_paused = true)]
async fn queued_calls_are_sent_in_order() {
    let limiter = RateLimiter::new(RateLimit::per_minute(600).burst(1));
    let service = ScriptedService::always(Step::respond(200));
    send_together(&limited(&limiter, service.clone()), 30).await;
    let order: Vec<String> = service.requests().iter().map(|request| request.uri.path().to_owned()).collect();
    let expected: Vec<String> = (0..30).map(|index| format!("/{index}/")).collect();
    assert_eq!(order, expected);
}

#[tokio::test(start_paused = true)]
async fn new_call_does_not_overtake_queued_calls() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::always(Step::respond(200));
    let stack = limited(&limiter, service.clone());
    send(&stack, get("/first/")).await.unwrap();
    // Both are sent at the instant of the next token: one timer is older than that of the queue, one is newer.
    let newcomer = || {
        let stack = stack.clone();
        tokio::spawn(async move {
            sleep(secs(1)).await;
            send(&stack, get("/newcomer/")).await.map(drop)
        })
    };
    let older = newcomer();
    tokio::task::yield_now().await;
    let waiting = tokio::spawn({
        let stack = stack.clone();
        async move { send(&stack, get("/waiting/")).await.map(drop) }
    });
    tokio::task::yield_now().await;
    let newer = newcomer();
    for call in [older, waiting, newer] {
        call.await.unwrap().unwrap();
    }
    let order: Vec<String> = service.requests().iter().map(|request| request.uri.path().to_owned()).collect();
    assert_eq!(order, ["/first/", "/waiting/", "/newcomer/", "/newcomer/"]);
}

#[tokio::test(start_paused = true)]
async fn cancelled_queued_call_takes_no_token() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::always(Step::respond(200));
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    send(&stack, get("/first/")).await.unwrap();
    let first_in_line = tokio::spawn({
        let stack = stack.clone();
        async move { send(&stack, get("/cancelled/")).await.map(drop) }
    });
    let second_in_line = tokio::spawn({
        let stack = stack.clone();
        async move { send(&stack, get("/cancelled/")).await.map(drop) }
    });
    sleep(millis(100)).await;
    first_in_line.abort();
    second_in_line.abort();
    send(&stack, get("/second/")).await.unwrap();
    assert_eq!(times(&service, started), [0, 1].map(secs), "no other call took a token");

    // The queue is empty again: the error of a new call names only its own wait.
    let hurried = with_options(get("/hurried/"), |options| options.timeout = Some(millis(500)));
    let error = send(&stack, hurried).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(secs(1)));
}

#[tokio::test(start_paused = true)]
async fn wait_past_the_deadline_fails_at_once() {
    let limiter = RateLimiter::new(RateLimit::per_minute(6).burst(1));
    let service = ScriptedService::always(Step::respond(200));
    let stack = limited(&limiter, service.clone());
    send(&stack, get("/first/")).await.unwrap();

    let started = Instant::now();
    let hurried = || with_options(get("/hurried/"), |options| options.timeout = Some(secs(9)));
    let error = send(&stack, hurried()).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.retry_after()), (Kind::RateLimited, Sent::No, Some(secs(10))));

    let waiting = tokio::spawn({
        let stack = stack.clone();
        async move { send(&stack, get("/waiting/")).await.map(drop) }
    });
    tokio::task::yield_now().await;
    let error = send(&stack, hurried()).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(secs(20)), "the one ahead is counted");
    assert_eq!(started.elapsed(), Duration::ZERO, "at once");
    waiting.await.unwrap().unwrap();
    assert_eq!(service.requests().len(), 2, "the failed calls were not sent");
}

#[tokio::test(start_paused = true)]
async fn a_429_closes_the_gate_for_every_clone() {
    for (retry_after, expected) in [(Some("10"), secs(10)), (None, secs(1)), (Some("soon"), secs(1))] {
        let mut refusal = Step::respond(429);
        if let Some(value) = retry_after {
            refusal = refusal.header("retry-after", value);
        }
        let limiter = RateLimiter::default();
        let refusing = limited(&limiter, ScriptedService::always(refusal));
        let service = ScriptedService::always(Step::respond(200));
        let other = limited(&limiter, service.clone());
        let started = Instant::now();
        let response = send(&refusing, get("/x/")).await.unwrap();
        assert_eq!(response.status().as_u16(), 429, "the limiter does not repeat calls");
        send_together(&other, 3).await;
        let times = times(&service, started);
        assert!((expected..=expected * 2).contains(&times[0]), "{retry_after:?}: {times:?}");
        let spread = [0, 600, 1_200].map(|later| times[0] + millis(later));
        assert_eq!(times, spread, "{retry_after:?}: it opens for one at a time");
    }
}

#[tokio::test(start_paused = true)]
async fn gate_that_closes_during_a_wait_applies_at_once() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::new().then(Step::respond(429).header("retry-after", "30").after(millis(500)));
    let stack = limited(&limiter, service.clone());
    let started = Instant::now();
    let waiting = with_options(get("/waiting/"), |options| options.timeout = Some(secs(5)));
    let (refused, waiting) = tokio::join!(send(&stack, get("/refused/")), send(&stack, waiting));
    assert_eq!(refused.unwrap().status().as_u16(), 429);
    let error = waiting.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::RateLimited, Sent::No));
    assert_eq!((started.elapsed(), error.retry_after()), (millis(500), Some(secs(30))));
}

#[tokio::test(start_paused = true)]
async fn zero_remaining_closes_the_gate_until_the_reset() {
    // 784111777 is the date in the header.
    let table = [("784111807", secs(30)), ("784111700", Duration::from_millis(600)), ("799999999", secs(60))];
    for (reset, expected) in table {
        let empty = Step::respond(200)
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
            .header("x-ratelimit-remaining", "0")
            .header("x-ratelimit-reset", reset);
        let service = ScriptedService::new().then(empty).then(Step::respond(200));
        let stack = limited(&RateLimiter::default(), service.clone());
        let started = Instant::now();
        send(&stack, get("/x/")).await.unwrap();
        send(&stack, get("/x/")).await.unwrap();
        let opening = times(&service, started)[1];
        assert!(opening >= expected && opening <= expected + secs(30), "reset {reset}: {opening:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn server_limit_replaces_the_configured_one() {
    let learned = Step::respond(200).header("x-ratelimit-limit", "600").header("x-ratelimit-remaining", "0");
    let service = ScriptedService::new().then(learned).then(Step::respond(200)).then(Step::respond(200));
    let stack = limited(&RateLimiter::new(RateLimit::per_minute(1)), service.clone());
    let started = Instant::now();
    send_together(&stack, 3).await;
    let times = times(&service, started);
    assert!(times[2] <= secs(120), "{times:?}");

    let lower = Step::respond(200).header("x-ratelimit-limit", "2").header("x-ratelimit-remaining", "1");
    let service = ScriptedService::always(lower);
    let stack = limited(&RateLimiter::default(), service.clone());
    let started = Instant::now();
    for _ in 0..3 {
        send(&stack, get("/x/")).await.unwrap();
    }
    assert_eq!(self::times(&service, started), [0, 0, 30].map(secs), "two a minute");
}

#[tokio::test(start_paused = true)]
async fn disabled_limiter_never_waits_but_keeps_state() {
    let limiter = RateLimiter::off();
    let refusal = Step::respond(429).header("retry-after", "10").header("x-ratelimit-remaining", "0");
    let service = ScriptedService::always(refusal);
    let stack = limited(&limiter.clone(), service.clone());
    assert_eq!(limiter.state(), None);
    timeout(millis(1), send_together(&stack, 200)).await.expect("nobody waits");
    assert_eq!(limiter.state().and_then(|state| state.remaining), Some(0));
}

#[tokio::test(start_paused = true)]
async fn response_without_headers_keeps_the_state() {
    let limiter = RateLimiter::default();
    let told = Step::respond(200).header("x-ratelimit-limit", "100").header("x-ratelimit-remaining", "57");
    let service = ScriptedService::new().then(told).then(Step::respond(200));
    let stack = limited(&limiter, service);
    send_together(&stack, 2).await;
    let state = limiter.state().unwrap();
    assert_eq!((state.limit, state.remaining, state.reset), (Some(100), Some(57), None));
}

/// Polls a future once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

#[tokio::test(start_paused = true)]
async fn background_call_leaves_the_last_token_to_others() {
    let service = ScriptedService::always(Step::respond(200));
    let stack = limited(&RateLimiter::new(RateLimit::per_minute(60).burst(3)), service.clone());
    let background = Background::new();
    let prefetch =
        || Box::pin(send(&stack, with_options(get("/page/"), |options| options.background = Some(background.clone()))));
    assert!(poll_once(&mut prefetch()).await.is_ready());
    assert!(poll_once(&mut prefetch()).await.is_ready());
    let mut last = prefetch();
    assert!(poll_once(&mut last).await.is_pending(), "one token is left, for others");
    let started = Instant::now();
    send(&stack, get("/item/")).await.unwrap();
    send(&stack, get("/item/")).await.unwrap();
    assert_eq!(started.elapsed(), secs(1), "the prefetch has no queue position");
    background.end();
    last.await.unwrap();
    assert_eq!(started.elapsed(), secs(2), "in the foreground it queues like any call");
}

#[tokio::test(start_paused = true)]
async fn scoped_calls_of_a_burst_use_tokens_of_their_scope() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60_000).burst(1_000));
    let stack = limited(&limiter, ScriptedService::always(Step::respond(200).header("x-ratelimit-limit", "60")));
    let scoped = || with_options(get("/x/"), |options| options.rate_scope = Some("inference"));
    send(&stack, scoped()).await.unwrap();
    let started = Instant::now();
    for response in join_all((0..60).map(|_| send(&stack, scoped()))).await {
        response.unwrap();
    }
    assert!(started.elapsed() >= secs(39), "60 calls are a burst of 20 and 40 s: {:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn gate_is_waited_for_up_to_the_longest_wait() {
    for (max_wait, is_sent) in [(millis(4_999), false), (secs(5), true)] {
        let refusal = Step::respond(429).header("retry-after", "5");
        let service = ScriptedService::new().then(refusal).then(Step::respond(200));
        let builder = TransportBuilder::new().retry(RetryPolicy::none().max_wait(max_wait)).service(service);
        let transport = builder.build().unwrap();
        assert_eq!(send(&transport, get("/x/")).await.unwrap().status(), 429);
        let started = Instant::now();
        match send(&transport, get("/x/")).await {
            Ok(_) => assert!(is_sent && started.elapsed() >= secs(5)),
            Err(error) => assert_eq!((error.kind(), error.sent(), is_sent), (Kind::RateLimited, Sent::No, false)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn long_queue_is_recomputed_when_the_limit_changes() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::always(Step::respond(200)).then(Step::respond(200));
    let service = service.then(Step::respond(200).header("x-ratelimit-limit", "61"));
    let stack = limited(&limiter, service);
    // The second response makes all calls compute their starts again; the last one is 147 s away by then.
    let call = || send(&stack, with_options(get("/x/"), |options| options.timeout = Some(secs(155))));
    for response in join_all((0..150).map(|_| call())).await {
        response.unwrap();
    }
}
