//! Every test that the project has.

use crate::process::{cargo, cargo_with};
use crate::{Outcome, coverage, dependencies, interop, snapshots};

/// Snapshots are compared and never written by a test run: a changed one is a failure to look at.
pub(crate) const COMPARE: &[(&str, &str)] = &[("INSTA_UPDATE", "no"), ("INSTA_FORCE_PASS", "0")];

/// The examples that run by themselves, without an account and without a network.
const EXAMPLES: &[(&str, &str)] = &[
    ("avala-types", "payloads"),
    ("avala-transport", "retry_alone"),
    ("avala-client", "quickstart"),
    ("avala-client", "middleware"),
    ("avala-client", "own_http"),
    ("avala-webhook", "receive"),
];

pub(crate) fn all() -> Outcome {
    cargo_with(&["test", "--workspace", "--all-features", "--lib", "--bins", "--tests", "--examples"], COMPARE)?;
    cargo(&["test", "--workspace", "--all-features", "--doc"])?;
    for (package, example) in EXAMPLES {
        // Without a key in its environment, an example brings its own server.
        let arguments = ["run", "--quiet", "-p", package, "--example", example];
        cargo_with(&arguments, &[("AVALA_API_KEY", ""), ("AVALA_BASE_URL", "")])?;
    }
    interop::run_if_there_is_python()?;
    snapshots::check()?;
    coverage::check()?;
    dependencies::check()
}

/// The tests that hold the models and payloads against the contract and their fixtures.
pub(crate) fn fixtures() -> Outcome {
    cargo_with(&["test", "-p", "avala-tests", "--test", "suite", "--", "fixtures::", "payloads::"], COMPARE)
}

/// The long run of the soak, in release, since it is about many calls and not about debugging.
pub(crate) fn soak(arguments: &[&str]) -> Outcome {
    cargo(&[&["run", "--release", "--quiet", "-p", "avala-tests", "--example", "soak", "--"], arguments].concat())
}
