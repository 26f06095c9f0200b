//! Calls that are dropped at every possible point.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{ConcurrencyLimits, RateLimit, RateLimiter, RetryPolicy, Transport, TransportBuilder};
use http::Request;
use tokio::time::Instant;

use crate::support::{get, secs, send, with_options};

/// Polls `future` this many times and drops it; `None` if it was not done by then.
async fn drop_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    poll_fn(move |cx| {
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Makes three calls at once and drops the middle one after this many polls. Returns whether it was done,
/// which calls were sent, and when.
async fn run(
    transport: &Transport,
    service: &ScriptedService,
    request: impl Fn(&str) -> Request<avala_transport::Body>,
    polls: usize,
) -> (bool, Vec<(String, Duration)>) {
    let started = Instant::now();
    let (first, victim, last) = tokio::join!(
        send(transport, request("/first/")),
        drop_after(polls, send(transport, request("/victim/"))),
        send(transport, request("/last/")),
    );
    assert!(first.is_ok() && last.is_ok());
    let times =
        service.requests().iter().map(|request| (request.uri.path().to_owned(), request.at - started)).collect();
    (victim.is_some(), times)
}

fn paths(times: &[(String, Duration)]) -> Vec<(&str, Duration)> {
    times.iter().map(|(path, at)| (path.trim_start_matches("/api/v1"), *at)).collect()
}

#[tokio::test(start_paused = true)]
async fn call_dropped_at_any_point_releases_all_it_holds() {
    for polls in 1.. {
        let service = ScriptedService::always(Step::respond(200).after(Duration::from_millis(100)));
        let transport = TransportBuilder::new()
            .rate_limiter(RateLimiter::new(RateLimit::per_minute(60).burst(1)))
            .concurrency(ConcurrencyLimits::default().default_group(1))
            .service(service.clone())
            .build()
            .unwrap();
        let (done, times) = run(&transport, &service, get, polls).await;
        let times = paths(&times);
        // It was dropped before it was sent, and has no effect; or it has used its token.
        if times.len() == 2 {
            assert_eq!(times, [("/first/", secs(0)), ("/last/", secs(1))], "{polls} polls");
        } else {
            assert_eq!(times, [("/first/", secs(0)), ("/victim/", secs(1)), ("/last/", secs(2))], "{polls} polls");
        }
        if done {
            assert!(polls > 3, "{polls} polls: it waits for a permit, a token and a response");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn scope_token_is_returned_when_a_waiting_call_is_dropped() {
    let scoped = |path: &str| with_options(get(path), |options| options.rate_scope = Some("inference"));
    let mut held_one_token = false;
    for polls in 1.. {
        // 12 a minute for the user, 20 a minute for the scope, of which none is left: a token after three seconds.
        let told = Step::respond(200).header("x-ratelimit-limit", "20").header("x-ratelimit-remaining", "0");
        let service = ScriptedService::new().then(told).then(Step::respond(200)).then(Step::respond(200));
        let limiter = RateLimiter::new(RateLimit::per_minute(12).burst(1));
        let transport = TransportBuilder::new().rate_limiter(limiter).service(service.clone()).build().unwrap();
        send(&transport, scoped("/teacher/")).await.unwrap();

        let started = Instant::now();
        let (victim, last) = tokio::join!(
            async {
                let victim = drop_after(polls, send(&transport, scoped("/victim/"))).await;
                held_one_token |= victim.is_none() && started.elapsed() == secs(3);
                victim.is_some()
            },
            send(&transport, scoped("/last/")),
        );
        assert!(last.is_ok());
        let at = service.requests().last().unwrap().at - started;
        // The scope gives its second token after six seconds: the returned one is available at once.
        assert_eq!(at, secs(if victim { 10 } else { 5 }), "{polls} polls");
        if victim {
            assert!(held_one_token, "one of them was dropped between the two tokens");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn call_dropped_during_backoff_is_not_retried() {
    let service = ScriptedService::always(Step::respond(503).header("retry-after", "5"));
    let transport = TransportBuilder::new().retry(RetryPolicy::default()).service(service.clone()).build().unwrap();
    assert!(tokio::time::timeout(secs(4), send(&transport, get("/x/"))).await.is_err());
    tokio::time::sleep(secs(100)).await;
    assert_eq!(service.requests().len(), 1);
}
