//! Deletions ask for the name of what they delete.

use avala_client::Avala;
use clap::ArgMatches;

use crate::commands::context::Context;
use crate::commands::input::{Input, Prepared, Reply};
use crate::commands::row::Row;
use crate::commands::{Entry, entries};
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::escape;

/// Longest name that somebody is asked to type, in characters.
const LONGEST_NAME: usize = 80;

pub(super) fn is_deletion(row: &Row) -> bool {
    row.path.last() == Some(&"delete")
}

/// The command that reads what `row` deletes, if there is one that takes the same arguments.
fn reader(row: &Row, matches: &ArgMatches) -> Option<&'static Row> {
    let (_, group) = row.path.split_last()?;
    let is_known = |name: &str| matches.try_contains_id(name).is_ok();
    entries().find_map(|entry| match entry {
        Entry::Row(get) if get.path.split_last() == Some((&"get", group)) => {
            get.args.iter().all(|arg| is_known(arg.name)).then_some(*get)
        }
        _ => None,
    })
}

/// Reads the name of what `row` deletes; `None` if it has none that can be typed.
///
/// # Errors
/// When it does not exist or cannot be read: there is nothing to ask then.
pub(super) async fn name(
    avala: &Avala,
    row: &Row,
    matches: &ArgMatches,
    organization: Option<&str>,
) -> Outcome<Option<String>> {
    let Some(get) = reader(row, matches) else { return Ok(None) };
    let input = Input::new(get.call, get.args, matches, organization);
    let Prepared { send: Reply::One(send), .. } = (get.prepare)(avala, &input)? else { return Ok(None) };
    let value = Data::of(&send.await?);
    Ok(value.text_at("name").filter(|name| can_be_typed(name)).map(str::to_owned))
}

/// Asks for the name or the UID. Any other reply is exit code 1, as a no to the official program.
pub(super) async fn confirm(context: &Context, row: &Row, input: &Input<'_>, name: Option<String>) -> Outcome {
    let uid = row.args.iter().rfind(|arg| arg.is_positional).map(|arg| input.text(arg.name)).unwrap_or_default();
    let (shown, expected) = match &name {
        Some(name) if *name != uid => (format!("{name} ({uid})"), name),
        _ => (uid.clone(), &uid),
    };
    let question = format!("{}: {shown}. Type \"{expected}\" to confirm", row.about);
    if context.prompt.typed(&question, &[expected, &uid]).await? {
        return Ok(());
    }
    Err(Failure::other("aborted: the reply is not the name; nothing was changed"))
}

/// Whether a name of the API is what it looks like, and short enough to type.
fn can_be_typed(name: &str) -> bool {
    let is_plain = name == name.trim() && !name.contains(escape::is_hostile);
    is_plain && !name.is_empty() && name.chars().count() <= LONGEST_NAME
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    #[test]
    fn deletions_read_the_name_wherever_a_command_does() {
        let mut read = 0;
        for entry in entries() {
            let Entry::Row(row) = entry else { continue };
            if !is_deletion(row) {
                continue;
            }
            let mut line = vec!["avala".to_owned()];
            line.extend(row.path.iter().map(|word| (*word).to_owned()));
            for arg in row.args {
                line.extend((!arg.is_positional).then(|| format!("--{}", arg.name)));
                line.push("x".to_owned());
            }
            let matches = args::root().try_get_matches_from(&line).unwrap();
            let mut own = &matches;
            while let Some((_, child)) = own.subcommand() {
                own = child;
            }
            let group = &row.path[..row.path.len() - 1];
            let exists = entries().any(|entry| entry.path().split_last() == Some((&"get", group)));
            assert_eq!(reader(row, own).is_some(), exists, "{:?}", row.path);
            read += usize::from(exists);
        }
        assert!(read > 5);
    }

    #[test]
    fn only_plain_names_are_asked_for() {
        assert!(can_be_typed("Night drives") && can_be_typed("日本"));
        for name in ["", " a", "a\nb", "a\u{202e}b", "a\u{200b}", &"x".repeat(81)] {
            assert!(!can_be_typed(name), "{name:?}");
        }
    }
}
