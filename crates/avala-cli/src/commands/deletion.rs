//! Asks for the name of a resource before deleting it.

use avala_client::Avala;
use clap::ArgMatches;

use crate::commands::context::Context;
use crate::commands::input::{Input, Prepared, Reply};
use crate::commands::row::Row;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::escape;

/// Maximum length in characters of a name that the user has to type.
const LONGEST_NAME: usize = 80;

/// Returns the group of the resource that `row` deletes; `None` if `row` deletes nothing.
pub(super) fn deleted_group(row: &Row) -> Option<&'static [&'static str]> {
    let (verb, group) = row.path.split_last()?;
    (*verb == "delete").then_some(group)
}

/// Returns whether `row` deletes a resource, or a part of one as `delete-team`.
pub(super) fn is_deletion(row: &Row) -> bool {
    row.path.last().is_some_and(|verb| *verb == "delete" || verb.starts_with("delete-"))
}

/// Reads the name of what is deleted with the command `reader`; `None` if it has none that can be typed.
///
/// # Errors
/// Fails if the resource does not exist or cannot be read.
pub(super) async fn name(
    avala: &Avala,
    reader: Option<&Row>,
    matches: &ArgMatches,
    organization: Option<&str>,
) -> Outcome<Option<String>> {
    let Some(get) = reader else { return Ok(None) };
    let input = Input::new(get.call, get.args, matches, organization);
    let Prepared { send: Reply::One(send), .. } = (get.prepare)(avala, &input)? else { return Ok(None) };
    let value = Data::of(&send.await?);
    Ok(value.text_at("name").filter(|name| can_be_typed(name)).map(str::to_owned))
}

/// Asks for the name or the UID. Any other reply is exit code 1, like the reply "no" in the official program.
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

/// Returns whether a name is short enough to type and has no invisible or misleading characters.
fn can_be_typed(name: &str) -> bool {
    let is_plain = name == name.trim() && !name.contains(escape::is_hostile);
    is_plain && !name.is_empty() && name.chars().count() <= LONGEST_NAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_asked_for() {
        assert!(can_be_typed("Night drives") && can_be_typed("日本"));
        for name in ["", " a", "a\nb", "a\u{202e}b", "a\u{200b}", &"x".repeat(81)] {
            assert!(!can_be_typed(name), "{name:?}");
        }
    }
}
