//! Backoff between attempts.

use std::collections::HashSet;
use std::time::Duration;

use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{RetryPolicy, Sent, TransportErrorKind as Kind};
use tokio::time::Instant;

use crate::support::{get, millis, report, retrying, secs, send, with_options};

/// Tokio's timers have whole milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// Returns the times between the attempts of one call.
async fn waits(policy: RetryPolicy, service: &ScriptedService) -> Vec<Duration> {
    let before = service.requests().len();
    let _ = send(&retrying(policy, service.clone()), get("/x/")).await;
    let times: Vec<Instant> = service.requests()[before..].iter().map(|request| request.at).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn backoff_ceiling_doubles_with_each_attempt() {
    let policy = RetryPolicy::default().max_attempts(6).base_delay(millis(100)).max_delay(millis(500));
    let mut longest = [Duration::ZERO; 5];
    for _ in 0..200 {
        let waits = waits(policy.clone(), &ScriptedService::always(Step::respond(500))).await;
        assert_eq!(waits.len(), 5);
        for (longest, wait) in longest.iter_mut().zip(waits) {
            *longest = wait.max(*longest);
        }
    }
    for (longest, ceiling) in longest.into_iter().zip([100, 200, 400, 500, 500].map(millis)) {
        assert!(longest <= ceiling + TICK && longest > ceiling.mul_f64(0.8), "{longest:?} of {ceiling:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn first_attempt_does_not_back_off() {
    let service = ScriptedService::always(Step::respond(200));
    let started = Instant::now();
    let _ = send(&retrying(RetryPolicy::default(), service), get("/x/")).await;
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn jitter_spreads_a_thousand_simultaneous_retries() {
    let base = secs(10_000_000);
    let policy = RetryPolicy::default().max_attempts(2).base_delay(base).max_delay(base).max_wait(base);
    let service = ScriptedService::always(Step::respond(500));
    let stack = tower::Layer::layer(&avala_transport::layer::RetryLayer::new(policy), service.clone());
    for _ in 0..1_000 {
        let _ = send(&stack, get("/x/")).await;
    }
    let requests = service.requests();
    let waits: HashSet<Duration> = requests.chunks(2).map(|pair| pair[1].at - pair[0].at).collect();
    assert_eq!(waits.len(), 1_000, "every call has its own delay");
    let below_half = waits.iter().filter(|wait| **wait < base / 2).count();
    assert!(
        (400..600).contains(&below_half),
        "the delays spread over the whole range: {below_half} are in its lower half"
    );
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_the_minimum_with_jitter_on_top() {
    let table = [
        Step::respond(429).header("retry-after", "20"),
        Step::respond(503).header("retry-after", "20"),
        Step::respond(429)
            .header("date", "Sun, 06 Nov 1994 08:49:17 GMT")
            .header("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ];
    for step in table {
        let waits = waits(RetryPolicy::default(), &ScriptedService::always(step.clone())).await;
        assert_eq!(waits.len(), 2, "{step:?}");
        assert!(waits.iter().all(|wait| *wait >= secs(20) && *wait <= secs(22) + TICK), "{waits:?}");
        assert_ne!(waits[0], waits[1], "the spread is fresh for every wait");
    }
}

#[tokio::test(start_paused = true)]
async fn invalid_retry_after_is_ignored() {
    for nonsense in ["soon", "-5", "99999999999999999999"] {
        let service = ScriptedService::always(Step::respond(429).header("retry-after", nonsense));
        let waits = waits(RetryPolicy::default(), &service).await;
        assert!(waits.len() == 2 && waits.iter().all(|wait| *wait <= millis(401)), "{nonsense}: {waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_past_the_deadline_is_not_waited_for() {
    let service = ScriptedService::always(Step::respond(429).header("retry-after", "10"));
    let stack = retrying(RetryPolicy::default(), service.clone());
    let request = with_options(get("/x/"), |options| options.timeout = Some(secs(10)));
    let response = send(&stack, request).await.unwrap();
    assert_eq!((response.status().as_u16(), report(&response).attempts()), (429, 1));
    assert_eq!(report(&response).elapsed(), Duration::ZERO, "at once, not at the deadline");

    let request = with_options(get("/x/"), |options| options.timeout = Some(secs(12)));
    let response = send(&stack, request).await.unwrap();
    assert_eq!(report(&response).attempts(), 2, "there is time for one wait and not for two");
}

#[tokio::test(start_paused = true)]
async fn retry_after_over_max_wait_is_not_waited_for() {
    let service = ScriptedService::always(Step::respond(429).header("retry-after", "61"));
    let response = send(&retrying(RetryPolicy::default(), service), get("/x/")).await.unwrap();
    assert_eq!((report(&response).attempts(), report(&response).elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn retry_after_of_an_error_is_kept() {
    let busy = tower::service_fn(|_request| async {
        let error = avala_transport::TransportError::new(Kind::Connect, "draining").with_sent(Sent::No);
        Err::<http::Response<avala_transport::Body>, _>(error.with_retry_after(secs(400)))
    });
    let error = send(&retrying(RetryPolicy::default(), busy), get("/x/")).await.unwrap_err();
    assert_eq!((error.attempts(), error.retry_after()), (1, Some(secs(400))));
}
