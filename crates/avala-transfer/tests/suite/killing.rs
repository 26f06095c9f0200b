//! Child processes that are killed at random moments.

use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

/// Maximum number of runs per kill, on average, before a test counts as stuck.
const RUNS_PER_KILL: u64 = 40;
/// Time in which a child has to end without a signal.
const HANG: Duration = Duration::from_secs(560);

/// Reads a number from the environment, or returns `default`.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Starts children and kills them at random moments, until all kills are done.
pub(crate) struct Killer {
    random: fastrand::Rng,
    /// Number of remaining kills.
    pub(crate) left: u64,
    /// Number of finished kills.
    pub(crate) done: u64,
    runs_left: u64,
    /// Duration of a child that is not killed, measured because it depends on the machine.
    life: Duration,
}

impl Killer {
    /// Creates a value; `AVALA_TRANSFER_KILLS` sets the number of kills in long runs.
    pub(crate) fn new(seed: u64) -> Self {
        let left = number("AVALA_TRANSFER_KILLS", 10);
        let runs_left = (left + 1) * RUNS_PER_KILL;
        Self { random: fastrand::Rng::with_seed(seed), left, done: 0, runs_left, life: Duration::from_millis(900) }
    }

    /// Starts a child. Returns whether it succeeded and what it printed, or `None` if it was killed.
    pub(crate) async fn run(&mut self, command: &mut Command) -> Option<(bool, String)> {
        self.runs_left = self.runs_left.checked_sub(1).expect("the children end before they can be killed");
        let started = Instant::now();
        let mut child = command.spawn().unwrap();
        if self.left > 0 {
            let longest = u64::try_from(self.life.as_millis()).unwrap().max(20);
            let time = Duration::from_millis(self.random.u64(5..=longest));
            if tokio::time::timeout(time, child.wait()).await.is_err() {
                child.kill().await.unwrap();
                self.left -= 1;
                self.done += 1;
                return None;
            }
        }
        let ended = output(child).await;
        self.life = started.elapsed();
        Some(ended)
    }
}

/// Waits for a child; returns whether it succeeded, and what it printed.
pub(crate) async fn output(child: Child) -> (bool, String) {
    let output = tokio::time::timeout(HANG, child.wait_with_output()).await.unwrap().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

/// Returns a command that runs one test of this program as a child process.
pub(crate) fn this_program(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads", "1"]).env_remove("RUST_BACKTRACE");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Returns the largest resident memory of this process so far, in KiB.
pub(crate) fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// Returns the peak memory that a complete child printed, in KiB.
pub(crate) fn printed_peak(text: &str) -> u64 {
    let (_, rest) = text.split_once("complete ").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}
