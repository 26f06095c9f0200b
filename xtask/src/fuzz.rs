//! Fuzzing: random bytes for what reads the wire. It needs a nightly compiler and cargo-fuzz, and is no part of CI.

use std::fs;
use std::process::{Command, Stdio};

use crate::Outcome;
use crate::process::{root, say};

const SECONDS: &str = "60";

struct Target {
    name: &'static str,
    /// Folders with inputs to start from. What the fuzzer finds goes to `fuzz/corpus` and not there.
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
        return Err(format!("{seconds:?} is no number of seconds"));
    }
    let targets: Vec<_> = TARGETS.iter().filter(|target| name.is_none_or(|name| name == target.name)).collect();
    if targets.is_empty() {
        let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        return Err(format!("there is no such target; there are {}", known.join(", ")));
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
    // A dot for each new input says nothing to a reader; the figures at the end do.
    arguments.extend(["--", time.as_str(), "-print_final_stats=1", "-print_funcs=0", "-verbosity=0"]);
    say(&format!("$ cargo +nightly fuzz {}", arguments.join(" ")));
    let status = cargo_fuzz(&arguments).status().map_err(|error| format!("rustup did not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{}: the input is in fuzz/artifacts/{0}", target.name)) }
}

fn check_tools() -> Outcome {
    let status = cargo_fuzz(&["--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err("fuzzing needs two tools that a build does not:\n  \
                  rustup toolchain install nightly\n  \
                  cargo install cargo-fuzz"
            .to_owned()),
    }
}

/// The workspace pins its compiler, so that `rustup run` has to choose the other one.
fn cargo_fuzz(arguments: &[&str]) -> Command {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly", "cargo", "fuzz"]).args(arguments).current_dir(root());
    command
}
