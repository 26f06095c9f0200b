//! The programs of `bench/`: built, started, and kept on cores of their own.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::plan::Step;
use crate::process::{cargo, root};

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";

/// Where the programs are.
pub(super) struct Programs {
    folder: PathBuf,
    /// Whether a program can be kept on one core.
    pinned: bool,
}

impl Programs {
    pub(super) fn build() -> Result<Self, String> {
        cargo(&["build", "--release", "--manifest-path", "bench/Cargo.toml", "-p", "avala-bench", "--bins"])?;
        let pinned = ["0", "1"].iter().all(|core| works(Command::new("taskset").args(["-c", core, "true"])));
        Ok(Self { folder: root().join("bench/target/release"), pinned })
    }

    /// A program on the core of the clients.
    pub(super) fn client(&self, name: &str) -> Command {
        self.on(CLIENT_CORE, self.path(name))
    }

    /// Where a program is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Any program on the core of the clients.
    pub(super) fn on_client_core(&self, program: PathBuf) -> Command {
        self.on(CLIENT_CORE, program)
    }

    fn on(&self, core: &str, program: PathBuf) -> Command {
        if !self.pinned {
            return Command::new(program);
        }
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(program);
        command
    }

    /// Does a step, and gives its figures.
    pub(super) fn run(&self, step: &Step, port: u16) -> Result<Value, String> {
        let mut client = self.client("client");
        client.args([step.side, &step.work, &port.to_string(), &step.count.to_string()]);
        figures(&mut client)
    }
}

/// Runs a program that prints one line of JSON.
pub(super) fn figures(command: &mut Command) -> Result<Value, String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{command:?}: no figures: {error}"))
}

pub(super) fn works(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The server, until it is dropped.
pub(super) struct Server {
    process: Child,
    pub(super) port: u16,
}

impl Server {
    pub(super) fn start(programs: &Programs) -> Result<Self, String> {
        let mut command = programs.on(SERVER_CORE, programs.path("server"));
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut process = started.map_err(|error| format!("the server did not start: {error}"))?;
        let mut line = String::new();
        let read = process.stdout.take().map(|output| BufReader::new(output).read_line(&mut line));
        let mut server = Self { process, port: 0 };
        match (read, line.trim().parse()) {
            (Some(Ok(_)), Ok(port)) => server.port = port,
            // The server is dropped, so that it does not stay behind.
            _ => return Err(format!("the server said {line:?} in place of its port")),
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself cannot be ended, and need not be.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
