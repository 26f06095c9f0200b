//! An agent process that is killed at random moments while executions arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use avala_sandbox::{Sandbox, Seed};

use super::Failure;
use super::ledger::{Ledger, executions};
use super::process::{HANG, Program, Site, end, is_stopped, signal};
use super::program::HandlerKind;

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Number of kills.
    pub kills: usize,
    /// Number of executions that arrive meanwhile.
    pub executions: usize,
    /// The same seed results in the same moments on the same machine.
    pub seed: u64,
}

/// Outcome of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// Number of kills.
    pub kills: usize,
    /// Handler runs, including interrupted runs.
    pub handler_runs: usize,
    /// Executions whose handler was started more than once.
    pub handled_again: usize,
    /// Posts that the server rejected with 409.
    pub conflicts: usize,
    /// Duration of the run.
    pub elapsed: Duration,
    /// Executions that were lost, contradicted or decided twice.
    pub faults: Vec<String>,
}

/// Runs the agent against a new sandbox.
///
/// # Errors
/// When the sandbox or the process does not start, or the executions are never all decided.
pub async fn run(program: &Program, plan: Plan) -> Result<Report, Failure> {
    let ledger = Ledger::default();
    let observer = ledger.clone();
    let sandbox = Sandbox::builder().seed(Seed::Empty).on_response(move |request| observer.note(request));
    let site = Arc::new(Site::new(sandbox.start().await?, "kills").await?);
    let settings = site.settings(HandlerKind::Quick);
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let (began, mut report) = (Instant::now(), Report::default());
    let mut announced = 0;
    while report.kills < plan.kills {
        let mut child = program.start(&settings)?;
        // From before the registration up to while handlers run and decisions are sent.
        let life = Duration::from_millis(random.u64(1..400));
        let share = (plan.executions * (report.kills + 1) / plan.kills).min(plan.executions) - announced;
        let pause = life / u32::try_from(share + 1)?;
        for _ in 0..share {
            site.announce(announced, "task")?;
            announced += 1;
            tokio::time::sleep(pause).await;
        }
        tokio::time::sleep(pause).await;
        // A process that ended without being killed is an error of the run.
        if let Some(status) = child.try_wait()? {
            let (_, output) = end(child).await?;
            return Err(format!("the process ended without being killed, {status}: {output}").into());
        }
        child.kill().await?;
        report.kills += 1;
    }
    let child = program.start(&settings)?;
    let all_decided = async {
        while executions(&site.avala).await?.iter().any(|execution| execution.action.is_none()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Failure>(())
    };
    tokio::time::timeout(HANG, all_decided).await.map_err(|_| "not all executions are decided")??;
    signal(&child, "TERM", false).await?;
    let (status, output) = end(child).await?;
    if !is_stopped(status) {
        return Err(format!("the process ended with {status}: {output}").into());
    }
    let mut made = BTreeMap::<String, BTreeSet<String>>::new();
    let mut starts = BTreeMap::<String, usize>::new();
    for line in site.log() {
        match line.decision {
            Some(decision) => drop(made.entry(line.execution).or_default().insert(decision)),
            None => *starts.entry(line.execution).or_default() += 1,
        }
    }
    report.elapsed = began.elapsed();
    report.handler_runs = starts.values().sum();
    report.handled_again = starts.values().filter(|starts| **starts > 1).count();
    report.conflicts = ledger.conflicts();
    report.faults = ledger.faults(&site.avala, &made, plan.executions, true).await?;
    Ok(report)
}
