//! CPU time, wall time and peak memory of this process.

use std::time::{Duration, Instant};
use std::{fs, io};

use crate::checksum::Checksum;

/// Measures from its start to its stop.
#[derive(Debug)]
pub struct Stopwatch {
    cpu_ns: u64,
    wall: Instant,
}

impl Stopwatch {
    /// Starts to measure.
    ///
    /// # Errors
    /// When the system does not tell: it has to be a Linux.
    pub fn start() -> io::Result<Self> {
        Ok(Self { cpu_ns: cpu_ns()?, wall: Instant::now() })
    }

    /// One line of JSON: what `operations` operations took, and what they read.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn stop(self, operations: u64, checksum: Checksum) -> io::Result<String> {
        let wall_ns = self.wall.elapsed().as_nanos();
        let cpu_ns = cpu_ns()? - self.cpu_ns;
        let (peak_kb, checksum) = (peak_kb()?, checksum.value());
        Ok(format!(
            r#"{{"operations":{operations},"cpu_ns":{cpu_ns},"wall_ns":{wall_ns},"peak_kb":{peak_kb},"checksum":{checksum}}}"#
        ))
    }
}

/// The CPU time of all threads, in user mode and in the kernel.
fn cpu_ns() -> io::Result<u64> {
    // The count of a running thread is brought up to date when it gives its core away.
    std::thread::sleep(Duration::from_millis(1));
    let mut sum = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let text = fs::read_to_string(task?.path().join("schedstat"))?;
        let on_cpu = text.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        sum += on_cpu.ok_or_else(|| io::Error::other("schedstat does not start with a number"))?;
    }
    Ok(sum)
}

/// The most memory that was resident at any time, in kB.
fn peak_kb() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::Error::other("no VmHWM in /proc/self/status"))
}
