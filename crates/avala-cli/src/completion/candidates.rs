//! Candidates for the last word of a line.

use clap::{Arg, Command};

use crate::completion::values;

/// Returns the candidates for the last of the words, which may be empty.
pub(super) fn of(root: Command, words: &[&str]) -> Vec<String> {
    let Some((current, before)) = words.split_last() else { return Vec::new() };
    let mut command = root;
    command.build();
    let mut path: Vec<String> = Vec::new();
    let mut positionals = 0;
    let mut expects: Option<Arg> = None;
    for word in before {
        if expects.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            expects =
                option(&command, word).filter(|_| !word.contains('=')).filter(|arg| arg.get_action().takes_values());
        } else if let Some(child) = command.find_subcommand(word).filter(|_| positionals == 0).cloned() {
            path.push(child.get_name().to_owned());
            command = child;
        } else {
            positionals += 1;
        }
    }
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let candidates = if let Some(arg) = expects {
        values_of(&arg, &path, words)
    } else if let Some((name, value)) = current.split_once('=').filter(|(name, _)| name.starts_with("--")) {
        let values = option(&command, name).map(|arg| values_of(&arg, &path, words)).unwrap_or_default();
        return starting(values, value).into_iter().map(|value| format!("{name}={value}")).collect();
    } else if current.starts_with('-') {
        options(&command)
    } else if command.has_subcommands() {
        command
            .get_subcommands()
            .filter(|child| !child.is_hide_set())
            .map(|child| child.get_name().to_owned())
            .collect()
    } else {
        let arg = command.get_positionals().nth(positionals).cloned();
        arg.map(|arg| values_of(&arg, &path, words)).unwrap_or_default()
    };
    starting(candidates, current)
}

fn starting(candidates: Vec<String>, start: &str) -> Vec<String> {
    let mut candidates: Vec<String> = candidates.into_iter().filter(|candidate| candidate.starts_with(start)).collect();
    candidates.sort();
    candidates.dedup();
    candidates
}

fn option(command: &Command, word: &str) -> Option<Arg> {
    let name = word.split('=').next().unwrap_or(word);
    let is_it = |arg: &&Arg| match name.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long),
        None => arg.get_short().is_some_and(|short| name.chars().eq(['-', short])),
    };
    command.get_arguments().find(is_it).cloned()
}

fn options(command: &Command) -> Vec<String> {
    let visible = command.get_arguments().filter(|arg| !arg.is_hide_set());
    visible.filter_map(|arg| arg.get_long().map(|long| format!("--{long}"))).collect()
}

/// Returns the possible values of an argument: those of its list, or identifiers of the API.
fn values_of(arg: &Arg, path: &[&str], words: &[&str]) -> Vec<String> {
    let possible = arg.get_possible_values();
    if !possible.is_empty() {
        return possible.iter().map(|value| value.get_name().to_owned()).collect();
    }
    values::of(arg.get_id().as_str(), path, words)
}
