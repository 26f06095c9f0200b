//! Options, settings and reports of uploads and downloads.

pub(super) mod download;
mod progress;
pub(super) mod recording;
pub(super) mod upload;

use std::path::PathBuf;
use std::time::Duration;

use avala_client::transport::Proxy;
use avala_transfer::{BandwidthLimit, Error, ErrorKind, Report, Run, Transfers};
use clap::{Arg, ArgMatches, Command, value_parser};
use etcetera::BaseStrategy as _;

use crate::args::global::duration;
use crate::client::{self, ClientOptions};
use crate::commands::context::Context;
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome, shell_word};
use crate::terminal::signals;

use progress::Progress;

/// Adds the options of every transfer.
fn options(command: Command) -> Command {
    const HEADING: &str = "Transfer";
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help_heading(HEADING).help(help)
    };
    command
        .arg(text("bwlimit", "RATE", "Bytes per second at most, such as 500k or 2M [default: none]"))
        .arg(
            text("workers", "N", "Files and parts at a time, at most 10 [default: 8]")
                .value_parser(value_parser!(u64).range(1..=256)),
        )
        .arg(
            text(
                "state-folder",
                "FOLDER",
                "Folder with the state of interrupted transfers [default: ~/.local/state/avala/transfers]",
            )
            .value_parser(value_parser!(PathBuf)),
        )
        .arg(text("max-bytes", "N", "End at this many bytes, such as 500M; the same command continues"))
        .arg(
            text("max-time", "SECONDS", "End after this time; the same command continues")
                .value_parser(value_parser!(f64)),
        )
}

/// Returns a `Transfers` with the settings of the options.
fn transfers(context: &Context, matches: &ArgMatches, needs_key: bool) -> Outcome<Transfers> {
    // The progress line of a transfer shows its waits.
    let options = ClientOptions { waits: None, ..context.globals.client };
    let connection = context.connection()?;
    let avala =
        if needs_key { client::with_key(connection, options)? } else { client::without_key(connection, options)? };
    let folder = match matches.get_one::<PathBuf>("state-folder") {
        Some(folder) => folder.clone(),
        None => state_folder()?,
    };
    let proxy = Proxy::from_env().map_err(|error| Failure::usage(error.to_string()))?;
    let mut builder = Transfers::builder(avala)
        .state_folder(folder)
        .max_uploads(workers(matches))
        .storage_connections(move |transport| transport.proxy(proxy.clone()));
    if let Ok(folders) = etcetera::base_strategy::Xdg::new() {
        builder = builder.official_client_state(folders.home_dir().join(".avala/uploads"));
    }
    if let Some(rate) = matches.get_one::<String>("bwlimit") {
        builder = builder.bandwidth_limit(BandwidthLimit::new(bytes("--bwlimit", rate)?));
    }
    builder.build().map_err(failure)
}

fn workers(matches: &ArgMatches) -> usize {
    matches.get_one::<u64>("workers").map_or(8, |&workers| usize::try_from(workers).unwrap_or(8))
}

fn state_folder() -> Outcome<PathBuf> {
    let folders = etcetera::base_strategy::Xdg::new().ok();
    let folder = folders.and_then(|folders| folders.state_dir());
    let folder = folder
        .ok_or_else(|| Failure::usage("no folder for the state of transfers: set HOME or pass --state-folder"))?;
    Ok(folder.join("avala").join("transfers"))
}

/// Limits of one run, from `--max-bytes` and `--max-time`.
fn limits(matches: &ArgMatches) -> Outcome<(Option<u64>, Option<Duration>)> {
    let bytes = matches.get_one::<String>("max-bytes").map(|text| bytes("--max-bytes", text)).transpose()?;
    let time = matches.get_one::<f64>("max-time").map(|&seconds| duration("--max-time", seconds)).transpose()?;
    Ok((bytes, time))
}

/// Parses a number of bytes with a decimal unit.
fn bytes(option: &str, text: &str) -> Outcome<u64> {
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().trim_end_matches('b') {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        _ => 0,
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|&bytes| bytes > 0);
    number
        .ok_or_else(|| Failure::usage(format!("{option} {text:?} is not a number of bytes; pass one like 500k or 2M")))
}

