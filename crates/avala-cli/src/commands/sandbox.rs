//! `avala sandbox`: starts an in-memory Avala on a loopback port.

use std::time::Duration;

use avala_sandbox::{RateLimit, Sandbox, Seed};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::Format;

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["sandbox"],
    about: "Start an in-memory Avala, for tests; prints the environment variables to use it",
    build: |command: Command| {
        let number = |name: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name("N").value_parser(value_parser!(u64).range(0..=1_000_000)).help(help)
        };
        command
            .arg(
                Arg::new("port")
                    .long("port")
                    .value_name("PORT")
                    .value_parser(value_parser!(u16))
                    .help("Port [default: a free one]"),
            )
            .arg(Arg::new("key").long("key").value_name("KEY").help("API key of the sandbox [default: avk_test]"))
            .arg(
                Arg::new("seed")
                    .long("seed")
                    .value_name("SEED")
                    .value_parser(["demo", "empty"])
                    .help("Initial data [default: demo]"),
            )
            .arg(number("latency-ms", "Delay of each response in milliseconds"))
            .arg(number("rate-limit", "Requests per minute before a 429"))
            .arg(
                Arg::new("command")
                    .value_name("COMMAND")
                    .num_args(..)
                    .action(ArgAction::Append)
                    .last(true)
                    .help("Run this program with the variables set, then end with its exit code"),
            )
            .after_help(
                "Examples:\n  avala sandbox --port 8080\n  avala sandbox -- avala datasets list\n\n\
                 Paste the printed lines into another shell.",
            )
    },
    run: |context, matches| Box::pin(run(context, matches)),
}];

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let mut builder = Sandbox::builder();
    if let Some(&port) = matches.get_one::<u16>("port") {
        builder = builder.port(port);
    }
    if let Some(key) = matches.get_one::<String>("key") {
        builder = builder.api_key(key.as_str());
    }
    if matches.get_one::<String>("seed").is_some_and(|seed| seed == "empty") {
        builder = builder.seed(Seed::Empty);
    }
    if let Some(&latency) = matches.get_one::<u64>("latency-ms") {
        builder = builder.latency(Duration::from_millis(latency));
    }
    if let Some(&limit) = matches.get_one::<u64>("rate-limit") {
        builder = builder.rate_limit(RateLimit::per_minute(limit));
    }
    let sandbox =
        builder.start().await.map_err(|error| Failure::other(format!("cannot start the sandbox: {error}")))?;
    let variables = [
        ("AVALA_BASE_URL", sandbox.api_url()),
        ("AVALA_API_KEY", sandbox.api_key().to_owned()),
        ("AVALA_ALLOW_INSECURE_BASE_URL", "true".to_owned()),
    ];
    let command: Vec<&String> = matches.get_many::<String>("command").into_iter().flatten().collect();
    if let Some((program, args)) = command.split_first() {
        let child =
            tokio::process::Command::new(program).args(args).envs(variables).env_remove("AVALA_PROFILE").status().await;
        let status = child.map_err(|error| Failure::usage(format!("cannot run {program}: {error}")))?;
        std::process::exit(status.code().unwrap_or(1));
    }
    if context.globals.format == Format::Table {
        for (name, value) in &variables {
            let value = shlex::try_quote(value).map_err(|_| Failure::usage("the key cannot be quoted for a shell"))?;
            context.printer.write(&format!("export {name}={value}\n"))?;
        }
        context.printer.flush()?;
        context.notes.line("The sandbox runs until Ctrl-C; all of its data is in memory.");
    } else {
        let members = variables.map(|(name, value)| (name, Data::from(value)));
        context.printer.value(&Data::map(members), &[])?;
    }
    std::future::pending::<()>().await;
    drop(sandbox);
    Ok(())
}
