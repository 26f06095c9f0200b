//! Calls that wait must be able to finish: tokens and callers under overload, on the paused clock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use avala_transport::limits::MemoryLimits;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{
    Body, ConcurrencyLimits, RateLimit, RateLimiter, RetryPolicy, Sent, Transport, TransportBuilder, TransportError,
    TransportErrorKind as Kind,
};
use http::Response;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tower::layer::layer_fn;
use tower::service_fn;

use crate::support::{get, limited, millis, post, report, secs, send, with_options};

/// Counts of a time of overload.
#[derive(Debug, Default)]
struct Tally {
    /// Requests that the server executed.
    executed: AtomicUsize,
    /// Calls that got their response.
    done: AtomicUsize,
    /// Calls that failed although their request was or may have been sent.
    orphans: AtomicUsize,
    refused: AtomicUsize,
}

/// Callers that call again and again for this time, against a server with this latency for each of its requests.
async fn overload(
    callers: u64,
    timeout: Duration,
    time: Duration,
    latency: impl Fn(usize) -> Duration + Send + Sync + 'static,
) -> Arc<Tally> {
    let tally = Arc::new(Tally::default());
    let server = Arc::clone(&tally);
    let latency = Arc::new(latency);
    let service = service_fn(move |_| {
        let wait = latency(server.executed.fetch_add(1, Ordering::Relaxed));
        async move {
            sleep(wait).await;
            Ok::<_, TransportError>(Response::new(Body::empty()))
        }
    });
    let transport: Transport = TransportBuilder::new()
        .rate_limiter(RateLimiter::new(RateLimit::per_minute(600)))
        .timeout(timeout)
        .service(service)
        .build()
        .unwrap();
    let end = Instant::now() + time;
    let mut calls = JoinSet::new();
    for caller in 0..callers {
        let (transport, tally) = (transport.clone(), Arc::clone(&tally));
        calls.spawn(async move {
            sleep(millis(caller * 7)).await;
            while Instant::now() < end {
                match send(&transport, post("/x/", "{}")).await {
                    Ok(_) => tally.done.fetch_add(1, Ordering::Relaxed),
                    Err(error) if error.sent() == Sent::No => {
                        assert_eq!(error.kind(), Kind::RateLimited, "{error}");
                        assert!(error.time_spent().attempts.is_zero(), "{error}");
                        sleep(millis(97)).await;
                        tally.refused.fetch_add(1, Ordering::Relaxed)
                    }
                    Err(_) => tally.orphans.fetch_add(1, Ordering::Relaxed),
                };
            }
        });
    }
    calls.join_all().await;
    tally
}

