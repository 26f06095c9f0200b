//! Memory and CPU time of an agent process while it is idle, and with many handlers. Read from `/proc`, so Linux only.

use std::time::Duration;

use avala_sandbox::{Sandbox, Seed};
use tokio::process::Child;
use tokio::time::Instant;

use super::Failure;
use super::ledger::executions;
use super::process::{HANG, Program, Site};
use super::program::HandlerKind;

/// The most CPU time that an idle agent may take, in percent of one core.
pub const MAX_IDLE_CPU_PERCENT: f64 = 0.1;
/// The most memory that an idle agent may hold, in bytes.
pub const MAX_IDLE_BYTES: u64 = 15 << 20;

/// Footprint of an idle agent.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// CPU time in percent of one core.
    pub cpu_percent: f64,
    /// Resident memory in bytes.
    pub bytes: u64,
}

/// Footprint of an agent with many handlers at a time.
#[derive(Clone, Copy, Debug)]
pub struct Busy {
    /// Handlers at a time.
    pub in_flight: usize,
    /// Executions in all.
    pub executions: usize,
    /// Resident memory in bytes before anything arrived.
    pub before: u64,
    /// The same when all connections are open: after three times as many executions as run at a time.
    pub early: u64,
    /// The same while the last handlers are in flight.
    pub last: u64,
}

/// Measures an agent that has nothing to do, for this long. It polls every five seconds, without slowing down.
///
/// # Errors
/// When the sandbox or the process does not start, or this is not Linux.
pub async fn idle(program: &Program, time: Duration) -> Result<Idle, Failure> {
    let site = Site::new(Sandbox::builder().seed(Seed::Empty).start().await?, "idle").await?;
    let mut settings = site.settings(HandlerKind::Quick);
    settings.poll_ms = 5_000;
    let child = program.start(&settings)?;
    // One execution, so that all of its code has run once.
    site.announce(0, "task")?;
    site.wait_for_log(2, |_| true).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (began, cpu) = (Instant::now(), cpu_time(&child)?);
    tokio::time::sleep(time).await;
    let spent = cpu_time(&child)?.saturating_sub(cpu);
    let cpu_percent = 100.0 * spent.as_secs_f64() / began.elapsed().as_secs_f64();
    Ok(Idle { cpu_percent, bytes: resident_bytes(&child)? })
}

/// Measures an agent with this many handlers at a time, which take two seconds each; `count` is at least four times
/// that.
///
/// # Errors
/// When the sandbox or the process does not start, the executions are not decided, or this is not Linux.
pub async fn busy(program: &Program, in_flight: usize, count: usize) -> Result<Busy, Failure> {
    let site = Site::new(Sandbox::builder().seed(Seed::Empty).start().await?, "busy").await?;
    let mut settings = site.settings(HandlerKind::Slow(2_000));
    settings.concurrency = in_flight;
    let child = program.start(&settings)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = resident_bytes(&child)?;
    for number in 0..count {
        site.announce(number, "task")?;
    }
    let is_start = |line: &super::program::Line| line.decision.is_none();
    site.wait_for_log(3 * in_flight, is_start).await?;
    let early = resident_bytes(&child)?;
    site.wait_for_log(count, is_start).await?;
    let last = resident_bytes(&child)?;
    let all_decided = async {
        while executions(&site.avala).await?.iter().any(|execution| execution.action.is_none()) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok::<_, Failure>(())
    };
    tokio::time::timeout(HANG, all_decided).await.map_err(|_| "not all executions are decided")??;
    Ok(Busy { in_flight, executions: count, before, early, last })
}

/// Returns the CPU time of all threads.
fn cpu_time(child: &Child) -> Result<Duration, Failure> {
    let id = child.id().ok_or("the process has ended")?;
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{id}/task"))? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().and_then(|time| time.parse::<u64>().ok()).unwrap_or_default();
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn resident_bytes(child: &Child) -> Result<u64, Failure> {
    let id = child.id().ok_or("the process has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
