//! Memory and CPU time of an agent process while it is idle, and with many handlers. Read from `/proc`, so Linux only.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avala_sandbox::{Sandbox, Seed};
use tokio::process::Child;
use tokio::time::Instant;

use super::Failure;
use super::process::{HANG, Program, Site};
use super::program::HandlerKind;

/// Maximum CPU time of an idle agent, in percent of one core.
pub const MAX_IDLE_CPU_PERCENT: f64 = 0.1;
/// Maximum memory of an idle agent, in bytes.
pub const MAX_IDLE_BYTES: u64 = 15 << 20;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// Handlers at a time of a busy agent.
pub const IN_FLIGHT: usize = 1_000;
/// The parts of a busy agent, none of which depends on how many executions pass. A handler in flight: its task, context,
/// record and lease.
const HANDLERS: u64 = IN_FLIGHT as u64 * 16 * KIB;
/// Executions that wait in memory: two for each handler that are ready, and as many that failed.
const WAITING: u64 = 4 * IN_FLIGHT as u64 * 2 * KIB;
/// The UIDs of 15,000 decided executions, in a table that is half empty.
const DECIDED: u64 = 15_000 * 200;
/// Connections of 64 decisions, a poll and a look-up. Each keeps a read buffer as large as the largest page of the list that
/// it has served.
const CONNECTIONS: u64 = 66 * 256 * KIB;
const JOURNAL: u64 = 2 * MIB;

/// The most memory that a busy agent may hold: its parts, and a fifth more for what the allocator cannot use.
pub const MAX_BUSY_BYTES: u64 = (MAX_IDLE_BYTES + HANDLERS + WAITING + DECIDED + CONNECTIONS + JOURNAL) * 6 / 5;
/// How far that memory may grow from the 10,000th execution on. The first two parts are full by then; connections that
/// have not served a page, and the table of the decided ones, may still grow. An agent that kept a kilobyte of each
/// execution would grow by 20 MiB until the 30,000th.
pub const MAX_GROWTH_BYTES: u64 = CONNECTIONS + DECIDED / 2;

/// Footprint of an idle agent.
#[derive(Clone, Copy, Debug)]
pub struct Idle {
    /// CPU time in percent of one core.
    pub cpu_percent: f64,
    /// Resident memory in bytes.
    pub bytes: u64,
}

/// Footprint of an agent with many concurrent handlers.
#[derive(Clone, Copy, Debug)]
pub struct Busy {
    /// Number of concurrent handlers.
    pub in_flight: usize,
    /// Total number of executions.
    pub executions: usize,
    /// Resident memory in bytes before the first execution.
    pub before: u64,
    /// Resident memory in bytes when ten times as many executions are decided as run concurrently, with all connections
    /// open.
    pub early: u64,
    /// Resident memory in bytes while the last handlers are running.
    pub last: u64,
}

/// Measures an idle agent for this time. It polls every five seconds, without slowing down.
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

/// Measures an agent with this many handlers at a time, which take two seconds each, while `count` executions pass; at
/// least 20 times as many as run at a time. New ones arrive as old ones are decided, so that as many wait at the end as
/// at the beginning.
///
/// # Errors
/// When the sandbox or the process does not start, the executions are not decided, or this is not Linux.
pub async fn busy(program: &Program, in_flight: usize, count: usize) -> Result<Busy, Failure> {
    let decided = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&decided);
    let sandbox = Sandbox::builder().seed(Seed::Empty).on_response(move |request| {
        if request.api_path() == "/agent-actions/" && request.status.is_some_and(|status| status.is_success()) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    let site = Site::new(sandbox.start().await?, "busy").await?;
    let mut settings = site.settings(HandlerKind::Slow(2_000));
    settings.concurrency = in_flight;
    let child = program.start(&settings)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = resident_bytes(&child)?;
    let mut announced = 0;
    // Waits until this many executions are decided, while new ones arrive.
    let mut pass = async |wanted: usize| {
        let (mut last, mut moved) = (0, Instant::now());
        loop {
            let now = decided.load(Ordering::Relaxed);
            while announced < count && announced < now + 4 * in_flight {
                site.announce(announced, "task")?;
                announced += 1;
            }
            if now >= wanted {
                return Ok::<_, Failure>(());
            }
            if now > last {
                (last, moved) = (now, Instant::now());
            }
            if moved.elapsed() > HANG {
                return Err(format!("only {now} of {count} executions are decided").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    pass(10 * in_flight).await?;
    let early = resident_bytes(&child)?;
    pass(count - in_flight).await?;
    let last = resident_bytes(&child)?;
    pass(count).await?;
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