#[tokio::test(start_paused = true)]
async fn tokens_under_overload_produce_responses() {
    for (callers, timeout) in [(30, 500), (30, 2_000), (200, 500), (200, 2_000)] {
        let tally = overload(callers, millis(timeout), secs(30), |_| millis(50)).await;
        let (executed, done) = (tally.executed.load(Ordering::Relaxed), tally.done.load(Ordering::Relaxed));
        assert_eq!((tally.orphans.load(Ordering::Relaxed), done), (0, executed), "{callers} {timeout}: {tally:?}");
        // 300 tokens and the burst.
        assert!(done >= 295, "{callers} {timeout}: {tally:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn long_tail_leaves_few_orphans() {
    for (callers, timeout) in [(30, 500), (30, 2_000), (200, 500), (200, 2_000)] {
        // One request in a hundred takes a second.
        let slow = |index| millis(if index % 100 == 99 { 1_000 } else { 50 });
        let tally = overload(callers, millis(timeout), secs(30), slow).await;
        let (executed, orphans) = (tally.executed.load(Ordering::Relaxed), tally.orphans.load(Ordering::Relaxed));
        assert!(orphans * 100 <= executed, "{callers} {timeout}: {tally:?}");
        assert!(executed >= 250, "{callers} {timeout}: {tally:?}");
    }
    // With enough time for the slow ones, they are sent in vain only until their time is known.
    let tally = overload(30, secs(2), secs(120), |index| millis(if index % 100 == 99 { 1_000 } else { 50 })).await;
    assert!(tally.orphans.load(Ordering::Relaxed) <= 3, "{tally:?}");
}

/// Returns random durations: half of them up to 50 ms, and one in a hundred a second or more.
fn random_tail(seed: u64, is_log_normal: bool) -> impl Fn() -> Duration + Send + Sync + 'static {
    let random = Mutex::new(fastrand::Rng::with_seed(seed));
    move || {
        let mut random = random.lock().unwrap();
        if is_log_normal {
            // A sum of twelve is about normal.
            let normal = (0..12).map(|_| random.f64()).sum::<f64>() - 6.0;
            return millis(50).mul_f64((normal * 1.288).exp());
        }
        // Pareto, of the shape at which 1 % are over twenty times the median.
        let shape = 50_f64.ln() / 20_f64.ln();
        millis(50).mul_f64((0.5 / (1.0 - random.f64())).powf(1.0 / shape))
    }
}

#[tokio::test(start_paused = true)]
async fn random_tail_leaves_no_more_orphans_than_it_must() {
    for (callers, timeout, is_log_normal, time) in [
        (30, 2_000, true, 100),
        (30, 2_000, false, 100),
        (200, 2_000, true, 15),
        (30, 500, true, 20),
        (30, 500, false, 20),
    ] {
        let (tail, unavoidable) = (random_tail(7, is_log_normal), Arc::new(AtomicUsize::new(0)));
        let slow = Arc::clone(&unavoidable);
        let latency = move |_| {
            let time = tail();
            // A call may have half of its time left when it is sent, and is not refused.
            slow.fetch_add(usize::from(time > millis(timeout / 2)), Ordering::Relaxed);
            time
        };
        let tally = overload(callers, millis(timeout), secs(time), latency).await;
        let (orphans, unavoidable) = (tally.orphans.load(Ordering::Relaxed), unavoidable.load(Ordering::Relaxed));
        assert!(orphans <= unavoidable + 1, "{callers} {timeout} {is_log_normal}: {unavoidable}, {tally:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn queued_call_needs_time_left_for_its_attempt() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
    let service = ScriptedService::always(Step::respond(200).after(millis(300)));
    let stack = limited(&limiter, service.clone());
    send(&stack, get("/first/")).await.unwrap();
    // The next token is free in 700 ms, and an attempt takes 300 ms.
    let with_timeout = |timeout| with_options(get("/x/"), |options| options.timeout = Some(timeout));
    let started = Instant::now();
    for timeout in [millis(701), millis(900), millis(1_000)] {
        let error = send(&stack, with_timeout(timeout)).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.retry_after()), (Kind::RateLimited, Sent::No, Some(millis(700))));
    }
    assert_eq!(started.elapsed(), Duration::ZERO, "at once");
    send(&stack, with_timeout(millis(1_100))).await.unwrap();
    assert_eq!(started.elapsed(), secs(1), "no token was spent before");
    // A call that does not have to wait is sent, also with little time.
    sleep(secs(2)).await;
    assert_eq!(send(&stack, with_timeout(millis(10))).await.unwrap_err().sent(), Sent::Maybe);
}

#[tokio::test(start_paused = true)]
async fn call_that_waits_for_a_permit_needs_time_left_too() {
    let limit = RateLimit::per_minute(6_000);
    let shared = RateLimiter::shared(MemoryLimits::new(limit), limit);
    let limiters = [RateLimiter::off(), RateLimiter::new(limit), shared];
    for (index, limiter) in limiters.into_iter().enumerate() {
        let service = ScriptedService::always(Step::respond(200).after(millis(300)));
        let transport = TransportBuilder::new()
            .rate_limiter(limiter)
            .concurrency(ConcurrencyLimits::default().default_group(1))
            .timeout(millis(700))
            .service(service.clone())
            .build()
            .unwrap();
        // The client learns how long an attempt takes.
        send(&transport, post("/0/", "{}")).await.unwrap();
        let calls = ["/1/", "/2/", "/3/"].map(|path| send(&transport, post(path, "{}")));
        let [first, second, third]: [_; 3] = futures_util::future::join_all(calls).await.try_into().unwrap();
        assert!(first.is_ok() && second.is_ok(), "{index}: {first:?} {second:?}");
        // It would be sent after 600 ms, with 100 ms left.
        let error = third.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::RateLimited, Sent::No), "{index}: {error}");
        assert_eq!(service.requests().len(), 3, "{index}");
    }
}

