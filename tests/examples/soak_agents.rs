//! Long runs of agents with kills and faults, and their CPU time and memory: run by `cargo xtask soak agents`.

#![expect(clippy::print_stdout, reason = "the program prints a report")]

use std::process::ExitCode;
use std::time::Duration;

use avala_tests::agents::process::Program;
use avala_tests::agents::{Failure, faults, footprint, kills, program, shared};

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // The agent process is this program again.
    if let [first, settings] = &arguments[..]
        && first == "agent"
    {
        program::main(settings).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let number = |index: usize, default: usize| arguments.get(index).map_or(Ok(default), |text| text.parse());
    let (kills, executions, faulted) = (number(0, 200)?, number(1, 2_000)?, number(2, 10_000)?);
    // Number of executions of an agent whose memory is measured.
    let passing = number(3, 30_000)?;
    let program = Program { path: std::env::current_exe()?, arguments: vec!["agent".to_owned()] };
    let mut is_good = killed(&program, kills, executions).await?;
    is_good &= killed_with_shared_claims(&program, kills.div_ceil(4), executions).await?;
    is_good &= faulted_calls(faulted).await?;
    if cfg!(target_os = "linux") {
        is_good &= measured(&program, passing).await?;
    }
    println!("{}", if is_good { "clean" } else { "NOT clean" });
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn killed(program: &Program, kills: usize, executions: usize) -> Result<bool, Failure> {
    let report = kills::run(program, kills::Plan { kills, executions, seed: 7 }).await?;
    println!("killed: {} kills, {executions} executions, {:.0} s", report.kills, report.elapsed.as_secs_f64());
    print(&report);
    Ok(report.faults.is_empty())
}

async fn killed_with_shared_claims(program: &Program, kills: usize, executions: usize) -> Result<bool, Failure> {
    let Some(redis) = shared::Redis::start()? else {
        println!("SKIPPED: claims in Redis need `redis-server`");
        return Ok(true);
    };
    let plan = shared::Plan { processes: 4, kills, every: Duration::from_secs(1), executions, seed: 7 };
    let report = shared::run(program, &redis, plan).await?;
    println!("four processes: {} kills, {executions} executions, {:.0} s", report.kills, report.elapsed.as_secs_f64());
    print(&report);
    Ok(report.faults.is_empty())
}

fn print(report: &kills::Report) {
    println!("  handler runs         {:>8}", report.handler_runs);
    println!("  handled again        {:>8}", report.handled_again);
    println!("  rejected with 409    {:>8}", report.conflicts);
    println!("  lost, contradicted   {:>8}", report.faults.len());
    report.faults.iter().take(10).for_each(|fault| println!("    {fault}"));
}

async fn faulted_calls(executions: usize) -> Result<bool, Failure> {
    let report = faults::run(faults::Plan { executions, concurrency: 64, one_fault_in: 10, seed: 7 }).await?;
    let faults: usize = report.faults.values().sum();
    println!("faults: {executions} executions, {:.0} s", report.elapsed.as_secs_f64());
    println!("  requests             {:>8}", report.requests);
    println!("  faults               {faults:>8}");
    report.faults.iter().for_each(|(kind, count)| println!("    {kind:<20} {count:>8}"));
    println!("  sent again           {:>8}", report.counters.resent_decisions);
    println!("  rejected with 409    {:>8}", report.conflicts);
    println!("  skipped, parked      {:>8}", report.counters.skipped + report.counters.parked);
    println!("  lost, contradicted   {:>8}", report.wrong.len());
    report.wrong.iter().take(10).for_each(|fault| println!("    {fault}"));
    Ok(report.wrong.is_empty() && report.counters.skipped + report.counters.parked == 0)
}

async fn measured(program: &Program, executions: usize) -> Result<bool, Failure> {
    let idle = footprint::idle(program, Duration::from_secs(60)).await?;
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    println!("idle: {:.3} % of a core, {:.1} MiB", idle.cpu_percent, mebibytes(idle.bytes));
    let busy = footprint::busy(program, footprint::IN_FLIGHT, executions).await?;
    println!(
        "{} in flight, {} executions: {:.1} MiB before, {:.1} after 10,000, {:.1} with the last",
        busy.in_flight,
        busy.executions,
        mebibytes(busy.before),
        mebibytes(busy.early),
        mebibytes(busy.last)
    );
    let is_small = idle.bytes <= footprint::MAX_IDLE_BYTES && idle.cpu_percent <= footprint::MAX_IDLE_CPU_PERCENT;
    println!(
        "  at most {:.1} MiB, and {:.1} more than after 10,000",
        mebibytes(footprint::MAX_BUSY_BYTES),
        mebibytes(footprint::MAX_GROWTH_BYTES)
    );
    let is_constant = busy.last <= busy.early + footprint::MAX_GROWTH_BYTES;
    Ok(is_small && is_constant && busy.last <= footprint::MAX_BUSY_BYTES)
}
