//! Runs every test of the project.

use crate::outcome::Outcome;
use crate::process::{cargo, cargo_with, log};
use crate::snapshots::COMPARE;
use crate::{coverage, dependencies, interop, modules, snapshots, words};

/// Examples that need neither an account nor a network.
const EXAMPLES: &[(&str, &str)] = &[
    ("avala-types", "payloads"),
    ("avala-transport", "audit"),
    ("avala-transport", "retry_alone"),
    ("avala-client", "quickstart"),
    ("avala-client", "middleware"),
    ("avala-client", "own_http"),
    ("avala-agents", "cuboid_checks"),
    ("avala-agents", "export_mirror"),
    ("avala-webhook", "receive"),
    ("avala-tests", "tracing_opentelemetry"),
];

pub(crate) fn all() -> Outcome {
    cargo_with(&["test", "--workspace", "--all-features", "--lib", "--bins", "--tests", "--examples"], COMPARE)?;
    cargo(&["test", "--workspace", "--all-features", "--doc"])?;
    for (package, example) in EXAMPLES {
        // Without a key in the environment, an example starts its own sandbox.
        let arguments = ["run", "--quiet", "-p", package, "--example", example];
        cargo_with(&arguments, &[("AVALA_API_KEY", ""), ("AVALA_BASE_URL", "")])?;
    }
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

/// Long runs of the tests that kill transfers, let them fail, and make them large; their figures are shown.
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
