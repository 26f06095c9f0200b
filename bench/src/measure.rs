//! CPU time, wall time and peak memory of this process.

use std::time::{Duration, Instant};
use std::{fs, io};

use crate::checksum::Checksum;

/// Measures CPU time, wall time and memory between start and stop.
#[derive(Debug)]
pub struct Stopwatch {
    cpu_ns: u64,
    wall: Instant,
}

impl Stopwatch {
    /// Starts a measurement.
    ///
    /// # Errors
    /// Fails if `/proc` cannot be read; only Linux is supported.
    pub fn start() -> io::Result<Self> {
        Ok(Self { cpu_ns: cpu_ns()?, wall: Instant::now() })
    }

    /// Returns one line of JSON with the figures of `operations` operations and their checksum.
    ///
    /// # Errors
    /// Fails if `/proc` cannot be read.
    pub fn stop(self, operations: u64, checksum: Checksum) -> io::Result<String> {
        let wall_ns = self.wall.elapsed().as_nanos();
        let cpu_ns = cpu_ns()? - self.cpu_ns;
        let (peak_kb, checksum) = (peak_kb()?, checksum.value());
        Ok(format!(
            r#"{{"operations":{operations},"cpu_ns":{cpu_ns},"wall_ns":{wall_ns},"peak_kb":{peak_kb},"checksum":{checksum}}}"#
        ))
    }
}

/// Returns the CPU time of all threads, user and kernel.
fn cpu_ns() -> io::Result<u64> {
    // The kernel updates the CPU time of a thread when it yields.
    std::thread::sleep(Duration::from_millis(1));
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let on_cpu = text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        sum += on_cpu.ok_or_else(|| io::Error::other("schedstat does not start with a number"))?;
    }
    Ok(sum)
}

/// Returns the peak resident memory, in kB.
fn peak_kb() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::Error::other("no VmHWM in /proc/self/status"))
}
