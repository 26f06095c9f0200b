//! An agent whose calls fail randomly: no decision of a handler may be lost, contradicted, or skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use avala_agents::{Agent, Context, Counters, Decision};
use avala_client::Avala;
use avala_client::transport::{RateLimiter, RetryBudget, RetryPolicy};
use avala_sandbox::{Fault, Sandbox, Seed};
use tokio_util::sync::CancellationToken;

use super::Failure;
use super::ledger::Ledger;
use super::process::Site;
use super::program::{EVENTS, NAME};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Number of executions.
    pub executions: usize,
    /// Number of concurrent handlers.
    pub concurrency: usize,
    /// Number of requests of which one gets a fault.
    pub one_fault_in: usize,
    /// The same seed gives the same faults, though not the same order.
    pub seed: u64,
}

/// Outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Requests that the sandbox received.
    pub requests: usize,
    /// The faults that were set, by their kind.
    pub faults: BTreeMap<&'static str, usize>,
    /// Counters of the agent.
    pub counters: Counters,
    /// Posts that the server rejected with 409.
    pub conflicts: usize,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Executions that were lost, contradicted or decided twice.
    pub wrong: Vec<String>,
}

/// Requests that the sandbox received.
#[derive(Default)]
struct Requests {
    posts: AtomicUsize,
    others: AtomicUsize,
}

type Made = Arc<Mutex<BTreeMap<String, BTreeSet<String>>>>;

/// Runs the agent against a new sandbox.
///
/// # Errors
/// Fails if the sandbox does not start, or the agent ends with an error.
pub async fn run(plan: Plan) -> Result<Report, Failure> {
    let (ledger, requests) = (Ledger::default(), Arc::new(Requests::default()));
    let (observer, counter) = (ledger.clone(), Arc::clone(&requests));
    let sandbox = Sandbox::builder().seed(Seed::Empty).on_response(move |request| {
        let of_kind = if request.method == "POST" { &counter.posts } else { &counter.others };
        of_kind.fetch_add(1, Ordering::Relaxed);
        observer.note(request);
    });
    let site = Arc::new(Site::new(sandbox.start().await?, "faults").await?);
    for number in 0..plan.executions {
        site.announce(number, "task")?;
    }
    let began = Instant::now();
    let made = Made::default();
    let agent = agent(&made).concurrency(plan.concurrency);
    let monitor = agent.monitor();
    let stop = CancellationToken::new();
    let faults = tokio::spawn(add_faults(Arc::clone(&site), plan, Arc::clone(&requests), stop.clone()));
    let retry = RetryPolicy::default().base_delay(Duration::from_millis(1)).budget(RetryBudget::off());
    let avala = Avala::builder()
        .api_key(site.sandbox.key())
        .base_url(site.sandbox.url())
        .allow_insecure_base_url(true)
        .rate_limiter(RateLimiter::off())
        .retry(retry)
        .build()?;
    // Registration fails like any other call, and a supervisor starts the program again.
    let ended = agent.run_until_idle(&avala).await;
    stop.cancel();
    let mut report = Report { faults: faults.await??, ..Report::default() };
    ended?;
    site.sandbox.clear_faults();
    report.elapsed = began.elapsed();
    report.requests = requests.posts.load(Ordering::Relaxed) + requests.others.load(Ordering::Relaxed);
    report.counters = monitor.counters();
    report.conflicts = ledger.conflicts();
    let made = made.lock().unwrap_or_else(PoisonError::into_inner).clone();
    report.wrong = ledger.faults(&site.avala, &made, plan.executions, true).await?;
    Ok(report)
}

fn agent(made: &Made) -> Agent {
    let mut agent = Agent::new(NAME).poll_interval(Duration::from_millis(50), Duration::from_secs(3));
    for event in EVENTS {
        let made = Arc::clone(made);
        agent = agent.on(event, move |context: Context| {
            let reason = format!("{} {:x}", context.uid(), fastrand::u64(..));
            let decision = match fastrand::u8(..3) {
                0 => Decision::approve().with_reason(reason),
                1 => Decision::reject(reason),
                _ => Decision::flag(reason),
            };
            let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
            made.entry(context.uid().to_string()).or_default().insert(decision.to_string());
            async { decision }
        });
    }
    agent
}

/// Adds faults at the rate of the plan, for decisions and for other calls, until it is stopped.
async fn add_faults(
    site: Arc<Site>,
    plan: Plan,
    requests: Arc<Requests>,
    stop: CancellationToken,
) -> Result<BTreeMap<&'static str, usize>, Failure> {
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let (mut added, mut counts) = ([0; 2], BTreeMap::new());
    let kinds = [(&requests.posts, "POST", "/agent-actions/"), (&requests.others, "GET", "/agents/*")];
    while !stop.is_cancelled() {
        for ((received, method, path), added) in kinds.iter().zip(&mut added) {
            while *added < received.load(Ordering::Relaxed) / plan.one_fault_in {
                let (name, fault) = fault(&mut random);
                *counts.entry(name).or_default() += 1;
                site.sandbox.fault(fault.on(*method, *path))?;
                *added += 1;
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(counts)
}

fn fault(random: &mut fastrand::Rng) -> (&'static str, Fault) {
    match random.usize(..8) {
        0 => ("500", Fault::status(500)),
        1 => ("502, html", Fault::status(502).body("<html>Bad Gateway</html>")),
        2 => ("503, retry after", Fault::status(503).header("retry-after", "0")),
        3 => ("429", Fault::status(429).header("retry-after", "0")),
        4 => ("connection dropped", Fault::drop_connection()),
        5 => ("response lost", Fault::drop_response()),
        6 => ("page or response cut", Fault::cut_body(random.usize(..3_000))),
        _ => ("html instead of json", Fault::html()),
    }
}
