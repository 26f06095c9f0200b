//! The command line: the tree of commands, built from the table of commands, and the global options.

mod expand;
pub(crate) mod global;
pub(crate) mod option;

use std::ffi::OsString;

use clap::Command;

use crate::commands::{Entry, entries, group_about, group_alias, group_of_alias};

pub(crate) use expand::{expand, first_word};

/// Maximum number of words of a command name.
const LONGEST: usize = 3;

/// Returns the whole tree of commands. The commands of a group are built when the group is used, for a fast start.
pub(crate) fn root() -> Command {
    let mut root = program();
    let mut known: Vec<&str> = Vec::new();
    for entry in entries() {
        let name = entry.path()[0];
        if !known.contains(&name) {
            known.push(name);
            root = root.subcommand(first_level(name, entry).defer(fill));
        }
    }
    root
}

/// Returns the part of the tree that `args` need: a single command if `args` begin with its complete name. Building the
/// other commands would take most of the time of a short command. Help about all commands needs [`root`].
pub(crate) fn root_for(args: &[OsString]) -> Command {
    let start = first_word(args).unwrap_or(args.len());
    let words: Vec<&str> = args[start..].iter().map_while(|arg| arg.to_str()).collect();
    let of = |length: usize| words.get(..length).map(in_full).and_then(|words| Entry::find(&words));
    let Some(entry) = (1..=LONGEST).rev().find_map(of) else { return root() };
    let name = entry.path()[0];
    let command = first_level(name, entry);
    // The same order as in the whole tree, for the help.
    let command = if entry.path().len() == 1 { command.defer(fill) } else { add_level(command, &[entry], 1) };
    program().subcommand(command)
}

/// Returns words with the alias of a group replaced by its name.
fn in_full<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut words = words.to_vec();
    if let Some(first) = words.first_mut()
        && let Some(name) = group_of_alias(first)
    {
        *first = name;
    }
    words
}

/// Returns a top-level command without its arguments and subcommands.
fn first_level(name: &'static str, entry: &Entry) -> Command {
    let about = if entry.path().len() == 1 { entry.about() } else { group_about(name) };
    let command = Command::new(name).about(about).args_override_self(true);
    match group_alias(name) {
        Some(alias) => command.visible_alias(alias),
        None => command,
    }
}

/// Returns the program with its global options and without commands.
fn program() -> Command {
    Command::new("avala")
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
        .args(global::args())
}

/// Adds the arguments of a top-level command, or the commands of its group.
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
    if let Some(entry) = entries.first() {
        let (group, example) = (entry.path()[..level].join(" "), entry.example());
        command = command.after_help(format!(
            "Example:\n  avala {example}\n\n`avala {group} COMMAND --help` has an example of each command."
        ));
    }
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

/// Returns whether the words are the first words of a command name.
pub(crate) fn is_command(words: &[&str]) -> bool {
    let first = words.first().and_then(|word| group_of_alias(word)).or_else(|| words.first().copied());
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

/// Returns the output format that an invalid command line requests.
pub(crate) fn wants_json(args: &[OsString]) -> bool {
    let words: Vec<&str> = args.iter().filter_map(|arg| arg.to_str()).collect();
    let is_json = |value: &str| matches!(value, "json" | "ndjson");
    words.windows(2).any(|pair| matches!(pair[0], "-o" | "--output") && is_json(pair[1]))
        || words.iter().any(|word| {
            let value = word.strip_prefix("--output=").or_else(|| word.strip_prefix("-o"));
            value.is_some_and(|value| is_json(value.trim_start_matches('=')))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the command of a line with its arguments, or the error message.
    fn matched(line: &str, root: impl Fn(&[OsString]) -> Command) -> Result<String, String> {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let matches = root(&args).try_get_matches_from(&args).map_err(|error| error.render().to_string())?;
        let (mut words, mut own) = (Vec::new(), &matches);
        while let Some((name, child)) = own.subcommand() {
            words.push(name);
            own = child;
        }
        // The order in which the options were declared does not matter.
        let own = format!("{own:?}");
        Ok(format!("{words:?} {}", own.split_once("valid_subcommands").unwrap().1))
    }

    #[test]
    fn one_command_is_parsed_as_by_the_whole_tree() {
        for line in [
            "avala datasets list --limit 3 -o json",
            "avala -o json --profile p datasets list",
            "avala recordings list",
            "avala auto-label-jobs list",
            "avala fleet recordings upload --source x --recording y",
            "avala status",
            "avala status --nope",
            "avala status --help",
            "avala download --help",
            "avala datasets list --help",
            "avala datasets list --limt 3",
            "avala datasets list extra",
            "avala datasets --help",
            "avala datasets lst",
            "avala datasets",
            "avala dataset list",
            "avala",
            "avala --help",
            "avala -- datasets list",
            "avala datasets -o json list",
        ] {
            assert_eq!(matched(line, root_for), matched(line, |_| root()), "{line}");
        }
    }

    #[test]
    fn no_command_is_longer_than_what_is_looked_for() {
        assert_eq!(entries().map(|entry| entry.path().len()).max(), Some(LONGEST));
    }
}
