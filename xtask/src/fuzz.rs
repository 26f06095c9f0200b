//! Fuzzes the decoders. Needs a nightly compiler and cargo-fuzz, and is not part of CI.

use std::fs;
use std::process::{Command, Stdio};

use crate::outcome::Outcome;
use crate::process::{log, root};

const SECONDS: &str = "60";

struct Target {
    name: &'static str,
    /// Folders with initial inputs. New inputs are stored in `fuzz/corpus`, not here.
    seeds: &'static [&'static str],
}

const TARGETS: &[Target] = &[
    Target { name: "page", seeds: &["tests/fixtures/raw_page_response"] },
    Target { name: "timestamp", seeds: &["fuzz/seeds/timestamp"] },
    Target {
        name: "webhook_event",
        seeds: &[
            "tests/fixtures/webhook_event",
            "tests/fixtures/dataset",
            "tests/fixtures/export",
            "tests/fixtures/task",
        ],
    },
];

/// Runs one target, or all of them one after the other.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    let (name, seconds) = match arguments {
        [] => (None, SECONDS),
        [name] => (Some(*name), SECONDS),
        [name, seconds] => (Some(*name), *seconds),
        _ => return Err("cargo xtask fuzz [target] [seconds]".to_owned()),
    };
    if seconds.parse::<u32>().is_err() {
        return Err(format!("{seconds:?} is not a number of seconds"));
    }
    let targets: Vec<_> = TARGETS.iter().filter(|target| name.is_none_or(|name| name == target.name)).collect();
    if targets.is_empty() {
        let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        return Err(format!("unknown fuzz target; known targets: {}", known.join(", ")));
    }
    check_tools()?;
    targets.into_iter().try_for_each(|target| fuzz(target, seconds))
}

fn fuzz(target: &Target, seconds: &str) -> Outcome {
    let corpus = format!("fuzz/corpus/{}", target.name);
    fs::create_dir_all(root().join(&corpus)).map_err(|error| format!("{corpus}: {error}"))?;
    let time = format!("-max_total_time={seconds}");
    let mut arguments = vec!["run", target.name, corpus.as_str()];
    arguments.extend(target.seeds);
    // Only the final statistics are of interest, not every new input.
    arguments.extend(["--", time.as_str(), "-print_final_stats=1", "-print_funcs=0", "-verbosity=0"]);
    log(&format!("$ cargo +nightly fuzz {}", arguments.join(" ")));
    let status = cargo_fuzz(&arguments).status().map_err(|error| format!("rustup did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{}: failed; the input is in fuzz/artifacts/{0}", target.name)) }
}

fn check_tools() -> Outcome {
    let status = cargo_fuzz(&["--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err("fuzzing needs a nightly compiler and cargo-fuzz:\n  \
                  rustup toolchain install nightly\n  \
                  cargo install cargo-fuzz"
            .to_owned()),
    }
}

/// Returns a command of cargo-fuzz. The workspace pins a stable compiler, so `rustup run` selects nightly.
fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]).args(arguments).current_dir(root());
    command
}
