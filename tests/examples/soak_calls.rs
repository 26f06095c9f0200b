//! Ten thousand calls, 64 at a time, one in twenty through a fault: run by `cargo xtask soak`.

#![expect(clippy::print_stdout, reason = "the program prints a report")]

use std::process::ExitCode;

use avala_tests::soak::{self, Plan, Report};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let calls = std::env::args().nth(1).map_or(Ok(10_000), |calls| calls.parse())?;
    let seed = std::env::args().nth(2).map_or(Ok(7), |seed| seed.parse())?;
    let report = soak::run(Plan { calls, in_flight: 64, one_fault_in: 20, seed }).await?;
    print(&report);
    let (first, last) = report.memory;
    // The sandbox in the same process keeps created resources; a leak in the client would be larger.
    let is_flat = last < first + first / 4 + (16 << 20);
    let is_good = report.is_clean() && is_flat;
    println!("{}", if is_good { "clean" } else { "NOT clean" });
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(report: &Report) {
    let faults: usize = report.faults.values().sum();
    let failed: usize = report.errors.values().sum();
    println!("calls                {:>8}", report.calls);
    println!("attempts             {:>8}", report.attempts);
    println!("retries              {:>8}", report.attempts - report.calls as u64);
    println!("faults               {faults:>8}");
    for (kind, count) in &report.faults {
        println!("  {kind:<22} {count:>8}");
    }
    println!("failed and said so   {failed:>8}");
    for (kind, count) in &report.errors {
        println!("  {kind:<22} {count:>8}");
    }
    println!("audits that failed   {:>8}", report.audits);
    println!("ends not seen        {:>8}", report.unseen);
    for (what, found) in [("lost", &report.lost), ("duplicated", &report.duplicated), ("wrong", &report.wrong)] {
        println!("{what:<20} {:>8}", found.len());
        found.iter().take(10).for_each(|line| println!("  {line}"));
    }
    let (first, last) = report.memory;
    println!("memory, first tenth  {:>8} KiB", first >> 10);
    println!("memory, at the end   {:>8} KiB", last >> 10);
}
