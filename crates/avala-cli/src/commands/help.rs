//! `avala help`: help about commands and topics.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::topics;

/// The topic that lists the commands. It is generated from the tree of commands.
const COMMANDS_TOPIC: &str = "commands";

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["help"],
    about: "Help of a command, or of a topic: commands, exit-codes, environment, formatting, configuration, privacy",
    build: |command: Command| {
        let words = Arg::new("words").value_name("COMMAND|TOPIC").num_args(..).action(ArgAction::Append);
        command
            .arg(words.help("Command or topic to explain"))
            .after_help("Examples:\n  avala help exit-codes\n  avala help datasets list")
    },
    run: |context, matches| Box::pin(async move { run(context, matches) }),
}];

fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let words: Vec<&str> = matches.get_many::<String>("words").into_iter().flatten().map(String::as_str).collect();
    if let [topic] = words.as_slice()
        && let Some(text) = topics::find(topic)
    {
        context.printer.write(&text)?;
        return context.printer.flush();
    }
    let mut command = (context.root)();
    command.build();
    if words == [COMMANDS_TOPIC] {
        return list_commands(context, &command);
    }
    for word in &words {
        let child = command.find_subcommand(word).cloned();
        command = child.ok_or_else(|| {
            let topics = topics::names().join(", ");
            Failure::usage(format!(
                "there is no command or topic {:?}; topics are {COMMANDS_TOPIC}, {topics}",
                words.join(" ")
            ))
        })?;
    }
    let text = command.render_long_help().to_string();
    context.printer.write(&text)?;
    context.printer.flush()
}

/// Prints the name and description of every command, in any format.
fn list_commands(context: &mut Context, root: &Command) -> Outcome {
    let mut list = context.printer.list(&["command", "about"]);
    let mut open: Vec<(String, &Command)> = vec![(String::new(), root)];
    while let Some((path, command)) = open.pop() {
        let mut children: Vec<_> = command.get_subcommands().filter(|child| !child.is_hide_set()).collect();
        if children.is_empty() {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            list.record(Data::map([("command", path.as_str().into()), ("about", about.into())]))?;
        }
        children.reverse();
        open.extend(
            children.into_iter().map(|child| (format!("{path} {}", child.get_name()).trim().to_owned(), child)),
        );
    }
    list.finish()
}
