//! Measures build time, crate count and program size: `cargo xtask buildcost`.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::performance;
use crate::process::{cargo, cargo_output, cargo_with, log, root};

/// The workspace of the example user programs.
const PROGRAMS: &str = "bench/Cargo.toml";

pub(crate) fn measure() -> Outcome {
    let rows = [
        ("a program with 20 different calls: its own crate, in seconds", 3.0, own_crate()?.as_secs_f64()),
        ("`cargo build -p avala-types` from cold, in seconds", 8.0, types_from_cold()?.as_secs_f64()),
        ("crates of the client with its default features", 80.0, crates()? as f64),
        ("a program of one call, stripped, in MB", 3.5, size("stripped")? as f64 / 1e6),
    ];
    let mut table = "| goal | at most | measured | |\n|---|---|---|---|\n".to_owned();
    let mut missed = Vec::new();
    for (what, most, measured) in rows {
        let met = measured <= most;
        table += &format!("| {what} | {most} | {measured:.2} | {} |\n", if met { "met" } else { "**missed**" });
        if !met {
            missed.push(what);
        }
    }
    let smaller = size("small")? as f64 / 1e6;
    table += &format!(
        "\nThe program of one call with `lto = \"fat\"` and `codegen-units = 1`, stripped: {smaller:.2} MB.\n"
    );
    log(&table);
    performance::update(None, &[("Build cost", &table)])?;
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join("; "))) }
}

/// Returns the median of three builds of the user's own crate, with its dependencies built before.
fn own_crate() -> Result<Duration, String> {
    let build = ["build", "--release", "--manifest-path", PROGRAMS, "-p", "twenty-calls"];
    cargo(&build)?;
    let source = root().join("bench/programs/twenty-calls/src/main.rs");
    let mut times = Vec::new();
    for _ in 0..3 {
        let file = fs::File::options().append(true).open(&source);
        let touched = file.and_then(|file| file.set_modified(std::time::SystemTime::now()));
        touched.map_err(|error| format!("{}: {error}", source.display()))?;
        let start = Instant::now();
        cargo(&build)?;
        times.push(start.elapsed());
    }
    times.sort();
    times.get(1).copied().ok_or_else(|| "nothing was timed".to_owned())
}

fn types_from_cold() -> Result<Duration, String> {
    let target = root().join("bench/target/cold");
    // The folder does not exist on the first run.
    let _ = fs::remove_dir_all(&target);
    let folder = target.to_string_lossy();
    // Downloads are not measured.
    cargo(&["fetch", "--locked"])?;
    let start = Instant::now();
    cargo_with(&["build", "-p", "avala-types"], &[("CARGO_TARGET_DIR", &*folder)])?;
    Ok(start.elapsed())
}

fn crates() -> Result<usize, String> {
    let tree = cargo_output(&["tree", "-p", "avala-client", "-e", "normal", "--prefix", "none", "--format", "{p}"])?;
    let names: BTreeSet<&str> =
        tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty()).collect();
    Ok(names.len())
}

fn size(profile: &str) -> Result<u64, String> {
    cargo(&["build", "--profile", profile, "--manifest-path", PROGRAMS, "-p", "one-get"])?;
    let program = root().join("bench/target").join(profile).join("one-get");
    fs::metadata(&program).map(|file| file.len()).map_err(|error| format!("{}: {error}", program.display()))
}
