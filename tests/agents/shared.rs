//! Several processes of one agent share their claims in Redis, and are killed one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::process::{Child as Server, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use avala_sandbox::{Sandbox, Seed};

use super::Failure;
use super::kills::Report;
use super::ledger::{Ledger, executions};
use super::process::{HANG, Program, Site, end, is_stopped, signal};
use super::program::{HandlerKind, Settings};

/// Size of a run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Number of processes.
    pub processes: usize,
    /// Number of kills.
    pub kills: usize,
    /// Time between two kills.
    pub every: Duration,
    /// Number of executions that arrive meanwhile.
    pub executions: usize,
    /// Seed of the choice of processes to kill.
    pub seed: u64,
}

/// A `redis-server` on a free port of this machine, without persistence. It ends with this value.
#[derive(Debug)]
pub struct Redis {
    server: Server,
    url: String,
}

impl Redis {
    /// Starts a server; `None` if it is not installed.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Option<Self>, Failure> {
        let is_installed = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
        if !is_installed.is_ok_and(|status| status.success()) {
            return Ok(None);
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let server = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .stdout(Stdio::null())
            .spawn()?;
        // Until the server listens, claims fail and nothing is started.
        Ok(Some(Self { server, url: format!("redis://127.0.0.1:{port}/") }))
    }
}

impl Redis {
    /// Returns the settings of process `number` that shares its claims here, with leases of two seconds.
    #[must_use]
    pub fn settings(&self, site: &Site, number: usize, handler: HandlerKind) -> Settings {
        Settings {
            journal: site.folder().join(format!("journal-{number}")),
            redis: Some(self.url.clone()),
            lease_ms: 2_000,
            ..site.settings(handler)
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // Both calls fail only if the process has ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Runs the agent against a new sandbox.
///
/// # Errors
/// When the sandbox or a process does not start, or the executions are never all decided.
pub async fn run(program: &Program, redis: &Redis, plan: Plan) -> Result<Report, Failure> {
    let ledger = Ledger::default();
    let observer = ledger.clone();
    let sandbox = Sandbox::builder().seed(Seed::Empty).on_response(move |request| observer.note(request));
    let site = Arc::new(Site::new(sandbox.start().await?, "shared").await?);
    let settings = |number: usize| redis.settings(&site, number, HandlerKind::Quick);
    let mut random = fastrand::Rng::with_seed(plan.seed);
    let (began, mut report) = (Instant::now(), Report::default());
    let mut children = Vec::new();
    for number in 0..plan.processes {
        children.push(program.start(&settings(number))?);
    }
    let mut announced = 0;
    while report.kills < plan.kills {
        let share = (plan.executions * (report.kills + 1) / plan.kills).min(plan.executions) - announced;
        let pause = plan.every / u32::try_from(share + 1)?;
        for _ in 0..share {
            site.announce(announced, "task")?;
            announced += 1;
            tokio::time::sleep(pause).await;
        }
        tokio::time::sleep(pause).await;
        let number = random.usize(..plan.processes);
        let child = children.get_mut(number).ok_or("no such process")?;
        if let Some(status) = child.try_wait()? {
            return Err(format!("process {number} ended without being killed: {status}").into());
        }
        child.kill().await?;
        *child = program.start(&settings(number))?;
        report.kills += 1;
    }
    let all_decided = async {
        while executions(&site.avala).await?.iter().any(|execution| execution.action.is_none()) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Failure>(())
    };
    tokio::time::timeout(HANG, all_decided).await.map_err(|_| "not all executions are decided")??;
    for child in children {
        signal(&child, "TERM", false).await?;
        let (status, output) = end(child).await?;
        if !is_stopped(status) {
            return Err(format!("a process ended with {status}: {output}").into());
        }
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
    // A process that was killed between decision and POST sends its own after another one has decided: 409.
    report.faults = ledger.faults(&site.avala, &made, plan.executions, false).await?;
    Ok(report)
}
