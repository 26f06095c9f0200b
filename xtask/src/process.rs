//! Running cargo.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;

use crate::outcome::Outcome;

/// Returns the root of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Prints a line to standard error.
pub(crate) fn log(line: &str) {
    // If standard error is closed, there is nowhere to report that.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs cargo in the root of the workspace and shows its output.
pub(crate) fn cargo(arguments: &[&str]) -> Outcome {
    cargo_with(arguments, &[])
}

/// Runs cargo with additional environment variables.
pub(crate) fn cargo_with(arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    match cargo_status(arguments, variables)? {
        status if status.success() => Ok(()),
        status => Err(format!("`cargo {}` failed with {status}", arguments.join(" "))),
    }
}

/// Runs cargo and returns its exit status, for tasks where more than one status means success.
pub(crate) fn cargo_status(arguments: &[&str], variables: &[(&str, &str)]) -> Result<ExitStatus, String> {
    log(&format!("$ cargo {}", arguments.join(" ")));
    let status = command(arguments).envs(variables.iter().copied()).status();
    status.map_err(|error| format!("`cargo {}` did not start: {error}", arguments.join(" ")))
}

/// Runs cargo and returns its standard output.
pub(crate) fn cargo_output(arguments: &[&str]) -> Result<String, String> {
    let output = command(arguments).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`cargo {}` did not start: {error}", arguments.join(" ")))?;
    if !output.status.success() {
        return Err(format!("`cargo {}` failed with {}", arguments.join(" "), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads the metadata of the workspace's own packages.
pub(crate) fn cargo_metadata() -> Result<Value, String> {
    let metadata = cargo_output(&["metadata", "--format-version", "1", "--no-deps"])?;
    serde_json::from_str(&metadata).map_err(|error| format!("cargo metadata: {error}"))
}

/// Returns the folder that cargo builds to.
pub(crate) fn target_directory() -> Result<PathBuf, String> {
    let metadata = cargo_metadata()?;
    let directory = metadata["target_directory"].as_str();
    Ok(directory.ok_or("cargo metadata does not name the target directory")?.into())
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}
