//! Snapshots: what changed, and whether to take it over.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::process::{cargo_with, root, say};
use crate::test::COMPARE;

/// Runs the tests that have snapshots and shows what changed.
pub(crate) fn show() -> Outcome {
    let variables = [("INSTA_UPDATE", "new"), ("INSTA_FORCE_PASS", "1"), ("INSTA_OUTPUT", "diff")];
    let outcome =
        cargo_with(&["test", "--quiet", "-p", "avala-tests", "--test", "suite", "--", "--nocapture"], &variables);
    // A test that fails for another reason does not keep the others' snapshots from being seen.
    let pending = pending()?;
    let count = pending.len();
    for path in pending {
        say(&format!("changed: {}", path.display()));
    }
    say(&format!("{count} snapshots changed; `cargo xtask snapshots --accept` takes them over"));
    outcome
}

/// Takes over what changed.
pub(crate) fn accept() -> Outcome {
    for path in pending()? {
        let accepted = path.with_extension("");
        take_over(&path, &accepted).map_err(|error| format!("{}: {error}", path.display()))?;
        say(&format!("accepted: {}", accepted.display()));
    }
    Ok(())
}

/// Replaces a snapshot by its pending one, without the line of the test: that changes with every edit.
fn take_over(pending: &Path, accepted: &Path) -> std::io::Result<()> {
    let text = fs::read_to_string(pending)?;
    let lines = text.split_inclusive('\n').filter(|line| !line.starts_with("assertion_line: "));
    fs::write(accepted, lines.collect::<String>())?;
    fs::remove_file(pending)
}

/// Refuses every snapshot that is not as it was.
pub(crate) fn compare() -> Outcome {
    cargo_with(&["test", "--quiet", "-p", "avala-tests", "--test", "suite"], COMPARE)?;
    check()
}

/// Refuses what changed and was not looked at.
pub(crate) fn check() -> Outcome {
    let pending = pending()?;
    if pending.is_empty() {
        return Ok(());
    }
    let paths: Vec<_> = pending.iter().map(|path| path.display().to_string()).collect();
    Err(format!("snapshots wait for a decision (`cargo xtask snapshots`):\n{}", paths.join("\n")))
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
