//! Mutation tests of the code of retries, limits and permits.
//!
//! Needs cargo-mutants, takes hours, and is not part of CI.

use crate::outcome::Outcome;
use crate::process::{cargo_output, cargo_status, root};

/// The files to mutate. A mistake in one of them makes a server execute a request twice.
const FILES: &[&str] = &[
    "crates/avala-transport/src/layer/retry/*.rs",
    "crates/avala-transport/src/layer/rate_limit/*.rs",
    "crates/avala-transport/src/layer/concurrency/*.rs",
];

/// Equivalent mutants, which no test can catch:
///
/// - another expression for the same value;
/// - a concurrency limit that never takes the fast path: the result is the same, with more work;
/// - a term of `Duration::MAX`, which ends at no instant that the clock has.
const EQUIVALENT: &str = concat!(
    r"Poll::from\(Ok\(\(\)\)\)",
    r"|Permits::try_acquire -> Option<Lease> with None|replace < with > in Permits::try_acquire",
    r"|replace < with <= in Permit::acquire",
);

/// The exit code of cargo-mutants if every mutant was caught, some of them by a test timeout.
const ENDLESS: i32 = 3;

pub(crate) fn run() -> Outcome {
    if cargo_output(&["mutants", "--version"]).is_err() {
        return Err("cargo-mutants is missing; install it with `cargo install cargo-mutants`".to_owned());
    }
    for pattern in FILES {
        let folder = pattern.trim_end_matches("*.rs");
        if !root().join(folder).is_dir() {
            return Err(format!("there is no folder {folder}: correct the list of files to mutate"));
        }
    }
    let mut arguments = vec!["mutants", "--package", "avala-transport", "--all-features", "--output", "target/mutants"];
    FILES.iter().for_each(|file| arguments.extend(["--file", file]));
    arguments.extend(["--exclude-re", EQUIVALENT, "--", "--lib", "--test", "suite"]);
    match cargo_status(&arguments, &[])?.code() {
        Some(0 | ENDLESS) => Ok(()),
        _ => Err("a mutant was not caught, or the tests fail without mutations".to_owned()),
    }
}
