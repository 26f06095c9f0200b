//! Compares the command line with the official one: `cargo xtask bench cli`.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::interop::{KEY, find_python, python_with_sdk, target_directory};
use crate::outcome::Outcome;
use crate::process::log;
use crate::{dist, performance};

/// Rounds: in each one, every program runs once.
const ROUNDS: usize = 15;

/// A compared command line: the arguments, and the required speedup.
struct Line {
    shown: &'static str,
    args: &'static [&'static str],
    goal: f64,
}

const LINES: &[Line] = &[
    Line { shown: "avala --version", args: &["--version"], goal: 150.0 },
    Line { shown: "avala datasets list", args: &["datasets", "list"], goal: 60.0 },
];

/// Maximum memory of a list, in KiB.
const MOST_MEMORY: u64 = 12 * 1024;

pub(crate) fn run() -> Outcome {
    let python = find_python().ok_or("this needs Python 3.9 or newer, as `python3` or `python`")?;
    let target = target_directory()?;
    let folder = target.join("interop");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let python = python_with_sdk(python, &folder.join("venv"))?;
    let (ours, official) = (dist::program()?, python.with_file_name("avala"));
    let sandbox = Sandbox::start(&ours)?;
    let url = sandbox.url.clone();
    let mut table =
        "| goal | at least | measured | range | official, ms | ours, ms | |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    let mut missed = Vec::new();
    for line in LINES {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            rounds.push((time(&official, line.args, &url)?, time(&ours, line.args, &url)?));
        }
        let ratios = sorted(rounds.iter().map(|(official, ours)| official / ours));
        let middle = |times: Vec<f64>| times[times.len() / 2];
        let (ratio, least, most) = (middle(ratios.clone()), ratios[0], ratios[ratios.len() - 1]);
        let met = if ratio >= line.goal { "met" } else { "**missed**" };
        table += &format!(
            "| `{}`: times faster | {:.0} | {ratio:.0} | {least:.0}–{most:.0} | {:.0} | {:.2} | {met} |\n",
            line.shown,
            line.goal,
            middle(sorted(rounds.iter().map(|(official, _)| *official))),
            middle(sorted(rounds.iter().map(|(_, ours)| *ours))),
        );
        if ratio < line.goal {
            missed.push(format!("{} is {ratio:.0} times faster and has to be {:.0}", line.shown, line.goal));
        }
    }
    let memory = memory(&ours, &url)?;
    let met = if memory <= MOST_MEMORY { "met" } else { "**missed**" };
    table += &format!(
        "\n| goal | at most | measured | |\n|---|---|---|---|\n| `avala datasets list`: resident memory, in MiB | 12 | {:.1} | {met} |\n",
        memory as f64 / 1024.0
    );
    if memory > MOST_MEMORY {
        missed.push(format!("a list takes {memory} KiB"));
    }
    log(&table);
    let text = format!(
        "Written by `cargo xtask bench cli`: the official command line (Python) and ours against one sandbox, in turn, {ROUNDS} \
         rounds; a ratio is taken inside a round, and the table has the median and the range.\n\n{table}"
    );
    performance::update(None, &[("Command line", &text)])?;
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {}", missed.join("; "))) }
}

/// The sandbox of the program; dropping it ends the process.
struct Sandbox {
    process: Child,
    url: String,
}

impl Sandbox {
    fn start(program: &Path) -> Result<Self, String> {
        let mut command = Command::new(program);
        let process = command.args(["sandbox", "--key", KEY, "-o", "ndjson"]).stdout(Stdio::piped()).spawn();
        let process = process.map_err(|error| format!("{} did not start: {error}", program.display()))?;
        let mut sandbox = Self { process, url: String::new() };
        let mut line = String::new();
        if let Some(stdout) = sandbox.process.stdout.take() {
            // An unreadable line is not JSON either.
            let _ = BufReader::new(stdout).read_line(&mut line);
        }
        let line: Value = serde_json::from_str(&line).unwrap_or_default();
        sandbox.url = line["AVALA_BASE_URL"].as_str().ok_or("the sandbox did not print its address")?.to_owned();
        Ok(sandbox)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Either fails only when the process has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn command(program: &Path, args: &[&str], url: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env("AVALA_BASE_URL", url)
        .env("AVALA_API_KEY", KEY)
        .env("AVALA_ALLOW_INSECURE_BASE_URL", "true");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Returns the time from start to end, in milliseconds.
fn time(program: &Path, args: &[&str], url: &str) -> Result<f64, String> {
    let start = Instant::now();
    let status = command(program, args, url).stderr(Stdio::null()).status();
    let time = start.elapsed().as_secs_f64() * 1000.0;
    match status {
        Ok(status) if status.success() => Ok(time),
        other => Err(format!("{} {}: {other:?}", program.display(), args.join(" "))),
    }
}

/// Returns the peak of resident memory of a list, in KiB, as `wait4` reports it to `time`.
fn memory(program: &Path, url: &str) -> Result<u64, String> {
    // A pipe that is never read would block a long list, so the output goes to a file.
    let file = std::env::temp_dir().join(format!("avala-bench-{}", std::process::id()));
    let output = File::create(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut list = command(program, &["datasets", "list", "--all", "-o", "ndjson"], url);
    let mut child = list.stdout(output).spawn().map_err(|error| error.to_string())?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    // `VmHWM` only grows, so the last value that is read is the peak, or a value shortly before it.
    while child.try_wait().map_err(|error| error.to_string())?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        peak = peak.max(line.unwrap_or(0));
    }
    let _ = std::fs::remove_file(&file);
    if peak == 0 { Err("the memory of the program could not be read from /proc".to_owned()) } else { Ok(peak) }
}
