//! Runs a command line and returns its exit code.

use std::ffi::OsString;
use std::io::Write as _;

use clap::ArgMatches;
use clap::error::{ContextKind, ErrorKind};

use crate::args;
use crate::args::global;
use crate::commands::{Context, Entry, reader, run_row, unsupported};
use crate::completion;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome};
use crate::output::Format;
use crate::terminal::{signals, stderr_line};

/// Runs the program.
pub(crate) fn run(args: Vec<OsString>) -> ExitCode {
    if args.len() == 2 && (args[1] == "--version" || args[1] == "-V") {
        // The most frequent request: printed without building the tree of commands.
        return finish(print(&format!("avala {}\n", env!("CARGO_PKG_VERSION"))), Format::Table);
    }
    if args.get(1).is_some_and(|word| word == completion::COMMAND) {
        return finish(print(&completion::complete(args::root(), &args[2..])), Format::Table);
    }
    if let Some(script) = official_script() {
        return finish(print(&script), Format::Table);
    }
    let args = match args::expand(args.clone(), args::is_command) {
        Ok(args) => args,
        Err(failure) => {
            let format = if args::wants_json(&args) { Format::Json } else { Format::Table };
            return finish(Err(failure), format);
        }
    };
    if let Err(failure) = unsupported(&words(&args)) {
        let format = if args::wants_json(&args) { Format::Json } else { Format::Table };
        return finish(Err(failure), format);
    }
    match args::root_for(&args).try_get_matches_from(&args) {
        Ok(matches) => {
            let (path, own) = leaf(&matches);
            let format = global::format_of(own, Format::Table);
            finish(dispatch(&path, own), format)
        }
        Err(error) => {
            let format = if args::wants_json(&args) { Format::Json } else { Format::Table };
            finish(parse_failure(&error), format)
        }
    }
}

/// Returns the completion script that shell start files of the official program request: `_AVALA_COMPLETE=bash_source
/// avala`.
fn official_script() -> Option<String> {
    let wanted = std::env::var(completion::OFFICIAL_VARIABLE).ok()?;
    let shell = completion::shell(wanted.strip_suffix("_source")?)?;
    Some(String::from_utf8_lossy(&completion::static_script(shell, args::root())).into_owned())
}

/// Reports a failure and returns the exit code.
fn finish(outcome: Outcome, format: Format) -> ExitCode {
    let Err(failure) = outcome else { return ExitCode::Success };
    if failure.is_closed_pipe() {
        return failure.code;
    }
    if format.is_json() {
        stderr_line(&failure.json());
    } else {
        stderr_line(&format!("Error: {}", failure.line()));
    }
    failure.code
}

/// Returns the words of the command line that are not options.
fn words(args: &[OsString]) -> Vec<&str> {
    let start = args::first_word(args).unwrap_or(args.len());
    args[start..].iter().map_while(|arg| arg.to_str()).take_while(|word| !word.starts_with('-')).collect()
}

/// Returns the words of the command, and its own arguments.
fn leaf(matches: &ArgMatches) -> (Vec<String>, &ArgMatches) {
    let mut path = Vec::new();
    let mut own = matches;
    while let Some((name, child)) = own.subcommand() {
        path.push(name.to_owned());
        own = child;
    }
    (path, own)
}

fn dispatch(path: &[String], matches: &ArgMatches) -> Outcome {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    let entry =
        Entry::find(&words).ok_or_else(|| Failure::usage(format!("there is no command {:?}", words.join(" "))))?;
    let mut context = Context::new(args::root, matches, entry.default_format())?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("cannot start: {error}")))?;
    signals::install();
    let outcome = runtime.block_on(async {
        match entry {
            Entry::Row(row) => run_row(&mut context, row, reader(row, matches), matches).await,
            Entry::Special(special) => (special.run)(&mut context, matches).await,
        }
    });
    // A thread may be blocked while it reads a line from the terminal.
    runtime.shutdown_background();
    match outcome {
        // The output before a failure ends with a complete line.
        Err(failure) if !failure.is_closed_pipe() => {
            // Without a reader, or on a full disk, the failure itself still counts.
            let _ = context.printer.flush();
            Err(failure)
        }
        outcome => outcome,
    }
}

/// Reports an invalid command line in one line. Help is not a failure.
fn parse_failure(error: &clap::Error) -> Outcome {
    let text = error.render().to_string();
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return print(&text);
    }
    if matches!(error.kind(), ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand) {
        let group = error.get(ContextKind::InvalidSubcommand).map_or_else(|| "avala".to_owned(), ToString::to_string);
        return Err(Failure::usage(format!("no command; `{group} --help` lists them")));
    }
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let lines = lines.iter().take_while(|line| !line.starts_with("Usage:"));
    let line = lines.copied().filter(|line| !line.starts_with("For more information")).collect::<Vec<_>>().join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    Err(Failure::usage(format!("{line}; --help explains the command")))
}

fn print(text: &str) -> Outcome {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| Failure::stdout(&error))
}
