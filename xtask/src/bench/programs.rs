//! Builds and starts the programs of `bench/`, each pinned to a core.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::plan::Step;
use crate::process::{cargo, root};

const SERVER_CORE: &str = "0";
const CLIENT_CORE: &str = "1";
const BOTH_CORES: &str = "0,1";

/// The folder of the built programs.
pub(super) struct Programs {
    folder: PathBuf,
    /// Whether programs can be pinned to a core.
    pinned: bool,
}

impl Programs {
    pub(super) fn build() -> Result<Self, String> {
        cargo(&["build", "--release", "--manifest-path", "bench/Cargo.toml", "-p", "avala-bench", "--bins"])?;
        let pinned = ["0", "1"].iter().all(|core| succeeds(Command::new("taskset").args(["-c", core, "true"])));
        Ok(Self { folder: root().join("bench/target/release"), pinned })
    }

    /// Returns the command of a program, pinned to the client core.
    pub(super) fn client(&self, name: &str) -> Command {
        self.on(CLIENT_CORE, self.path(name))
    }

    /// Returns the path of a program.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the command of any program, pinned to the client core.
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

    /// Runs a step and returns its figures.
    pub(super) fn run(&self, step: &Step, port: u16) -> Result<Value, String> {
        let cores = match step.workload.as_str() {
            "small-one-core" => SERVER_CORE,
            "small-two-threads" => BOTH_CORES,
            _ => CLIENT_CORE,
        };
        let mut client = self.on(cores, self.path("client"));
        client.args([step.client, &step.workload, &port.to_string(), &step.count.to_string()]);
        figures(&mut client)
    }
}

/// Runs a program and parses the line of JSON that it prints.
pub(super) fn figures(command: &mut Command) -> Result<Value, String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("{command:?}: no figures: {error}"))
}

pub(super) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The running server; dropping it stops the server.
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
            // Dropping `server` stops the process.
            _ => return Err(format!("the server printed {line:?} instead of its port")),
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only if the process has already ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
