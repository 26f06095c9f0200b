//! The official Python SDK, in a virtual environment of its own.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::plan::Step;
use super::programs::{figures, works};
use crate::process::{root, say};

/// The version that is compared with.
const PACKAGE: &str = "avala==0.10.0";

pub(super) struct Python(PathBuf);

/// Installs the SDK where there is a Python; without one, there is nothing to compare with.
pub(super) fn find() -> Option<Python> {
    let folder = root().join("bench/target/python");
    let python = folder.join("bin/python");
    let ready = works(Command::new(&python).args(["-c", "import avala"]))
        || (works(Command::new("python3").args(["-m", "venv"]).arg(&folder))
            && works(Command::new(&python).args(["-m", "pip", "install", "--quiet", PACKAGE])));
    if !ready {
        say(&format!("no Python with {PACKAGE}: its rows are left out"));
    }
    ready.then_some(Python(python))
}

impl Python {
    pub(super) fn run(&self, step: &Step, port: u16) -> Result<Value, String> {
        let mut command = Command::new(&self.0);
        command.arg(root().join("bench/python/client.py"));
        figures(command.args([&step.work, &port.to_string(), &step.count.to_string()]))
    }
}
