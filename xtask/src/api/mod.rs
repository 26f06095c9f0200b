//! Snapshots of the public API of each library crate: `tests/snapshots/api/<crate>.txt`.
//!
//! The JSON output of rustdoc is unstable. `RUSTC_BOOTSTRAP=1` allows it on the pinned toolchain, and is set for
//! rustdoc alone: a snapshot changes only when the API does, no nightly toolchain is needed, and dependencies are not
//! built twice.

mod listing;
mod types;

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use serde_json::Value;

use crate::outcome::Outcome;
use crate::process::{self, root};

/// The library crates.
const CRATES: [&str; 8] = [
    "avala-types",
    "avala-transport",
    "avala-client",
    "avala-transfer",
    "avala-agents",
    "avala-limits-redis",
    "avala-webhook",
    "avala-sandbox",
];

/// Environment variable that is set if cargo runs this program in place of rustdoc.
const AS_RUSTDOC: &str = "AVALA_XTASK_RUSTDOC";

/// Runs rustdoc with unstable options, if cargo started this program in its place.
pub(crate) fn as_rustdoc() -> Option<ExitCode> {
    let rustdoc = std::env::var_os(AS_RUSTDOC)?;
    let status = Command::new(rustdoc).args(std::env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").status();
    Some(if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares the public API with its snapshots, and fails if it differs.
pub(crate) fn check() -> Outcome {
    let mut changed = Vec::new();
    for (name, lines) in read()? {
        let snapshot = fs::read_to_string(file(name)).unwrap_or_default();
        let old: BTreeSet<String> = snapshot.lines().map(str::to_owned).collect();
        changed.extend(old.difference(&lines).map(|line| format!("- {line}")));
        changed.extend(lines.difference(&old).map(|line| format!("+ {line}")));
    }
    if changed.is_empty() {
        return Ok(());
    }
    let count = changed.len();
    let advice = "`cargo xtask api --update` accepts the changes; CONTRIBUTING.md says which of them are breaking";
    Err(format!("{}\n\nthe public API changed in {count} lines: {advice}", changed.join("\n")))
}

/// Writes the snapshots.
pub(crate) fn update() -> Outcome {
    for (name, lines) in read()? {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let file = file(name);
        let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&file, text));
        written.map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
        process::log(&format!("{}: {} items", file.display(), lines.len()));
    }
    Ok(())
}

fn file(name: &str) -> PathBuf {
    root().join("tests/snapshots/api").join(format!("{name}.txt"))
}

/// Documents the crates and lists their public items.
fn read() -> Result<Vec<(&'static str, BTreeSet<String>)>, String> {
    let program = std::env::current_exe().map_err(|error| format!("the path of this program is unknown: {error}"))?;
    let rustdoc = std::env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".to_owned());
    let variables = [
        (AS_RUSTDOC, rustdoc.as_str()),
        ("RUSTDOC", &*program.to_string_lossy()),
        ("RUSTDOCFLAGS", "-Z unstable-options --output-format json --cap-lints allow"),
    ];
    let mut arguments = vec!["doc", "--no-deps", "--lib", "--all-features"];
    arguments.extend(CRATES.iter().flat_map(|name| ["-p", *name]));
    process::cargo_with(&arguments, &variables)?;
    CRATES.iter().map(|name| Ok((*name, listing::list(&json_of(name)?)))).collect()
}

fn json_of(name: &str) -> Result<Value, String> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let file = target.join("doc").join(format!("{}.json", name.replace('-', "_")));
    let text = fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is not JSON: {error}", file.display()))
}
