//! Running cargo.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use crate::Outcome;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root
}

/// Tells the one who called.
pub(crate) fn say(line: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs cargo in the root of the workspace, and shows its output.
pub(crate) fn cargo(arguments: &[&str]) -> Outcome {
    cargo_with(arguments, &[])
}

/// [`cargo`] with variables in its environment.
pub(crate) fn cargo_with(arguments: &[&str], variables: &[(&str, &str)]) -> Outcome {
    match cargo_status(arguments, variables)? {
        status if status.success() => Ok(()),
        status => Err(format!("`cargo {}` failed with {status}", arguments.join(" "))),
    }
}

/// [`cargo_with`] where more than one end is a good one.
pub(crate) fn cargo_status(arguments: &[&str], variables: &[(&str, &str)]) -> Result<ExitStatus, String> {
    say(&format!("$ cargo {}", arguments.join(" ")));
    let status = command(arguments).envs(variables.iter().copied()).status();
    status.map_err(|error| format!("`cargo {}` did not start: {error}", arguments.join(" ")))
}

/// What cargo prints on its standard output.
pub(crate) fn cargo_output(arguments: &[&str]) -> Result<String, String> {
    let output = command(arguments).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("`cargo {}` did not start: {error}", arguments.join(" ")))?;
    if !output.status.success() {
        return Err(format!("`cargo {}` failed with {}", arguments.join(" "), output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}
