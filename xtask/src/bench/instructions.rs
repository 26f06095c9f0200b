//! Counts instructions with callgrind: `cargo xtask bench --instructions`.
//!
//! Unlike times, counts are the same on a busy machine. So each count of the SDK has a gate, which a change must not
//! exceed.

use std::process::{Command, Stdio};

use super::programs::{Programs, Server, succeeds};
use crate::outcome::Outcome;
use crate::performance;
use crate::process::log;

/// A row: the work of the SDK, and the same work of its peers.
struct Row {
    what: &'static str,
    /// Repetitions of the work in two runs, whose difference removes the cost of start and end.
    times: (u64, u64),
    ours: Work,
    peers: &'static [(&'static str, Work)],
    goal: Goal,
    /// The gate: slightly more than the measured count at the last change of the row.
    gate: u64,
}

/// Maximum number of instructions of a row.
enum Goal {
    None,
    Most(u64),
    /// As a ratio to the first peer.
    OfPeer(f64),
}

/// A program of `bench/` with the arguments before the number of times.
#[derive(Clone, Copy)]
enum Work {
    /// Small calls over loopback: client and workload.
    Calls(&'static str, &'static str),
    /// A path without a network.
    Path(&'static str),
}

const SEQUENTIAL: &str = "small-sequential";

const ROWS: &[Row] = &[
    Row {
        what: "a small call over a socket",
        times: (100, 1_100),
        ours: Work::Calls("avala", SEQUENTIAL),
        peers: &[
            ("bare hyper", Work::Calls("hyper", SEQUENTIAL)),
            ("hyper-util", Work::Calls("hyper-util", SEQUENTIAL)),
            ("reqwest", Work::Calls("reqwest", SEQUENTIAL)),
        ],
        goal: Goal::Most(58_000),
        gate: 58_000,
    },
    Row {
        // With more calls in flight, waiting calls read the clock, which is slow under callgrind: `bench` has those
        // rows.
        what: "the same in tasks, 1 call in flight",
        times: (100, 1_100),
        ours: Work::Calls("avala", "in-flight-1"),
        peers: &[("hyper-util", Work::Calls("hyper-util", "in-flight-1"))],
        goal: Goal::OfPeer(1.25),
        gate: 58_000,
    },
    Row {
        what: "a small call to a service in the process",
        times: (100, 1_100),
        ours: Work::Path("small-call"),
        peers: &[],
        goal: Goal::None,
        gate: 32_500,
    },
    Row {
        what: "a page of 100 items",
        times: (5, 25),
        ours: Work::Path("page"),
        peers: &[("serde derive", Work::Path("page-derive"))],
        goal: Goal::None,
        gate: 5_750_000,
    },
    Row {
        what: "100 frames of a sequence, one at a time and with their text",
        times: (5, 25),
        ours: Work::Path("frames"),
        peers: &[("serde derive, a list without text", Work::Path("frames-derive"))],
        goal: Goal::Most(5_200_000),
        gate: 5_200_000,
    },
    Row {
        what: "a sequence of 2,000 frames, frame count and calibration",
        times: (1, 3),
        ours: Work::Path("sequence-raw"),
        peers: &[("serde derive", Work::Path("sequence-raw-derive"))],
        goal: Goal::None,
        gate: 51_500_000,
    },
    Row {
        what: "the same, all frames typed",
        times: (1, 3),
        ours: Work::Path("sequence-typed"),
        peers: &[("serde derive", Work::Path("sequence-typed-derive"))],
        goal: Goal::None,
        gate: 115_000_000,
    },
];

/// Counts all rows, writes them to `docs/performance.md`, and fails if one is above its gate.
pub(crate) fn run() -> Outcome {
    if !succeeds(Command::new("valgrind").arg("--version")) {
        return Err("valgrind is not installed; it counts the instructions".to_owned());
    }
    let programs = Programs::build()?;
    let server = Server::start(&programs)?;
    let mut table = "| work | this SDK | goal | gate | peers |\n|---|---|---|---|---|\n".to_owned();
    let mut passed = Vec::new();
    for row in ROWS {
        let ours = row.count(row.ours, &programs, server.port)?;
        let mut peers = Vec::new();
        for (name, work) in row.peers {
            peers.push((*name, row.count(*work, &programs, server.port)?));
        }
        let goal = row.goal.verdict(ours, peers.first().copied());
        let peers: Vec<_> = peers.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect();
        let line = [row.what, &grouped(ours), &goal, &grouped(row.gate), &peers.join(", ")].join(" | ");
        log(&line);
        table += &format!("| {line} |\n");
        if ours > row.gate {
            passed.push(row.what);
        }
    }
    performance::update(None, &[("Instructions", &format!("{PREAMBLE}\n\n{table}"))])?;
    if passed.is_empty() { Ok(()) } else { Err(format!("more instructions than the gate: {}", passed.join("; "))) }
}

const PREAMBLE: &str = "Written by `cargo xtask bench --instructions`: instructions in user mode, counted by callgrind. \
They are the same on a busy machine. `float_roundtrip` is on for every side, because it is on for the whole build.";

impl Goal {
    fn verdict(&self, ours: u64, peer: Option<(&str, u64)>) -> String {
        let met = |is_met| if is_met { "met" } else { "**missed**" };
        match (self, peer) {
            (Self::Most(most), _) => format!("{} ({})", grouped(*most), met(ours <= *most)),
            (Self::OfPeer(most), Some((name, count))) => {
                let ratio = ours as f64 / count as f64;
                format!("{most:.2} of {name} ({ratio:.2}: {})", met(ratio <= *most))
            }
            (Self::None, _) | (Self::OfPeer(_), None) => String::new(),
        }
    }
}

impl Row {
    fn count(&self, work: Work, programs: &Programs, port: u16) -> Result<u64, String> {
        let (few, many) = self.times;
        let run = |times: u64| match work {
            Work::Calls(client, workload) => {
                instructions(programs, "client", &[client, workload, &port.to_string(), &times.to_string()])
            }
            Work::Path(path) => instructions(programs, "instructions", &[path, &times.to_string()]),
        };
        Ok(run(many)?.saturating_sub(run(few)?) / (many - few))
    }
}

/// Returns the instructions of a process, including start and end.
fn instructions(programs: &Programs, program: &str, arguments: &[&str]) -> Result<u64, String> {
    let mut command = programs.on_client_core("valgrind".into());
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(programs.path(program)).args(arguments);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :")).map(|(_, number)| number.trim());
    let collected = collected.filter(|_| output.status.success()).and_then(|number| number.parse().ok());
    collected.ok_or_else(|| format!("{command:?} counted nothing: {text}"))
}

/// Returns a number with a comma between groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (5_200_000, "5,200,000")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn every_gate_is_at_least_its_goal() {
        assert!(ROWS.iter().all(|row| !matches!(row.goal, Goal::Most(goal) if goal > row.gate)));
    }

    #[test]
    fn verdict_compares_with_the_first_peer() {
        let peer = Some(("hyper-util", 1_000));
        assert_eq!(Goal::OfPeer(1.25).verdict(1_250, peer), "1.25 of hyper-util (1.25: met)");
        assert_eq!(Goal::OfPeer(1.25).verdict(1_300, peer), "1.25 of hyper-util (1.30: **missed**)");
        assert_eq!(Goal::Most(1_200).verdict(1_200, peer), "1,200 (met)");
        assert_eq!(Goal::None.verdict(1, None), "");
    }
}
