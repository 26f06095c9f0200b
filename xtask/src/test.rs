//! Runs every test of the project.

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_with, log};
use crate::snapshots::COMPARE;
use crate::{book, coverage, dependencies, diagram, examples, interop, links, modules, snapshots, words};

pub(crate) fn all() -> Outcome {
    cargo_with(&["test", "--workspace", "--all-features", "--lib", "--bins", "--tests", "--examples"], COMPARE)?;
    cargo(&["test", "--workspace", "--all-features", "--doc"])?;
    examples::check()?;
    if std::process::Command::new("redis-server").arg("--version").output().is_err() {
        log(
            "skipped: the tests with Redis, because redis-server is not installed (Debian: apt-get install redis-server)",
        );
    }
    interop::run_if_there_is_python()?;
    snapshots::check()?;
    coverage::check()?;
    dependencies::check()?;
    modules::check()?;
    diagram::check()?;
    book::check()?;
    links::check()?;
    words::check()
}

/// Tests models and payloads against the contract and their fixtures.
pub(crate) fn fixtures() -> Outcome {
    cargo_with(&["test", "-p", "avala-tests", "--test", "suite", "--", "fixtures::", "payloads::"], COMPARE)
}

/// Runs a long soak, as a release build because of its number of calls.
pub(crate) fn soak(example: &str, arguments: &[&str]) -> Outcome {
    cargo(&[&["run", "--release", "--quiet", "-p", "avala-tests", "--example", example, "--"], arguments].concat())
}

/// Long runs of the tests that kill transfers and let them fail.
pub(crate) fn soak_transfers() -> Outcome {
    let long = [("AVALA_TRANSFER_KILLS", "200"), ("AVALA_TRANSFER_FILES", "2000"), ("AVALA_TRANSFER_SOAK", "10000")];
    let test = ["test", "--release", "-p", "avala-transfer", "--test", "suite", "--"];
    cargo_with(&[&test[..], &["killed", "uploads_with_a_tenth_of_faults"]].concat(), &long)
}