/// Converts the error of a transfer to a failure.
fn failure(error: Error) -> Failure {
    let code = match (error.kind(), error.api_error()) {
        (_, Some(error)) => ExitCode::of(error.kind()),
        (ErrorKind::Configuration | ErrorKind::Source | ErrorKind::Target, None) => ExitCode::Usage,
        (ErrorKind::QuotaExceeded, None) => ExitCode::Limit,
        (ErrorKind::Incomplete | ErrorKind::LimitReached, None) => ExitCode::Partial,
        (ErrorKind::Processing, None) => ExitCode::JobFailed,
        (ErrorKind::Cancelled, None) => ExitCode::Interrupted,
        (ErrorKind::Storage, None) if error.status().is_none() => ExitCode::Network,
        _ => ExitCode::Other,
    };
    let hint = if error.kind() == ErrorKind::State { "; --state-folder names another folder" } else { "" };
    Failure::new(code, format!("{error}{hint}"))
}

/// Runs a transfer with progress. The first Ctrl-C stops it so that it can be resumed, the second ends the program.
async fn drive<T: Send + 'static>(context: &mut Context, run: Run<T>) -> Outcome<T> {
    let mut progress = Progress::new(context);
    let mut events = run.events();
    let control = run.control();
    let mut run = std::pin::pin!(run);
    let mut is_interrupted = false;
    let mut is_over = false;
    let mut unwritable = None;
    let result = loop {
        tokio::select! {
            biased;
            () = signals::first_interrupt(), if !is_interrupted => {
                is_interrupted = true;
                control.cancel();
                context.notes.line("Stopping; press Ctrl-C again to end immediately.");
            }
            event = events.next(), if !is_over => match event {
                Some(event) => if let Err(failure) = progress.event(context, &event) {
                    // Without a reader of the events the transfer goes on; a full disk ends it as Ctrl-C does.
                    progress.end();
                    if !failure.is_closed_pipe() {
                        unwritable = Some(failure);
                        control.cancel();
                    }
                },
                None => is_over = true,
            },
            result = &mut run => break result,
        }
    };
    progress.end();
    signals::end_grace();
    if let Some(failure) = unwritable {
        return Err(Failure::new(failure.code, format!("{}; continue with: {}", failure.line(), command_line())));
    }
    result.map_err(|error| {
        let is_resumable = error.is_resumable() || is_interrupted;
        let is_cancelled = error.kind() == ErrorKind::Cancelled;
        let failure = if is_cancelled && is_interrupted { Failure::interrupted() } else { failure(error) };
        if is_resumable {
            Failure::new(failure.code, format!("{}; continue with: {}", failure.line(), command_line()))
        } else {
            failure
        }
    })
}

/// Returns the command line without its key, to run it again.
fn command_line() -> String {
    let mut words = vec!["avala".to_owned()];
    let mut is_key = false;
    for word in std::env::args_os().skip(1) {
        words.push(match word.to_str() {
            _ if is_key => "***".to_owned(),
            Some(text) if text.starts_with("--api-key=") => "--api-key=***".to_owned(),
            _ => shell_word(&word),
        });
        is_key = word == "--api-key";
    }
    words.join(" ")
}

/// Returns the report of a run, for programs.
fn report(report: &Report) -> Data {
    let failed =
        report.failed().map(|(path, error)| Data::map([("path", path.into()), ("error", error.to_string().into())]));
    Data::map([
        ("files", report.files.len().into()),
        ("transferred", report.transferred().into()),
        ("skipped", report.skipped().into()),
        ("failed", Data::List(failed.collect())),
        ("bytes", report.totals.bytes_done.into()),
        ("bytes_transferred", report.totals.bytes_transferred.into()),
        ("seconds", Data::Number(format!("{:.3}", report.elapsed.as_secs_f64()))),
        ("warnings", Data::List(report.warnings.iter().map(|warning| Data::from(warning.as_str())).collect())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_decimal_units() {
        for (text, number) in [("1", 1), ("500k", 500_000), ("2M", 2_000_000), ("3GB", 3_000_000_000), ("7kb", 7_000)] {
            assert_eq!(bytes("--bwlimit", text).ok(), Some(number), "{text}");
        }
        for text in ["", "0", "k", "-1", "1.5M", "2T", "99999999999999999999"] {
            assert!(bytes("--bwlimit", text).is_err(), "{text}");
        }
    }
}
