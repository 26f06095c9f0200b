//! Compiles the programs in `tests/mistakes`, each with a common mistake, and compares the messages of the compiler.

mod normalize;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{self, root};

const FOLDER: &str = "tests/mistakes";

/// Compares the messages with their snapshots, and fails if one differs.
pub(crate) fn check() -> Outcome {
    let mut changed = String::new();
    for (source, message) in messages()? {
        let snapshot = fs::read_to_string(root().join(snapshot_of(&source))).unwrap_or_default();
        if snapshot != message {
            changed.push_str(&format!("--- {}\n{snapshot}\n--- now\n{message}\n", source.display()));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    Err(format!("{changed}\nmessages of the compiler changed: `cargo xtask mistakes --update` accepts them"))
}

/// Writes the snapshots.
pub(crate) fn update() -> Outcome {
    for (source, message) in messages()? {
        let file = root().join(snapshot_of(&source));
        fs::write(&file, message).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
    }
    Ok(())
}

fn snapshot_of(source: &Path) -> PathBuf {
    source.with_extension("stderr")
}

/// Returns the sources, relative to the root, with the messages of the compiler. Empty with another compiler than the
/// pinned one, because each words its messages in its own way.
fn messages() -> Result<BTreeMap<PathBuf, String>, String> {
    if !is_pinned()? {
        process::log("skipped: the messages of mistakes are those of the compiler in rust-toolchain.toml");
        return Ok(BTreeMap::new());
    }
    let libraries = libraries()?;
    let mut messages = BTreeMap::new();
    let folder = root().join(FOLDER);
    for entry in fs::read_dir(&folder).map_err(|error| format!("{} cannot be read: {error}", folder.display()))? {
        let name = entry.map_err(|error| format!("{} cannot be read: {error}", folder.display()))?.file_name();
        let source = Path::new(FOLDER).join(name);
        if source.extension().is_some_and(|extension| extension == "rs") {
            let message = compile(&source, &libraries)?;
            messages.insert(source, message);
        }
    }
    if messages.is_empty() { Err(format!("{FOLDER} has no programs")) } else { Ok(messages) }
}

fn is_pinned() -> Result<bool, String> {
    let file = root().join("rust-toolchain.toml");
    let text = fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    let pinned = text.lines().find_map(|line| line.strip_prefix("channel = \"")?.strip_suffix('"'));
    let output = Command::new(rustc()).arg("--version").output();
    let output = output.map_err(|error| format!("`rustc` did not start: {error}"))?;
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(pinned.is_some_and(|pinned| version.split_whitespace().nth(1) == Some(pinned)))
}

fn rustc() -> String {
    std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())
}

/// Returns the names and files of the libraries that the programs use: the dependencies of the test crate.
fn libraries() -> Result<BTreeMap<String, PathBuf>, String> {
    let messages = process::cargo_output(&["check", "-p", "avala-tests", "--lib", "--message-format", "json"])?;
    let mut libraries = BTreeMap::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        let file = message["filenames"]
            .as_array()
            .and_then(|files| files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".rmeta")));
        if let (Some(name), Some(file)) = (message["target"]["name"].as_str(), file) {
            libraries.insert(name.replace('-', "_"), PathBuf::from(file));
        }
    }
    Ok(libraries)
}

/// Compiles a program that must not compile, and returns the message.
fn compile(source: &Path, libraries: &BTreeMap<String, PathBuf>) -> Result<String, String> {
    let mut command = Command::new(rustc());
    command.current_dir(root()).args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--color=never"]);
    command.args(["--diagnostic-width=120", "-Aunused", "-Dunused_must_use", "-o"]).arg(root().join("target/mistake"));
    for name in ["avala_agents", "avala_client", "avala_types", "http", "serde", "tower"] {
        let file = libraries.get(name).ok_or_else(|| format!("cargo built no library `{name}`"))?;
        command.arg("--extern").arg(format!("{name}={}", file.display()));
        if let Some(folder) = file.parent() {
            command.arg("-L").arg(format!("dependency={}", folder.display()));
        }
    }
    let output = command.arg(source).output().map_err(|error| format!("`rustc` did not start: {error}"))?;
    if output.status.success() {
        return Err(format!("{} compiles, so it shows no mistake", source.display()));
    }
    Ok(normalize::message(&String::from_utf8_lossy(&output.stderr), source, &root()))
}
