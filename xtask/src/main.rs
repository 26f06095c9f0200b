//! The chores of the workspace: `cargo xtask <chore>`.

mod bench;
mod build_cost;
mod coverage;
mod dependencies;
mod features;
mod fuzz;
mod interop;
mod mutants;
mod performance;
mod process;
mod snapshots;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <chore>

  test                 every test: units, suites, documentation, examples, fixtures, snapshots, dependency rules
  fixtures [--check]   the fixtures and payloads of every model: complete, read, and written back without loss
  coverage [--check]   what there is of each call of the API: docs/coverage.md
  interop              the official Python SDK against the sandbox, and next to our client; needs Python 3.9
  snapshots            show the snapshots that changed; --accept takes them over, --check refuses them
  fuzz [target] [s]    random bytes for what reads the wire, for 60 seconds each unless told; needs cargo-fuzz
  soak [calls] [seed]  ten thousand calls through faults of every kind: nothing lost, duplicated or wrong
  mutants              small breaks of retries and limits, each caught by a test; needs cargo-mutants
  bench [--quick]      the SDK beside what people would use instead: docs/performance.md; --quick writes nothing
  buildcost            what the SDK costs to build, and how large it is
  dependencies         the rules on which crate may depend on what
  features             every feature builds alone, and all of them together
  ci                   all that a change has to pass: formatting, lints, features, test, documentation
";

/// What a chore ends with: nothing, or a message for the one who called it.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["test"] => test::all(),
        ["fixtures"] | ["fixtures", "--check"] => test::fixtures(),
        ["coverage"] => coverage::write(),
        ["coverage", "--check"] => coverage::check(),
        ["interop"] => interop::run(),
        ["snapshots"] => snapshots::show(),
        ["snapshots", "--accept"] => snapshots::accept(),
        ["snapshots", "--check"] => snapshots::compare(),
        ["fuzz", ref arguments @ ..] => fuzz::run(arguments),
        ["soak", ref arguments @ ..] => test::soak(arguments),
        ["mutants"] => mutants::run(),
        ["bench"] => bench::full(),
        ["bench", "--quick"] => bench::quick(),
        ["buildcost"] => build_cost::measure(),
        ["dependencies"] => dependencies::check(),
        ["features"] => features::check(),
        ["ci"] => ci(),
        _ => Err(format!("unknown chore {arguments:?}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            process::say(&message);
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Outcome {
    process::cargo(&["fmt", "--all", "--check"])?;
    process::cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    features::check()?;
    test::all()?;
    process::cargo_with(&["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings")])
}
