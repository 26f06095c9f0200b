//! Runs the compared programs.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::python::{self, Python};
use crate::interop::target_directory;
use crate::process::{cargo, log, root};
use crate::sandbox::Sandbox;

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";
/// A folder in memory.
const MEMORY: &str = "/dev/shm";

/// Time and memory that a program took.
#[derive(Clone, Copy)]
pub(super) struct Figures {
    pub(super) wall_ms: f64,
    pub(super) cpu_ms: f64,
    pub(super) peak_mib: f64,
}

/// All programs, and the folders of their files.
pub(super) struct Parties {
    transfers: PathBuf,
    sandbox: PathBuf,
    /// The official client, if it is installed.
    pub(super) python: Option<Python>,
    /// Whether programs can be pinned to a core.
    is_pinned: bool,
    /// Folder in memory for sent and received files.
    pub(super) files: PathBuf,
    /// Folder on disk for state and logs.
    pub(super) state: PathBuf,
}

impl Parties {
    pub(super) fn prepare() -> Result<Self, String> {
        cargo(&["build", "--release", "--manifest-path", "bench/Cargo.toml", "-p", "transfers"])?;
        cargo(&["build", "--release", "-p", "avala-sandbox", "--features", "tls", "--bin", "avala-sandbox"])?;
        let state = root().join("bench/target/transfers");
        let memory = Path::new(MEMORY);
        let files = if memory.is_dir() { memory.join("avala-bench-transfers") } else { state.join("files") };
        for folder in [&state, &files] {
            // Left by an interrupted run.
            let _ = fs::remove_dir_all(folder);
            fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
        let pins = |core| is_success(Command::new("taskset").args(["-c", core, "true"]));
        let this = Self {
            transfers: root().join("bench/target/release/transfers"),
            sandbox: target_directory()?.join("release/avala-sandbox"),
            python: python::find(),
            is_pinned: pins(SERVER_CORE) && pins(CLIENT_CORE),
            files,
            state,
        };
        for program in ["curl", "aria2c"] {
            if !has(program) {
                log(&format!("no {program}: its rows are skipped (Debian: apt-get install {})", package_of(program)));
            }
        }
        Ok(this)
    }

    fn on_core(&self, core: &str, program: &Path) -> Command {
        if !self.is_pinned {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(program);
        command
    }

    /// Starts a sandbox without limits.
    pub(super) fn sandbox(&self, log: &str, options: &[&str]) -> Result<Sandbox, String> {
        let options =
            [&["--key", "avk_bench", "--no-limits", "--storage-bodies", "count", "--recordings", "100"], options]
                .concat();
        Sandbox::start(self.on_core(SERVER_CORE, &self.sandbox), &self.state.join(log), &options)
    }

    /// Starts a relay to a port that limits each connection.
    pub(super) fn relay(&self, port: &str, bytes_per_second: u64) -> Result<Relay, String> {
        let mut command = self.on_core(SERVER_CORE, &self.transfers);
        command.args(["limit", port, &bytes_per_second.to_string()]);
        Relay::start(command)
    }

    /// Runs the SDK, and returns its output.
    pub(super) fn transfers(&self, arguments: &[&str]) -> Result<String, String> {
        output(Command::new(&self.transfers).args(arguments))
    }

    /// Measures the SDK.
    pub(super) fn measure_transfers(&self, arguments: &[&str]) -> Result<Figures, String> {
        self.measure(&self.transfers, arguments)
    }

    /// Measures a program.
    pub(super) fn measure(&self, program: &Path, arguments: &[&str]) -> Result<Figures, String> {
        let mut command = self.on_core(CLIENT_CORE, &self.transfers);
        figures(command.arg("measure").arg(program).args(arguments))
    }

    /// Uploads a folder with the official client, which measures itself, so that its start is not included.
    pub(super) fn official_upload(&self, url: &str, folder: &Path, name: &str) -> Result<Option<Figures>, String> {
        let Some(python) = &self.python else { return Ok(None) };
        let mut command = self.on_core(CLIENT_CORE, python.path());
        command.arg("-B").arg(root().join("bench/python/uploads.py")).arg(url).arg(folder).arg(name);
        figures(&mut command).map(Some)
    }

    /// Writes a file of this size with different blocks, which cannot be deduplicated.
    pub(super) fn file(&self, name: &str, size: u64) -> Result<PathBuf, String> {
        let path = self.files.join(name);
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&path)?;
            let mut block: Vec<u8> =
                (0_u32..1 << 20).map(|index| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
            let mut left = usize::try_from(size).unwrap_or(usize::MAX);
            while left > 0 {
                let length = left.min(block.len());
                file.write_all(block.get(..length).unwrap_or_default())?;
                left -= length;
                block.rotate_left(4_097);
            }
            Ok(())
        };
        write().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Writes a folder of small files.
    pub(super) fn folder(&self, name: &str, files: u64, size: usize) -> Result<PathBuf, String> {
        let path = self.files.join(name);
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(&path)?;
            (0..files).try_for_each(|file| fs::write(path.join(format!("{file:06}.mcap")), vec![file as u8; size]))
        };
        write().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(path)
    }

    /// Returns the names and versions of the other programs.
    pub(super) fn versions(&self) -> String {
        let version = |program: &str| {
            let text = output(Command::new(program).arg("--version")).unwrap_or_default();
            let words: Vec<&str> = text.lines().next().unwrap_or_default().split_whitespace().collect();
            match words[..] {
                [name, "version", version, ..] | [name, version, ..] => format!("{name} {version}"),
                _ => format!("no {program}"),
            }
        };
        let python = self.python.as_ref().map_or("no official client", |_| python::PACKAGE);
        format!("{}, {} and {python}", version("curl"), version("aria2c"))
    }
}

impl Drop for Parties {
    fn drop(&mut self) {
        // Frees some GiB of memory. After an error, the next run removes the files.
        let _ = fs::remove_dir_all(&self.files);
    }
}

/// A running relay; dropping it ends the process.
pub(super) struct Relay {
    process: std::process::Child,
    pub(super) url: String,
}

impl Relay {
    fn start(mut command: Command) -> Result<Self, String> {
        use std::io::{BufRead as _, BufReader};

        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut process = started.map_err(|error| format!("the relay did not start: {error}"))?;
        let mut line = String::new();
        let read = process.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
        let relay = Self { process, url: format!("http://127.0.0.1:{}", line.trim()) };
        match read {
            Some(Ok(count)) if count > 1 => Ok(relay),
            _ => Err("the relay did not print its port".to_owned()),
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Fails only if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn package_of(program: &str) -> &str {
    if program == "aria2c" { "aria2" } else { program }
}

/// Returns whether a program is installed.
pub(super) fn has(program: &str) -> bool {
    is_success(Command::new(program).arg("--version"))
}

fn is_success(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn output(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn figures(command: &mut Command) -> Result<Figures, String> {
    let text = output(command)?;
    let value: Value = serde_json::from_str(&text).map_err(|error| format!("{command:?}: {error}: {text}"))?;
    let number =
        |name: &str| value.get(name).and_then(Value::as_f64).ok_or_else(|| format!("{command:?}: no {name} in {text}"));
    Ok(Figures { wall_ms: number("wall_ms")?, cpu_ms: number("cpu_ms")?, peak_mib: number("peak_kb")? / 1024.0 })
}
