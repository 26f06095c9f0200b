//! Counts what is reproducible: allocations, and instructions if valgrind is installed.

use std::process::{Command, Stdio};

use serde_json::Value;

use super::programs::{Programs, figures, succeeds};

#[derive(Default)]
pub(super) struct Counts {
    /// Allocations of a small call, by client.
    pub(super) allocations: Vec<(&'static str, f64)>,
    pub(super) item_bytes: f64,
    pub(super) item_text_bytes: f64,
    /// Peak heap size while streaming items, in bytes.
    pub(super) streamed_bytes: f64,
    /// Instructions of one run of a path; empty without valgrind.
    pub(super) instructions: Vec<(&'static str, u64)>,
}

/// Numbers of runs per path: the difference removes the cost of start and end.
const PATHS: &[(&str, &str, u64, u64)] = &[
    ("a small call through every layer, in process", "small-call", 100, 1_100),
    ("a page of 100 items decoded", "page", 5, 25),
    ("100 frames of a sequence typed", "frames", 5, 25),
];

pub(super) fn count(programs: &Programs, port: u16) -> Result<Counts, String> {
    let mut counts = Counts::default();
    let ask = |arguments: &[&str]| figures(programs.client("allocations").args(arguments));
    for client in ["hyper", "hyper-util", "reqwest", "avala"] {
        counts.allocations.push((client, number(&ask(&["call", client, &port.to_string()])?, "allocations_per_call")?));
    }
    let kept = ask(&["kept"])?;
    counts.item_bytes = number(&kept, "item_bytes")?;
    counts.item_text_bytes = number(&kept, "text_bytes")?;
    counts.streamed_bytes = number(&ask(&["streamed", &port.to_string()])?, "most_bytes")?;
    if succeeds(Command::new("valgrind").arg("--version")) {
        for (name, path, few, many) in PATHS {
            let run = |times: &u64| instructions(programs, path, *times);
            counts.instructions.push((name, (run(many)? - run(few)?) / (many - few)));
        }
    }
    Ok(counts)
}

fn number(figures: &Value, name: &str) -> Result<f64, String> {
    figures.get(name).and_then(Value::as_f64).ok_or_else(|| format!("no {name} in {figures}"))
}

/// Instructions of one process, start and end included.
fn instructions(programs: &Programs, path: &str, times: u64) -> Result<u64, String> {
    let mut command = programs.on_client_core("valgrind".into());
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(programs.path("instructions")).args([path, &times.to_string()]);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collect :")).map(|(_, number)| number.trim());
    collected.and_then(|number| number.parse().ok()).ok_or_else(|| format!("{command:?} counted nothing: {text}"))
}
