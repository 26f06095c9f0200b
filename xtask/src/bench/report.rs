//! Formats the tables of `docs/performance.md`.

use std::fs;
use std::process::Command;

use super::goals::Goal;
use super::results::{Figures, Results, median};
use crate::outcome::Outcome;
use crate::performance;

/// Writes the measurements to the file.
pub(super) fn write(results: &Results, goals: &[Goal]) -> Outcome {
    let preamble = format!(
        "# Performance\n\n\
         Written by `cargo xtask bench` and `cargo xtask buildcost`, all but the notes. {}.\n\n\
         Each client is a process with a runtime of one thread, on a core of its own; the server responds from memory \
         over loopback, on the other one. With `one-core` both share a core, and with `two-threads` the client has \
         two threads on both cores. The clients run in turn, round after round; a ratio is taken inside a round, \
         and the table has the median of all rounds and the range. CPU time is user and kernel, of the client only. \
         Every client adds up what it read, and the sums have to be the same. The client has its default settings, but \
         for a rate limit that is never reached. The programs are in `bench/`.",
        machine(),
    );
    let goals =
        format!("{}\nA goal is missed by more than the noise when three of four rounds miss it.", self::goals(goals));
    performance::update(Some(&preamble), &[("Goals", &goals), ("Measurements", &measurements(results))])
}

/// Formats the goals as a table.
pub(super) fn goals(goals: &[Goal]) -> String {
    let mut table = "| goal | at most | measured | range | |\n|---|---|---|---|---|\n".to_owned();
    for goal in goals {
        let range = if goal.values.len() > 1 { range(&goal.values, 2) } else { String::new() };
        table +=
            &format!("| {} | {:.2} | {:.2} | {range} | {} |\n", goal.what, goal.most, goal.median(), goal.verdict());
    }
    table
}

/// Formats all measurements as tables.
pub(super) fn measurements(results: &Results) -> String {
    let mut text = "| workload | count | client | CPU ms | range | wall ms | peak MB | CPU, bare hyper = 1 |\n\
                    |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for key in &results.order {
        let (workload, client, count) = key;
        let Some(rounds) = results.rounds.get(key) else { continue };
        let column = |figure: fn(&Figures) -> f64| rounds.iter().map(figure).collect::<Vec<f64>>();
        let cpu = column(|figures| figures.cpu_ms);
        text += &format!(
            "| {workload} | {count} | {client} | {:.1} | {} | {:.0} | {:.1} | {} |\n",
            median(&cpu),
            range(&cpu, 1),
            median(&column(|figures| figures.wall_ms)),
            median(&column(|figures| figures.peak_kb / 1024.0)),
            against_hyper(results, workload, rounds),
        );
    }
    let counts = &results.counts;
    text += "\n| counted | |\n|---|---|\n";
    for (client, allocations) in &counts.allocations {
        text += &format!("| allocations of a small call: {client} | {allocations:.1} |\n");
    }
    text += &format!("| bytes of an item in memory | {:.0} |\n", counts.item_bytes);
    text += &format!("| bytes of its JSON | {:.0} |\n", counts.item_text_bytes);
    text
}

/// Returns the CPU time per operation relative to bare hyper, which keeps free-form fields and frames as text.
fn against_hyper(results: &Results, workload: &str, rounds: &[Figures]) -> String {
    let base = match workload {
        "pages-value" => "pages-raw",
        "sequence-typed" => "sequence-raw",
        other => other,
    };
    let cpu_for_one = |figures: &Figures| figures.cpu_ms / figures.operations;
    let Ok(base) = results.of("hyper", base, cpu_for_one) else { return String::new() };
    let ratios: Vec<f64> = rounds.iter().map(cpu_for_one).zip(base).map(|(value, base)| value / base).collect();
    format!("{:.2}", median(&ratios))
}

fn range(values: &[f64], decimals: usize) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    format!("{least:.decimals$}–{most:.decimals$}")
}

/// Describes machine, compiler and date.
fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).and_then(|rest| rest.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model);
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let said = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().map(|output| output.stdout);
        output.map(|text| String::from_utf8_lossy(&text).trim().to_owned()).unwrap_or_default()
    };
    let (day, system, rust) = (said("date", &["-u", "+%F"]), said("uname", &["-sr"]), said("rustc", &["--version"]));
    format!("Measured on {day}: {model}, {cores} cores, {system}, {rust}")
}
