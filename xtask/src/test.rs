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

/// Runs a long soak, in a release build because of its number of calls.
pub(crate) fn soak(example: &str, arguments: &[&str]) -> Outcome {
    cargo(&[&["run", "--release", "--quiet", "-p", "avala-tests", "--example", example, "--"], arguments].concat())
}

/// Runs the long tests of transfers, with kills, faults and large files, and shows their figures.
pub(crate) fn soak_transfers() -> Outcome {
    let long = [
        ("AVALA_TRANSFER_KILLS", "200"),
        ("AVALA_TRANSFER_FILES", "2000"),
        ("AVALA_TRANSFER_SOAK", "10000"),
        ("AVALA_TRANSFER_MANY", "100000"),
        ("AVALA_TRANSFER_SPARSE_MIB", "20480"),
    ];
    let test = ["test", "--release", "-p", "avala-transfer", "--all-features", "--test", "suite", "--", "--nocapture"];
    // One after another: each measures or times its own process.
    let which =
        ["--test-threads=1", "killed", "a_tenth_of_faults", "every_tenth_request", "together_never_mix", "memory_"];
    cargo_with(&[&test[..], &which].concat(), &long)
}
