//! The holder of a lock: a process of a machine.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// Holder of a lock, as written into the lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) pid: u32,
    /// Start of the process in clock ticks since boot, which detects a reused process ID. `None` if unknown.
    pub(crate) process_start: Option<u64>,
    pub(crate) host: String,
    /// Identity of the running kernel: the same in all containers of a machine, and new after a reboot.
    pub(crate) boot_id: Option<String>,
    pub(crate) run: String,
    /// Unix time in seconds.
    pub(crate) since: u64,
}

/// State of the holder that a lock file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// The process has ended, its ID belongs to another process, or the machine was rebooted.
    Dead,
    /// The process runs on this machine.
    Alive,
    /// The process ran on another machine, so its state is unknown.
    Foreign,
}

impl Holder {
    /// Returns this process as a holder.
    pub(crate) fn own(run: &str) -> Self {
        let pid = std::process::id();
        Self {
            pid,
            process_start: process_start(Path::new("/proc"), pid),
            host: first_line("/proc/sys/kernel/hostname").unwrap_or_else(|| "this machine".to_owned()),
            boot_id: first_line("/proc/sys/kernel/random/boot_id"),
            run: run.to_owned(),
            since: unix_seconds(SystemTime::now()),
        }
    }

    /// Returns the state of a holder, as far as this process can determine it.
    pub(crate) fn judge(&self, other: &Self, process_start: impl Fn(u32) -> Option<u64>) -> Liveness {
        let same_kernel = self.boot_id.is_some() && self.boot_id == other.boot_id;
        if !same_kernel && self.host != other.host {
            return Liveness::Foreign;
        }
        if self.boot_id != other.boot_id {
            return Liveness::Dead;
        }
        if self.host != other.host {
            // Another container of this machine: its process IDs are not comparable, but the kernel's lock is reliable.
            return Liveness::Dead;
        }
        match process_start(other.pid) {
            Some(start) if other.process_start.is_none_or(|other| other == start) => Liveness::Alive,
            _ => Liveness::Dead,
        }
    }

    /// Describes the holder in a message.
    pub(crate) fn describe(&self) -> String {
        let age = unix_seconds(SystemTime::now()).saturating_sub(self.since);
        format!("process {} on host {} (run {}), {} ago", self.pid, self.host, self.run, describe_age(age))
    }
}

/// Reads the start of a running process, in clock ticks since boot.
///
/// An ended process stays in the table until its parent reads its exit code, which may never happen in a container.
pub(crate) fn process_start(proc: &Path, pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(proc.join(pid.to_string()).join("stat")).ok()?;
    // The name of the program is in parentheses and may contain anything; field 22 is the 20th after it.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let has_ended = matches!(fields.next()?, "Z" | "X" | "x");
    fields.nth(18).filter(|_| !has_ended)?.parse().ok()
}

fn first_line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().next().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty())
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

fn describe_age(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(host: &str, boot: &str, pid: u32, start: u64) -> Holder {
        Holder {
            pid,
            process_start: Some(start),
            host: host.to_owned(),
            boot_id: Some(boot.to_owned()),
            run: "r".to_owned(),
            since: 0,
        }
    }

    #[test]
    fn holder_is_judged_by_host_boot_process_and_start() {
        let own = holder("a", "boot1", 1, 100);
        let starts = |pid| (pid == 7).then_some(500);
        let table = [
            (holder("a", "boot1", 7, 500), Liveness::Alive),
            (holder("a", "boot1", 7, 499), Liveness::Dead),
            (holder("a", "boot1", 8, 500), Liveness::Dead),
            (holder("a", "boot0", 7, 500), Liveness::Dead),
            (holder("b", "boot1", 7, 500), Liveness::Dead),
            (holder("b", "boot0", 7, 500), Liveness::Foreign),
        ];
        for (other, expected) in table {
            assert_eq!(own.judge(&other, starts), expected, "{other:?}");
        }
    }

    #[test]
    fn process_that_ended_and_was_not_waited_for_is_dead() {
        let proc = tempfile::tempdir().unwrap();
        fs::create_dir(proc.path().join("7")).unwrap();
        for (state, expected) in [("S", Some(500)), ("R", Some(500)), ("T", Some(500)), ("Z", None), ("X", None)] {
            let fields: Vec<String> = (4..22).map(|field| field.to_string()).collect();
            let stat = format!("7 (a ) b) {state} {} 500 23 24\n", fields.join(" "));
            fs::write(proc.path().join("7/stat"), stat).unwrap();
            assert_eq!(process_start(proc.path(), 7), expected, "{state}");
        }
        #[cfg(target_os = "linux")]
        {
            let mut child = std::process::Command::new("true").spawn().unwrap();
            let ended = || process_start(Path::new("/proc"), child.id()).is_none();
            let is_dead = (0..3000).any(|_| {
                std::thread::sleep(Duration::from_millis(10));
                ended()
            });
            assert!(is_dead);
            child.wait().unwrap();
        }
    }

    #[test]
    fn own_start_is_read_from_proc() {
        if cfg!(target_os = "linux") {
            assert!(Holder::own("r").process_start.is_some());
        }
    }
}
