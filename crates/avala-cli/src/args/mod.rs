//! The command line: the tree of commands, made of the table of commands, and the global options.

mod expand;
pub(crate) mod global;
pub(crate) mod option;

use std::ffi::OsString;

use clap::Command;

use crate::commands::{Entry, entries, group_about};

pub(crate) use expand::{expand, first_word};

/// Returns the program's command line. Commands of a group are made when the group is used, so that the start is fast.
pub(crate) fn root() -> Command {
    let mut root = Command::new("avala")
        .version(env!("CARGO_PKG_VERSION"))
        .about("The command-line interface of Avala: datasets, annotation, exports and fleets of devices")
        .after_help(
            "Examples:\n  avala login\n  avala datasets list -o json\n  avala exports create --project UID --wait\n\n\
             Exit codes: 0 success, 1 other error, 2 usage, 3 authentication, 4 not found, 5 validation, 6 rate limit or \
             quota, 7 timeout, 8 network, 9 remote job or check failed, 10 partial success, 130 interrupted.\n\
             Topics: avala help commands, exit-codes, environment, formatting, configuration, privacy.\n\
             No telemetry, no update check: this program connects to the API and to nothing else.",
        )
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .args_override_self(true)
        .args(global::args());
    let mut known: Vec<&str> = Vec::new();
    for entry in entries() {
        let name = entry.path()[0];
        if !known.contains(&name) {
            known.push(name);
            let about = if entry.path().len() == 1 { entry.about() } else { group_about(name) };
            let mut command = Command::new(name).about(about).args_override_self(true).defer(fill);
            if let Some(alias) = crate::commands::group_alias(name) {
                command = command.visible_alias(alias);
            }
            root = root.subcommand(command);
        }
    }
    root
}

/// Adds what a command of the first level has: its own arguments, or the commands of its group.
fn fill(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let of_group: Vec<&Entry> = entries().filter(|entry| entry.path()[0] == name).collect();
    match of_group.as_slice() {
        [entry] if entry.path().len() == 1 => entry.build(command),
        entries => add_level(command, entries, 1),
    }
}

fn add_level(command: Command, entries: &[&Entry], level: usize) -> Command {
    let mut command = command.subcommand_required(true).disable_help_subcommand(true);
    let mut known: Vec<&str> = Vec::new();
    for entry in entries {
        let name = entry.path()[level];
        if known.contains(&name) {
            continue;
        }
        known.push(name);
        let same: Vec<&Entry> = entries.iter().copied().filter(|other| other.path()[level] == name).collect();
        let child = Command::new(name).args_override_self(true);
        command = command.subcommand(match same.as_slice() {
            [entry] if entry.path().len() == level + 1 => entry.build(child.about(entry.about())),
            same => add_level(child.about(group_about(name)), same, level + 1),
        });
    }
    command
}

/// Returns whether words are the beginning of a command.
pub(crate) fn is_command(words: &[&str]) -> bool {
    let first = words.first().and_then(|word| crate::commands::group_of_alias(word)).or_else(|| words.first().copied());
    entries().any(|entry| {
        words.len() <= entry.path().len()
            && entry
                .path()
                .iter()
                .zip(words)
                .enumerate()
                .all(|(at, (own, word))| own == word || at == 0 && first == Some(own))
    })
}

/// Returns the format that a command line asks for, if it cannot be parsed.
pub(crate) fn wants_json(args: &[OsString]) -> bool {
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let is_json = |value: &str| matches!(value, "json" | "ndjson");
    words.windows(2).any(|pair| matches!(pair[0], "-o" | "--output") && is_json(pair[1]))
        || words.iter().any(|word| {
            let value = word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o"));
            value.is_some_and(|value| is_json(value.trim_start_matches('=')))
        })
}
