//! Retry budget under many failures.

use std::time::Duration;

use avala_transport::layer::RetryLayer;
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{RetryBudget, RetryPolicy, Sent, TimeoutPhase, TransportErrorKind as Kind};
use tokio::time::{Instant, advance, sleep};
use tower::Layer;

use crate::support::{builder, get, report, secs, send};

/// Returns a policy whose waits take no time, so that the budget is not refilled between attempts.
fn at_once(budget: RetryBudget) -> RetryPolicy {
    RetryPolicy::default().base_delay(Duration::ZERO).budget(budget)
}

/// Returns the number of retries of `calls` calls if every attempt ends with `step`.
async fn retries(layer: &RetryLayer, step: Step, calls: usize) -> usize {
    let service = ScriptedService::always(step);
    let stack = layer.layer(service.clone());
    for _ in 0..calls {
        let _ = send(&stack, get("/x/")).await;
    }
    service.requests().len() - calls
}

#[tokio::test(start_paused = true)]
async fn retries_stop_when_the_budget_is_empty() {
    let table = [
        (Step::respond(500), 50),
        (Step::fail(Kind::ConnectionLost, Sent::Maybe), 50),
        (Step::time_out(TimeoutPhase::Attempt, Sent::Maybe), 50),
        (Step::fail(Kind::Connect, Sent::No), 100),
        (Step::respond(429), 100),
        (Step::respond(503).header("retry-after", "0"), 100),
    ];
    for (step, expected) in table {
        let layer = RetryLayer::new(at_once(RetryBudget::default()));
        assert_eq!(retries(&layer, step.clone(), 1_000).await, expected, "{step:?}");
        assert_eq!(retries(&layer.clone(), step.clone(), 10).await, 0, "{step:?}: a clone has the same budget");
        assert_eq!(retries(&RetryLayer::new(at_once(RetryBudget::off())), step, 1_000).await, 2_000);
    }
}

#[tokio::test(start_paused = true)]
async fn each_retry_layer_has_its_own_budget() {
    let policy = at_once(RetryBudget::new(10));
    for _ in 0..2 {
        assert_eq!(retries(&RetryLayer::new(policy.clone()), Step::respond(500), 5).await, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn empty_budget_returns_the_last_response_at_once() {
    let policy = RetryPolicy::default().base_delay(secs(10)).budget(RetryBudget::new(9));
    let service = ScriptedService::always(Step::respond(502).body("bad gateway"));
    let response = send(&RetryLayer::new(policy.clone()).layer(service), get("/x/")).await.unwrap();
    assert_eq!((response.status().as_u16(), report(&response).attempts()), (502, 1));
    assert_eq!(report(&response).elapsed(), Duration::ZERO);

    let service = ScriptedService::always(Step::fail(Kind::ConnectionLost, Sent::Maybe));
    let error = send(&RetryLayer::new(policy).layer(service), get("/x/")).await.unwrap_err();
    assert_eq!((error.attempts(), error.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn budget_refills_with_time_and_responses() {
    let layer = RetryLayer::new(at_once(RetryBudget::new(20)));
    assert_eq!(retries(&layer, Step::respond(500), 100).await, 2);

    // Neither a local error nor a response that needs a retry refills the budget.
    assert_eq!(retries(&layer, Step::fail(Kind::BodyTooLarge, Sent::Yes), 50).await, 0);
    assert_eq!(retries(&layer, Step::respond(500), 1).await, 0);

    for status in [200, 404] {
        assert_eq!(retries(&layer, Step::respond(status), 9).await, 0);
        assert_eq!(retries(&layer, Step::respond(500), 1).await, 0, "{status}: nine are not enough");
        assert_eq!(retries(&layer, Step::respond(status), 1).await, 0);
        assert_eq!(retries(&layer, Step::respond(500), 1).await, 1, "{status}");
    }
    advance(secs(10)).await;
    assert_eq!(retries(&layer, Step::respond(500), 1).await, 1);
    advance(secs(1_000)).await;
    assert_eq!(retries(&layer, Step::respond(500), 100).await, 2, "never more than the capacity");
}

#[tokio::test(start_paused = true)]
async fn retry_that_is_not_made_costs_nothing() {
    let layer = RetryLayer::new(at_once(RetryBudget::new(10)));
    assert_eq!(retries(&layer, Step::respond(429).header("retry-after", "61"), 20).await, 0);
    assert_eq!(retries(&layer, Step::respond(500), 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn dropped_backoff_refunds_the_retry_cost() {
    let policy = RetryPolicy::default().budget(RetryBudget::new(10).per_second(0.0));
    let layer = RetryLayer::new(policy.base_delay(secs(10_000)).max_delay(secs(10_000)).max_wait(secs(10_000)));
    for _ in 0..5 {
        let stack = layer.layer(ScriptedService::always(Step::respond(500)));
        assert!(tokio::time::timeout(Duration::from_millis(1), send(&stack, get("/x/"))).await.is_err());
    }
    assert_eq!(retries(&layer, Step::respond(500), 2).await, 1);
}

/// In any order of calls, an hour of failures has at most as many retries as the budget and the time allow.
#[tokio::test(start_paused = true)]
async fn retries_under_total_failure_stay_within_the_budget() {
    for seed in 0..8 {
        fastrand::seed(seed);
        let mut random = fastrand::Rng::with_seed(seed);
        let layer = RetryLayer::new(RetryPolicy::default());
        let service = ScriptedService::always(Step::respond(500));
        let stack = layer.layer(service.clone());
        let started = Instant::now();
        let mut calls = tokio::task::JoinSet::new();
        while started.elapsed() < secs(3_600) {
            for _ in 0..random.usize(0..20) {
                let stack = stack.clone();
                calls.spawn(async move { send(&stack, get("/x/")).await.map(drop) });
            }
            sleep(Duration::from_millis(random.u64(0..20_000))).await;
        }
        let made = calls.join_all().await.len();
        let retries = service.requests().len() - made;
        let share = 50.0 + started.elapsed().as_secs_f64() / 10.0;
        assert!(made > 2_000 && retries as f64 <= share, "seed {seed}: {retries} retries of {made} calls");
        assert!(retries as f64 >= share - 5.0, "seed {seed}: {retries}: all allowed retries are made");
    }
}

#[tokio::test(start_paused = true)]
async fn retry_cost_is_refunded_when_its_call_is_dropped() {
    let service = ScriptedService::always(Step::respond(503).header("retry-after", "5"));
    let policy = RetryPolicy::default().max_attempts(2).budget(RetryBudget::new(5).per_second(0.0));
    let transport = builder().retry(policy).service(service.clone()).build().unwrap();
    let mut backing_off = Box::pin(send(&transport, get("/x/")));
    assert!(tokio::time::timeout(secs(1), &mut backing_off).await.is_err());
    assert_eq!(report(&send(&transport, get("/x/")).await.unwrap()).attempts(), 1, "the budget has enough for one");
    drop(backing_off);
    assert_eq!(report(&send(&transport, get("/x/")).await.unwrap()).attempts(), 2);
}
