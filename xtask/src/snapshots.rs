//! Shows, accepts and compares snapshots.

use std::fs;
use std::path::{Path, PathBuf};

use crate::outcome::Outcome;
use crate::process::{cargo_with, log, root};

/// Environment for comparing: a test run never writes snapshots, so a changed one is a failure.
pub(crate) const COMPARE: &[(&str, &str)] = &[("INSTA_UPDATE", "no"), ("INSTA_FORCE_PASS", "0")];

/// Runs the snapshot tests and shows what changed.
pub(crate) fn show() -> Outcome {
    let variables = [("INSTA_UPDATE", "new"), ("INSTA_FORCE_PASS", "1"), ("INSTA_OUTPUT", "diff")];
    let outcome =
        cargo_with(&["test", "--quiet", "-p", "avala-tests", "--test", "suite", "--", "--nocapture"], &variables);
    // Pending snapshots are listed even if a test fails for another reason.
    let pending = pending()?;
    let count = pending.len();
    for path in pending {
        log(&format!("changed: {}", path.display()));
    }
    log(&format!("{count} snapshots changed; `cargo xtask snapshots --accept` accepts them"));
    outcome
}

/// Accepts all pending snapshots.
pub(crate) fn accept() -> Outcome {
    for path in pending()? {
        let accepted = path.with_extension("");
        replace(&path, &accepted).map_err(|error| format!("{}: {error}", path.display()))?;
        log(&format!("accepted: {}", accepted.display()));
    }
    Ok(())
}

/// Replaces a snapshot by its pending one, without the assertion line, which changes with every edit of the test.
fn replace(pending: &Path, accepted: &Path) -> std::io::Result<()> {
    let text = fs::read_to_string(pending)?;
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with("assertion_line: "));
    fs::write(accepted, lines.collect::<String>())?;
    fs::remove_file(pending)
}

/// Runs the snapshot tests and fails if a snapshot changed.
pub(crate) fn compare() -> Outcome {
    cargo_with(&["test", "--quiet", "-p", "avala-tests", "--test", "suite"], COMPARE)?;
    check()
}

/// Fails if snapshots are pending.
pub(crate) fn check() -> Outcome {
    let pending = pending()?;
    if pending.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = pending.iter().map(|path| path.display().to_string()).collect();
    Err(format!("snapshots are pending; review them with `cargo xtask snapshots`:\n{}", paths.join("\n")))
}

fn pending() -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for folder in ["crates", "tests"] {
        collect(&root().join(folder), &mut found).map_err(|error| format!("{folder}: {error}"))?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.to_string_lossy().ends_with(".snap.new") {
            found.push(path);
        }
    }
    Ok(())
}
