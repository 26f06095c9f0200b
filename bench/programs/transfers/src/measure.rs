//! Wall time, CPU time and peak memory of another program.

use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Length of a tick of `/proc/<pid>/stat`, which Linux fixes for programs.
const TICK_MS: u64 = 10;
/// How often the memory is read. The kernel keeps the peak, so only the last moments can be missed.
const LOOK: Duration = Duration::from_millis(10);

/// Runs a program without its output and returns a line of JSON.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let start = Instant::now();
    let mut child = Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kb = 0;
    let ended = loop {
        peak_kb = peak_kb.max(peak_of(&status));
        match child.try_wait()? {
            Some(ended) => break ended,
            None => std::thread::sleep(LOOK),
        }
    };
    let wall_ms = start.elapsed().as_secs_f64() * 1000.0;
    if !ended.success() {
        return Err(format!("{program} {arguments:?}: {ended}").into());
    }
    let cpu_ms = children_ticks()? * TICK_MS;
    Ok(format!(r#"{{"wall_ms":{wall_ms:.1},"cpu_ms":{cpu_ms},"peak_kb":{peak_kb}}}"#))
}

fn peak_of(status: &str) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// Returns the CPU time, user and kernel, of the children that ended.
fn children_ticks() -> Result<u64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/stat")?;
    // The name of the program may have spaces; the fields after it do not.
    let (_, fields) = text.rsplit_once(')').ok_or("an unreadable /proc/self/stat")?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<u64>().ok());
    Ok(ticks(13).zip(ticks(14)).map(|(user, kernel)| user + kernel).ok_or("an unreadable /proc/self/stat")?)
}
