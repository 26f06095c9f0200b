//! Development tasks of the workspace: `cargo xtask <task>`.

mod api;
mod bench;
mod book;
mod build_cost;
mod coverage;
mod dependencies;
mod diagram;
mod dist;
mod examples;
mod features;
mod fuzz;
mod interop;
mod limits;
mod links;
mod mistakes;
mod modules;
mod mutants;
mod new_call;
mod outcome;
mod package;
mod performance;
mod process;
mod release;
mod sandbox;
mod snapshots;
mod test;
mod tools;
mod transfers;
mod words;

use std::process::ExitCode;

use self::outcome::Outcome;

const USAGE: &str = "\
cargo xtask <task>

  test                 Runs every test: units, suites, docs, examples, fixtures, snapshots, and the checks below
  fixtures [--check]   Tests the fixtures and payloads of every model: complete, decoded, encoded without loss
  coverage [--check]   Writes docs/coverage.md: which calls of the API the client and the sandbox have
  examples [--accept]  Runs every example program and compares its output with examples/output
  book                 Renders docs/guide as a book in target/book; needs mdbook
  diagram [--check]    Draws docs/layers.svg from docs/layers.txt
  links                Checks the links between Markdown files, and the paths in docs/tasks.md
  interop              Runs the official clients against the sandbox, next to ours; needs Python 3.9
  snapshots            Shows changed snapshots; --accept accepts them, --check rejects them
  fuzz [target] [s]    Fuzzes the decoders, 60 seconds each by default; needs nightly and cargo-fuzz
  soak [calls] [seed]  Sends 10,000 calls through faults: none may be lost, duplicated or wrong
  soak agents [...]    Kills an agent 200 times, sends its calls through faults, and measures what it takes
  soak limits [s]      Eight processes share a limit in Redis, through outages, 60 seconds each
  soak fleet           Simulates fleets of up to 10,000 clients without shared state: the table of docs/performance.md
  soak transfers       Kills uploads and downloads 200 times, sends 10,000 through faults, 100,000 files, and 20 GiB
  mistakes [--update]  Compares what the compiler says about common mistakes: tests/mistakes
  mutants              Checks that tests catch small changes of retries and limits; needs cargo-mutants
  bench [--quick]      Compares speed with other clients: docs/performance.md; --quick writes nothing
  bench --instructions Counts instructions with valgrind, and fails above the gate of a row
  bench limits         Measures a reservation in Redis, relative to a bare round trip
  bench transfers      Compares uploads and downloads with curl, aria2 and the official client; --quick writes nothing
  bench cli            Compares the start and lists of the command line with the official one
  dist [--quick]       Builds the static programs of the command line, with checksums, tests them, and measures what each
                       feature adds; --quick does not measure
  buildcost            Measures build time, crate count and program size
  api [--update]       Compares the public API of each crate with its snapshot; --update accepts it
  dependencies         Checks which crate depends on what, and that modules have no cycles
  words                Rejects private terminology in sources, messages and docs
  features [--pairs]   Builds every feature alone, or every two of them, and all together; tests features of serde_json
  deny                 Checks licenses, sources and advisories of dependencies; needs cargo-deny
  semver               Compares the API with the last release; needs cargo-semver-checks
  msrv                 Checks the workspace on the oldest compiler that it supports
  minimal-versions     Builds with the oldest dependencies that Cargo.toml allows
  new-call <call> ...  Scaffolds a call: contract, model, fixtures, client, example, sandbox; --check tests that in a copy
  package              Packages the crates, and builds and runs a program from the packages alone
  release --dry-run    Checks what a registry requires, runs `package`, and prints the commands of a release
  ci [--long]          Runs everything that a change must pass: format, lints, features, test, docs; --long adds
                       new-call --check, the packages and the book
";