#[tokio::test(start_paused = true)]
async fn attempt_that_was_cut_off_counts_four_times() {
    for is_layered in [false, true] {
        let service = ScriptedService::always(Step::respond(200).after(secs(10)));
        let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
        let builder = TransportBuilder::new().rate_limiter(limiter).service(service);
        let builder = if is_layered { builder.layer_per_attempt(layer_fn(|inner: Transport| inner)) } else { builder };
        let transport = builder.build().unwrap();
        let with_timeout = |timeout| with_options(get("/x/"), |options| options.timeout = Some(millis(timeout)));
        // It does not wait, so the limiter learns nothing from its duration.
        assert_eq!(send(&transport, with_timeout(10)).await.unwrap_err().sent(), Sent::Maybe);
        // It waits for 990 ms, so that 70 ms are left for its attempt.
        assert_eq!(send(&transport, with_timeout(1_060)).await.unwrap_err().sent(), Sent::Maybe);
        // The next token comes in 930 ms, and an attempt now needs more than 280.
        let error = send(&transport, with_timeout(1_210)).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::RateLimited, Sent::No), "{is_layered}");
        assert_eq!(send(&transport, with_timeout(1_300)).await.unwrap_err().sent(), Sent::Maybe, "{is_layered}");
    }
}

#[tokio::test(start_paused = true)]
async fn estimate_is_half_of_the_timeout_at_most() {
    let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(2));
    let service = ScriptedService::new().then(Step::respond(200).after(secs(50))).then(Step::respond(200));
    let service = (0..2).map(|_| Step::respond(200)).fold(service, ScriptedService::then);
    let stack = limited(&limiter, service);
    send(&stack, get("/slow/")).await.unwrap();
    for _ in 0..2 {
        send(&stack, get("/x/")).await.unwrap();
    }
    let started = Instant::now();
    let request = with_options(get("/x/"), |options| options.timeout = Some(millis(2_001)));
    send(&stack, request).await.unwrap();
    assert_eq!(started.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn backoff_that_ends_near_the_deadline_is_not_started() {
    let slow = Step::respond(200).after(secs(2));
    let busy = Step::respond(503).header("retry-after", "4");
    let service = ScriptedService::new().then(slow).then(busy.clone()).then(Step::respond(200)).then(busy);
    let service = service.then(Step::respond(200));
    let policy = RetryPolicy::default().max_wait(secs(4));
    let transport = TransportBuilder::new().retry(policy).service(service.clone()).build().unwrap();
    let with_timeout = |timeout| with_options(get("/x/"), |options| options.timeout = Some(timeout));
    send(&transport, get("/slow/")).await.unwrap();
    // The wait ends at four seconds, and an attempt takes two.
    let response = send(&transport, with_timeout(secs(7))).await.unwrap();
    assert_eq!((response.status().as_u16(), report(&response).attempts()), (200, 2));
    let response = send(&transport, with_timeout(millis(5_900))).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), report(&response).attempts()),
        (503, 1),
        "the response is returned at once"
    );
    assert_eq!(report(&response).elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn call_that_is_polled_too_late_for_its_attempt_is_not_sent() {
    for (polled_at, is_sent) in [(millis(9_900), true), (millis(9_950), true), (millis(9_970), false)] {
        let service = ScriptedService::always(Step::respond(200));
        let limiter = RateLimiter::new(RateLimit::per_minute(60).burst(1));
        let transport = TransportBuilder::new().rate_limiter(limiter).service(service.clone()).build().unwrap();
        send(&transport, get("/first/")).await.unwrap();
        let request = with_options(get("/x/"), |options| options.timeout = Some(secs(10)));
        let mut call = Box::pin(send(&transport, request));
        assert!(tokio::time::timeout(Duration::ZERO, &mut call).await.is_err(), "queued");
        sleep(polled_at).await;
        // Its token has been free for a long time; an attempt needs 50 ms.
        match call.await {
            Ok(_) => assert!(is_sent),
            Err(error) => assert_eq!((error.kind(), error.sent(), is_sent), (Kind::RateLimited, Sent::No, false)),
        }
        assert_eq!(service.requests().len(), 1 + usize::from(is_sent), "{polled_at:?}");
    }
}
