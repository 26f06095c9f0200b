//! Runs the programs: in an emulator, or on this machine to measure the start time.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use crate::process::log;

/// How often a start is timed.
const STARTS: usize = 31;

/// Runs a program in an emulator, alone and against a sandbox; returns `false` if there is no emulator.
pub(super) fn emulated(emulator: &str, program: &Path, host: &Path) -> Result<bool, String> {
    if Command::new(emulator).arg("--version").output().is_err() {
        log(&format!("skipped: the program under {emulator}: apt-get install qemu-user-static"));
        return Ok(false);
    }
    let version = run(Command::new(emulator).arg(program).arg("--version"))?;
    expect(&version, 0, "avala ")?;
    let help = run(Command::new(emulator).arg(program).args(["datasets", "create", "--help"]))?;
    expect(&help, 0, "--data-type")?;
    let list = ["datasets", "list", "--limit", "1", "-o", "json"];
    // The sandbox runs without the emulator, so that only the tested program is emulated.
    let listed = run(Command::new(host).args(["sandbox", "--"]).arg(emulator).arg(program).args(list))?;
    expect(&listed, 0, "\"slug\"")?;
    Ok(true)
}

/// Returns the median start time in milliseconds of command lines that need no network.
pub(super) fn start_times(program: &Path) -> Result<Vec<(&'static str, f64)>, String> {
    let lines: [(&str, &[&str]); 3] = [
        ("avala --version", &["--version"]),
        ("avala datasets list --help", &["datasets", "list", "--help"]),
        ("avala agents create --name x --dry-run", &["agents", "create", "--name", "x", "--dry-run"]),
    ];
    let mut times = Vec::new();
    for (line, args) in lines {
        let mut measured = Vec::new();
        for _ in 0..STARTS {
            let start = Instant::now();
            expect(&run(Command::new(program).args(args).env_clear())?, 0, "")?;
            measured.push(start.elapsed().as_secs_f64() * 1000.0);
        }
        measured.sort_by(f64::total_cmp);
        times.push((line, measured[STARTS / 2]));
    }
    Ok(times)
}

pub(super) fn run(command: &mut Command) -> Result<Output, String> {
    command.output().map_err(|error| format!("{command:?} did not start: {error}"))
}

/// Fails unless a program ended with this code and printed this text to stdout or stderr.
pub(super) fn expect(output: &Output, code: i32, text: &str) -> Result<(), String> {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(code) && (stdout.contains(text) || stderr.contains(text)) {
        return Ok(());
    }
    Err(format!("expected exit code {code} and {text:?}: {}\n{stdout}{stderr}", output.status))
}
