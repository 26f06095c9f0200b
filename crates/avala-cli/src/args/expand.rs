//! Inserts the aliases and default options of a profile into the command line before it is parsed.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::args::global::WITH_VALUE;
use crate::config::{self, Config};
use crate::failure::{Failure, Outcome};
use crate::key::chosen_profile;

/// Maximum number of aliases that expand to another alias.
const MOST_ALIASES: usize = 8;

/// Returns the command line with aliases replaced and default options added.
///
/// A configuration that cannot be read adds nothing here; the command reports it if it needs one.
///
/// # Errors
/// Wrong usage if an alias leads to itself.
pub(crate) fn expand(args: Vec<OsString>, is_command: impl Fn(&[&str]) -> bool) -> Outcome<Vec<OsString>> {
    let Some(config) = load(&args) else { return Ok(args) };
    let profile = chosen_profile(&config, option(&args, "--profile")).ok().flatten().map(|(name, _)| name);
    let mut args = args;
    let mut names = Vec::new();
    loop {
        let Some(at) = first_word(&args) else { return Ok(args) };
        let Some(word) = args[at].to_str().map(str::to_owned) else { return Ok(args) };
        if is_command(&[&word]) {
            break;
        }
        let Some(words) = config.alias(profile.as_deref(), &word).and_then(shlex::split) else { return Ok(args) };
        if names.len() == MOST_ALIASES || names.contains(&word) {
            let (first, path) = (names.first().unwrap_or(&word), config.path.display());
            return Err(Failure::usage(format!(
                "the alias {first:?} of {path} leads to itself, or over too many others"
            )));
        }
        names.push(word);
        args.splice(at..=at, words.into_iter().map(OsString::from));
    }
    Ok(match profile {
        Some(profile) => with_defaults(args, &config, &profile, is_command),
        None => args,
    })
}

fn load(args: &[OsString]) -> Option<Config> {
    let path = config::path_of(option(args, "--config-file").map(Path::new)).ok()?;
    path.exists().then(|| Config::load(&path).ok()).flatten()
}

fn with_defaults(
    mut args: Vec<OsString>,
    config: &Config,
    profile: &str,
    is_command: impl Fn(&[&str]) -> bool,
) -> Vec<OsString> {
    let Some(start) = first_word(&args) else { return args };
    let mut words: Vec<&str> = Vec::new();
    for arg in &args[start..] {
        let Some(word) = arg.to_str() else { break };
        words.push(word);
        if !is_command(&words) {
            words.pop();
            break;
        }
    }
    let end = start + words.len();
    let of = |command: &str| config.default_options(profile, command).and_then(shlex::split).unwrap_or_default();
    let mut added = of("*");
    added.extend(of(&words.join(" ")));
    let mut kept = Vec::new();
    let mut is_kept = false;
    for word in added {
        if word.starts_with('-') && word != "-" {
            is_kept = !is_given(&args, &word);
        }
        if is_kept {
            kept.push(OsString::from(word));
        }
    }
    args.splice(end..end, kept);
    args
}

/// Returns whether the command line already has the option, in any form.
fn is_given(args: &[OsString], word: &str) -> bool {
    let long = |name: &str| if name == "-o" { "--output".to_owned() } else { name.to_owned() };
    let name = long(word.split('=').next().unwrap_or(word));
    args.iter().filter_map(|arg| arg.to_str()).any(|arg| {
        let given = arg.split('=').next().unwrap_or(arg);
        long(given) == name || name == "--output" && arg.starts_with("-o") && !arg.starts_with("--")
    })
}

/// Returns the value of a global option, before the line is parsed.
fn option<'a>(args: &'a [OsString], name: &str) -> Option<&'a str> {
    let mut found = None;
    let mut rest = args.iter().skip(1).map(OsString::as_os_str).take_while(|arg| *arg != OsStr::new("--"));
    while let Some(arg) = rest.next() {
        let Some(arg) = arg.to_str() else { continue };
        if arg == name {
            found = rest.next().and_then(OsStr::to_str);
        } else if let Some(value) = arg.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            found = Some(value);
        }
    }
    found
}

/// Returns the position of the first word that is neither an option nor the value of an option.
pub(crate) fn first_word(args: &[OsString]) -> Option<usize> {
    let mut position = 1;
    while let Some(arg) = args.get(position) {
        let text = arg.to_str().unwrap_or_default();
        if WITH_VALUE.contains(&text) {
            position += 2;
        } else if text.starts_with('-') && text != "-" {
            position += 1;
        } else {
            return Some(position);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_command_is_found_behind_global_options() {
        assert_eq!(first_word(&line("avala -o json --base-url=x --debug --profile p datasets list")), Some(7));
        assert_eq!(first_word(&line("avala --version")), None);
        assert_eq!(option(&line("avala x --profile a --profile=b"), "--profile"), Some("b"));
    }

    #[test]
    fn options_of_the_line_replace_defaults() {
        assert!(is_given(&line("avala -ojson datasets list"), "--output"));
        assert!(is_given(&line("avala --limit=3"), "--limit"));
        assert!(!is_given(&line("avala datasets list"), "--limit"));
    }
}
