//! Runs every test of the project.

use crate::process::{cargo, cargo_with};
use crate::snapshots::COMPARE;
use crate::{Outcome, coverage, dependencies, interop, snapshots, words};

/// Examples that need neither an account nor a network.
const EXAMPLES: &[(&str, &str)] = &[
    ("avala-types", "payloads"),
    ("avala-transport", "audit"),
    ("avala-transport", "retry_alone"),
    ("avala-client", "quickstart"),
    ("avala-client", "middleware"),
    ("avala-client", "own_http"),
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
    interop::run_if_there_is_python()?;
    snapshots::check()?;
    coverage::check()?;
    dependencies::check()?;
    words::check()
}

/// Tests models and payloads against the contract and their fixtures.
pub(crate) fn fixtures() -> Outcome {
    cargo_with(&["test", "-p", "avala-tests", "--test", "suite", "--", "fixtures::", "payloads::"], COMPARE)
}

/// Runs the long soak, as a release build because of its number of calls.
pub(crate) fn soak(arguments: &[&str]) -> Outcome {
    if let ["transfers"] = arguments {
        return soak_transfers();
    }
    cargo(&[&["run", "--release", "--quiet", "-p", "avala-tests", "--example", "soak", "--"], arguments].concat())
}

/// Long runs of the tests that kill transfers and let them fail.
fn soak_transfers() -> Outcome {
    let long = [("AVALA_TRANSFER_KILLS", "200"), ("AVALA_TRANSFER_FILES", "2000"), ("AVALA_TRANSFER_SOAK", "10000")];
    let test = ["test", "--release", "-p", "avala-transfer", "--test", "suite", "--"];
    cargo_with(&[&test[..], &["killed", "uploads_with_a_tenth_of_faults"]].concat(), &long)
}
