//! The official Python SDK, in a virtual environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::plan::Step;
use super::programs::{figures, succeeds};
use crate::process::{log, root};

/// The compared version.
pub(crate) const PACKAGE: &str = "avala==0.10.0";

pub(crate) struct Python(PathBuf);

/// Installs the SDK; returns `None` without Python.
pub(crate) fn find() -> Option<Python> {
    let folder = root().join("bench/target/python");
    let python = folder.join("bin/python");
    let ready = succeeds(Command::new(&python).args(["-c", "import avala"]))
        || (succeeds(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            && succeeds(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE])));
    if !ready {
        log(&format!("no Python with {PACKAGE}: its rows are skipped"));
    }
    ready.then_some(Python(python))
}

impl Python {
    /// Returns the program.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn run(&self, step: &Step, port: u16) -> Result<Value, String> {
        let mut command = Command::new(&self.0);
        command.arg(root().join("bench/python/client.py"));
        figures(command.args([&step.workload, &port.to_string(), &step.count.to_string()]))
    }
}
