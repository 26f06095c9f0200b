//! Mutants: small breaks of the code that decides on retries and limits, each of which a test has to catch.
//!
//! It needs cargo-mutants, takes about half an hour, and is no part of CI.

use crate::Outcome;
use crate::process::{cargo_output, cargo_status};

/// What is broken: the files where a wrong sign costs a user work done twice.
const FILES: &[&str] = &["crates/avala-transport/src/retry/*.rs", "crates/avala-transport/src/rate_limit/*.rs"];

/// Breaks that change nothing, so that no test can catch them:
///
/// - another way to write the same value;
/// - a limiter that never takes the short way, and makes each call pay for a place in line that it does not need;
/// - a sum of tokens that is exactly as far from a whole number as the bound: there is none.
const EQUIVALENT: &str = concat!(
    r"Poll::from\(Ok\(\(\)\)\)",
    r"|try_acquire -> bool with false|try_acquire\(this\.scope\) with false",
    r"|replace < with <= in Bucket::refill",
);

/// How cargo-mutants ends when each break was caught, and some by tests that did not end.
const ENDLESS: i32 = 3;

pub(crate) fn run() -> Outcome {
    if cargo_output(&["mutants", "--version"]).is_err() {
        return Err("this needs a tool that a build does not: cargo install cargo-mutants".to_owned());
    }
    let mut arguments = vec!["mutants", "--package", "avala-transport", "--all-features", "--output", "target/mutants"];
    FILES.iter().for_each(|file| arguments.extend(["--file", file]));
    arguments.extend(["--exclude-re", EQUIVALENT, "--", "--lib", "--test", "suite"]);
    match cargo_status(&arguments, &[])?.code() {
        Some(0 | ENDLESS) => Ok(()),
        _ => Err("a break was not caught, or the tests do not pass without one".to_owned()),
    }
}
