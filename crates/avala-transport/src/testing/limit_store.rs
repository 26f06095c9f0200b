//! Checks that every implementation of a limiter's state has to pass.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::context::concurrency_group::ConcurrencyGroup;
use crate::layer::rate_limit::{Decision, Grant, LimitReport, LimitStore, RateLimit, StoreCall};

/// Long enough for any store on a slow machine.
const GUARD: Duration = Duration::from_secs(30);

/// Checks the promises of a [`LimitStore`]: its rate, bursts, waits, gate, scopes, permits and prefetches.
///
/// `create` returns a new store with the given limit and no earlier calls. A store without memory of earlier calls may
/// start without a burst. The check takes some seconds of the store's clock.
///
/// # Errors
///
/// Describes the first promise that the store does not keep.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
/// # runtime.block_on(async {
/// use avala_transport::MemoryLimits;
/// use avala_transport::testing::check_limit_store;
///
/// check_limit_store(async |limit| MemoryLimits::new(limit)).await
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn check_limit_store<S: LimitStore>(create: impl AsyncFn(RateLimit) -> S) -> Result<(), String> {
    let call = StoreCall::new(ConcurrencyGroup::DEFAULT);

    // 1,200 per minute: one token each 50 ms.
    let limit = RateLimit::per_minute(1_200).burst(4);
    let store = Arc::new(create(limit).await);
    let started = Instant::now();
    let mut times = Vec::new();
    for _ in 0..20 {
        granted(&*store, call).await?.used();
        times.push(started.elapsed());
    }
    rate_holds(&times, 4)?;

    let store = Arc::new(create(limit).await);
    let started = Instant::now();
    let calls: Vec<_> = (0..20).map(|_| store.acquire(call)).collect();
    for decision in calls {
        used(timeout(GUARD, decision).await)?;
    }
    let elapsed = started.elapsed();
    expect(elapsed >= Duration::from_millis(50 * 16 - 1), "20 waiting calls take 16 intervals at least", &elapsed)?;

    let tooshort = call.with_max_wait(Duration::from_millis(1));
    drop(granted(&*store, call).await?);
    let calls: Vec<_> = (0..8).map(|_| store.acquire(tooshort)).collect();
    let mut refused = 0;
    for decision in calls {
        match timeout(GUARD, decision).await {
            Ok(Decision::TooLong(wait)) if !wait.is_zero() => refused += 1,
            Ok(Decision::Granted(mut grant)) => grant.used(),
            other => return Err(format!("a call without time is refused with its wait: {other:?}")),
        }
    }
    expect(refused >= 3, "calls without time are refused", &refused)?;

    let store = create(limit).await;
    store.report(None, LimitReport::new().with_closed_for(Duration::from_millis(300)));
    let started = Instant::now();
    granted(&store, call).await?.used();
    let first = started.elapsed();
    granted(&store, call).await?.used();
    expect(first >= Duration::from_millis(295), "the gate stays closed", &first)?;
    let second = started.elapsed();
    expect(second >= Duration::from_millis(345), "the gate opens with one token", &second)?;

    scopes_and_permits(&create).await
}

async fn scopes_and_permits<S: LimitStore>(create: &impl AsyncFn(RateLimit) -> S) -> Result<(), String> {
    let store = create(RateLimit::per_minute(6_000).burst(50)).await;
    granted(&store, StoreCall::new(ConcurrencyGroup::DEFAULT)).await?.used();
    let narrow = StoreCall::new(ConcurrencyGroup::DEFAULT).with_scope(Some("narrow"));
    store.report(narrow.scope, LimitReport::new().with_closed_for(Duration::from_millis(400)));
    let started = Instant::now();
    let mut waiting = store.acquire(narrow);
    let asked = timeout(Duration::from_millis(20), &mut waiting).await;
    expect(asked.is_err(), "a call of a closed scope waits", &asked)?;
    granted(&store, StoreCall::new(ConcurrencyGroup::DEFAULT)).await?.used();
    let other = started.elapsed();
    expect(other < Duration::from_millis(390), "a scope does not delay other calls", &other)?;
    used(timeout(GUARD, waiting).await)?;
    let scoped = started.elapsed();
    expect(scoped >= Duration::from_millis(395), "the scope's gate stays closed", &scoped)?;

    let export = StoreCall::new("exports").with_concurrency_limit(Some(5));
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(granted(&store, export).await?);
    }
    held.iter_mut().for_each(Grant::used);
    let full = timeout(GUARD, store.acquire(export.with_max_wait(Duration::from_millis(200)))).await;
    expect(
        matches!(full, Ok(Decision::TooLong(_))),
        "five calls of a group with a limit of five hold all permits",
        &full,
    )?;
    drop(held.pop());
    granted(&store, export).await?.used();

    let background = StoreCall::new(ConcurrencyGroup::DEFAULT).with_background(true);
    let store = create(RateLimit::per_minute(60).burst(1)).await;
    granted(&store, StoreCall::new(ConcurrencyGroup::DEFAULT)).await?.used();
    let decision = timeout(GUARD, store.acquire(background)).await;
    expect(matches!(decision, Ok(Decision::TooLong(_))), "a prefetch does not wait", &decision)
}

/// Checks every window of the grant times: at most the burst, and 20 calls per second.
fn rate_holds(times: &[Duration], burst: usize) -> Result<(), String> {
    for (first, start) in times.iter().enumerate() {
        for (last, end) in times.iter().enumerate().skip(first) {
            let window = end.saturating_sub(*start).as_secs_f64();
            let most = burst as f64 + (window + 0.005) * 20.0;
            let calls = last - first + 1;
            expect(calls as f64 <= most, "at most rate * T + burst calls in a window", &(calls, window))?;
        }
    }
    Ok(())
}

async fn granted(store: &dyn LimitStore, call: StoreCall) -> Result<Grant, String> {
    match timeout(GUARD, store.acquire(call)).await {
        Ok(Decision::Granted(grant)) => Ok(grant),
        other => Err(format!("{call:?} is granted within 30 s: {other:?}")),
    }
}

fn used(decision: Result<Decision, tokio::time::error::Elapsed>) -> Result<(), String> {
    match decision {
        Ok(Decision::Granted(mut grant)) => {
            grant.used();
            Ok(())
        }
        other => Err(format!("a waiting call is granted: {other:?}")),
    }
}

fn expect(holds: bool, promise: &str, seen: &dyn std::fmt::Debug) -> Result<(), String> {
    if holds { Ok(()) } else { Err(format!("{promise}; got {seen:?}")) }
}
