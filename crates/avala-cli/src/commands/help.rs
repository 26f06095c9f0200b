//! `avala help`: help of commands, and topics.

use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::failure::{Failure, Outcome};
use crate::topics;

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["help"],
    about: "Help of a command, or of a topic: exit-codes, environment, formatting, configuration, privacy",
    build: |command: Command| {
        command.arg(
            Arg::new("words")
                .value_name("COMMAND|TOPIC")
                .num_args(..)
                .action(ArgAction::Append)
                .help("What to explain"),
        )
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
    for word in &words {
        let child = command.find_subcommand(word).cloned();
        command = child.ok_or_else(|| {
            let topics = topics::names().join(", ");
            Failure::usage(format!("there is no command or topic {:?}; topics are {topics}", words.join(" ")))
        })?;
    }
    let text = command.render_long_help().to_string();
    context.printer.write(&text)?;
    context.printer.flush()
}
