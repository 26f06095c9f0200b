//! Options that every command has, before or after its name.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, value_parser};

use crate::client::{ClientOptions, DebugFormat};
use crate::failure::{Failure, Outcome};
use crate::key::KeyOptions;
use crate::output::jq::Filter;
use crate::output::template::Template;
use crate::output::{FORMATS, Format, Style};
use crate::terminal::Notes;

const CONNECTION: &str = "Connection";
const OUTPUT: &str = "Output";

/// Global options that take a value, to find the command on a line.
pub(crate) const WITH_VALUE: &[&str] = &[
    "-o",
    "--output",
    "--api-key",
    "--api-key-file",
    "--api-key-command",
    "--base-url",
    "--profile",
    "--config-file",
    "--call-timeout",
    "--max-attempts",
    "--fields",
    "--jq",
    "--template",
];

/// Returns the global options, for clap.
pub(crate) fn args() -> Vec<Arg> {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).global(true).help(help)
    };
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).global(true).action(ArgAction::SetTrue).help(help)
    };
    let connection = [
        text("profile", "NAME", "Use the key, base URL and settings of this profile; see `avala profiles`"),
        text("api-key", "KEY", "The API key. Other users of this machine can see it: prefer --api-key-file"),
        text("api-key-file", "FILE", "Read the API key from a file; `-` is stdin")
            .value_parser(value_parser!(PathBuf))
            .conflicts_with("api-key"),
        text(
            "api-key-command",
            "COMMAND",
            "Run a program that prints {\"version\": 1, \"api_key\": ..., \"expires_at\": ...}",
        )
        .conflicts_with_all(["api-key", "api-key-file"]),
        text("base-url", "URL", "Base URL of the API [default: https://api.avala.ai/api/v1]"),
        flag("allow-insecure-base-url", "Allow plain http to this machine, such as to a sandbox"),
        text("call-timeout", "SECONDS", "Timeout of each call, retries included [default: 60]")
            .value_parser(value_parser!(f64)),
        text("max-attempts", "N", "Maximum number of attempts of a call [default: 3]")
            .value_parser(value_parser!(u32).range(1..=100)),
        text("config-file", "FILE", "The configuration file [default: ~/.config/avala/config.toml]")
            .value_parser(value_parser!(PathBuf)),
    ];
    let names = PossibleValuesParser::new(FORMATS.iter().map(|(name, ..)| *name));
    let output = [
        text("output", "FORMAT", "Output format [default: table]").short('o').value_parser(names),
        text("fields", "A,B", "Print only these fields; `a.b` is a field in a field").value_delimiter(','),
        text("jq", "FILTER", "Filter the JSON in the language of jq; strings are printed without quotes"),
        text("template", "TEMPLATE", "Print each record with a Jinja template, such as '{{ uid }} {{ name }}'"),
        flag("debug", "Print each request to stderr, without secrets, with its status and time"),
        flag("no-input", "Never prompt; fail if an input is needed"),
    ];
    let connection = connection.into_iter().map(|arg| arg.help_heading(CONNECTION));
    connection.chain(output.into_iter().map(|arg| arg.help_heading(OUTPUT))).collect()
}

/// The values of the global options.
#[derive(Debug)]
pub(crate) struct Globals {
    pub(crate) key: KeyOptions,
    pub(crate) config_file: Option<PathBuf>,
    pub(crate) format: Format,
    pub(crate) no_input: bool,
    pub(crate) client: ClientOptions,
}

/// Returns the output format of the options, also if other options are invalid.
pub(crate) fn format_of(matches: &ArgMatches, default: Format) -> Format {
    let name = matches.try_get_one::<String>("output").ok().flatten();
    name.and_then(|name| Format::parse(name)).unwrap_or(default)
}

impl Globals {
    pub(crate) fn read(matches: &ArgMatches, default: Format) -> Outcome<Self> {
        let text = |name: &str| matches.get_one::<String>(name).cloned();
        let path = |name: &str| matches.get_one::<PathBuf>(name).cloned();
        let format = format_of(matches, default);
        let debug_format = if format.is_json() { DebugFormat::Json } else { DebugFormat::Text };
        let timeout = match matches.get_one::<f64>("call-timeout") {
            None => None,
            Some(&seconds) => Some(duration("--call-timeout", seconds)?),
        };
        Ok(Self {
            key: KeyOptions {
                api_key: text("api-key"),
                api_key_file: path("api-key-file"),
                api_key_command: text("api-key-command"),
                base_url: text("base-url"),
                allow_insecure_base_url: matches.get_flag("allow-insecure-base-url"),
                profile: text("profile"),
            },
            config_file: path("config-file"),
            format,
            no_input: matches.get_flag("no-input"),
            client: ClientOptions {
                timeout,
                max_attempts: matches.get_one::<u32>("max-attempts").copied(),
                debug: matches.get_flag("debug").then_some(debug_format),
                waits: Some(Notes::new(format)),
            },
        })
    }
}

/// Returns how results are printed, by the options of a command.
pub(crate) fn style(matches: &ArgMatches, default: Format) -> Outcome<Style> {
    let text = |name: &str| matches.try_get_one::<String>(name).ok().flatten();
    let fields = matches.get_many::<String>("fields").map(|fields| fields.cloned().collect());
    let sort = text("sort").map(|path| match path.strip_prefix('-') {
        Some(path) => (path.to_owned(), true),
        None => (path.clone(), false),
    });
    // A filter or a template works on JSON; an explicit format selects an array or lines.
    let is_default = matches.value_source("output") != Some(ValueSource::CommandLine);
    let jq = text("jq").map(|code| Filter::new(code)).transpose()?;
    let template = text("template").map(|source| Template::new(source)).transpose()?;
    let default = if is_default && jq.is_some() { Format::Json } else { default };
    let format = format_of(matches, default);
    Ok(Style { format, fields, sort, jq, template })
}

/// Longest time that an option can set: a longer one is a mistake, and could not be added to the time of now.
const LONGEST: Duration = Duration::from_secs(1_000_000_000);

/// Returns a number of seconds as a duration.
pub(crate) fn duration(option: &str, seconds: f64) -> Outcome<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero() && *time <= LONGEST).ok_or_else(|| {
        let most = LONGEST.as_secs();
        Failure::usage(format!("{option} has to be a positive number of seconds, at most {most}"))
    })
}