fn main() -> ExitCode {
    if let Some(code) = api::as_rustdoc() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["test"] => test::all(),
        ["fixtures"] | ["fixtures", "--check"] => test::fixtures(),
        ["coverage"] => coverage::write(),
        ["coverage", "--check"] => coverage::check(),
        ["examples"] => examples::check(),
        ["examples", "--accept"] => examples::accept(),
        ["book"] => book::render(),
        ["diagram"] => diagram::write(),
        ["diagram", "--check"] => diagram::check(),
        ["links"] => links::check(),
        ["interop"] => interop::run(),
        ["snapshots"] => snapshots::show(),
        ["snapshots", "--accept"] => snapshots::accept(),
        ["snapshots", "--check"] => snapshots::compare(),
        ["fuzz", ref arguments @ ..] => fuzz::run(arguments),
        ["soak", "agents", ref arguments @ ..] => test::soak("soak_agents", arguments),
        ["soak", "transfers"] => test::soak_transfers(),
        ["soak", "limits", ref arguments @ ..] => limits::soak(arguments),
        ["soak", "fleet"] => limits::fleet(),
        ["soak", ref arguments @ ..] => test::soak("soak_calls", arguments),
        ["mistakes"] | ["mistakes", "--check"] => mistakes::check(),
        ["mistakes", "--update"] => mistakes::update(),
        ["mutants"] => mutants::run(),
        ["bench", "limits"] => limits::cost(),
        ["bench", "transfers"] => transfers::full(),
        ["bench", "transfers", "--quick"] => transfers::quick(),
        ["bench", "cli"] => bench::cli::run(),
        ["bench"] => bench::full(),
        ["bench", "--quick"] => bench::quick(),
        ["bench", "--instructions"] => bench::instructions::run(),
        ["dist"] => dist::run(false),
        ["dist", "--quick"] => dist::run(true),
        [dist::name_server::INSIDE, root] => dist::name_server::inside(root),
        ["buildcost"] => build_cost::measure(),
        ["api"] | ["api", "--check"] => api::check(),
        ["api", "--update"] => api::update(),
        ["dependencies"] => dependencies::check().and_then(|()| modules::check()),
        ["words"] => words::check(),
        ["features"] => features::check(),
        ["features", "--pairs"] => features::check_pairs(),
        ["deny"] => tools::deny(),
        ["semver"] => tools::semver(),
        ["msrv"] => tools::msrv(),
        ["minimal-versions"] => tools::minimal_versions(),
        ["release", "--dry-run"] => release::dry_run(),
        ["new-call", "--check"] => new_call::check::run(),
        ["new-call", ref arguments @ ..] => new_call::run(arguments),
        ["package"] => package::check(),
        ["ci"] => ci(),
        ["ci", "--long"] => {
            ci().and_then(|()| new_call::check::run()).and_then(|()| release::dry_run()).and_then(|()| book::render())
        }
        _ => Err(format!("unknown task {arguments:?}\n\n{USAGE}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            process::log(&message);
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Outcome {
    process::cargo(&["fmt", "--all", "--check"])?;
    process::cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"])?;
    features::check()?;
    test::all()?;
    api::check()?;
    mistakes::check()?;
    tools::deny()?;
    tools::semver()?;
    process::cargo_with(&["doc", "--workspace", "--no-deps", "--all-features"], &[("RUSTDOCFLAGS", "-D warnings")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_is_in_the_table_for_contributors() {
        let path = process::root().join("CONTRIBUTING.md");
        let text = std::fs::read_to_string(path).unwrap();
        // A task has two spaces before its name; the lines that continue a description have more.
        let tasks: Vec<&str> =
            USAGE.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")).collect();
        assert!(tasks.len() > 30, "{tasks:?}");
        for task in tasks {
            let words: Vec<&str> = task.split_whitespace().collect();
            let is_subtask = matches!(words[..], ["bench", ..]) && words[1].starts_with(char::is_lowercase);
            let name = if is_subtask { words[..2].join(" ") } else { words[0].to_owned() };
            assert!(text.contains(&format!("`cargo xtask {name}")), "CONTRIBUTING.md has no row for `{name}`");
        }
    }
}
