//! Waits for exports, datasets, auto-label jobs and recordings.

use std::time::{Duration, Instant};

use avala_client::types::{DatasetStatus, Json};
use avala_client::{Progress, Wait};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use serde::Serialize;

use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::known_fields;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome, after_printing};

/// How often progress is reported if stderr is not a terminal.
const QUIET_INTERVAL: Duration = Duration::from_secs(60);

pub(super) const COMMANDS: &[Special] = &[
    Special {
        path: &["exports", "wait"],
        about: "Wait until an export is done; fails if it failed",
        build: |command| build(command, "2", "300", "avala exports wait UID"),
        run: |context, matches| Box::pin(exports(context, matches)),
    },
    Special {
        path: &["datasets", "wait"],
        about: "Wait until a dataset has a status; fails if it cannot reach the status",
        build: |command| {
            build(command, "10", "3600", "avala datasets wait UID --timeout 600").arg(
                Arg::new("status").long("status").value_name("STATUS").help("Status to wait for [default: created]"),
            )
        },
        run: |context, matches| Box::pin(datasets(context, matches)),
    },
    Special {
        path: &["auto-label", "wait"],
        about: "Wait until an auto-label job is done; fails if it failed",
        build: |command| build(command, "5", "3600", "avala auto-label wait UID"),
        run: |context, matches| Box::pin(auto_label(context, matches)),
    },
    Special {
        path: &["fleet", "recordings", "wait"],
        about: "Wait until a recording is ready; fails if it failed",
        build: |command| build(command, "10", "3600", "avala fleet recordings wait UID"),
        run: |context, matches| Box::pin(recordings(context, matches)),
    },
];

fn build(command: Command, interval: &'static str, timeout: &'static str, example: &str) -> Command {
    let time = |name: &'static str, default: &'static str, help: &'static str| {
        let arg = Arg::new(name).long(name).value_name("SECONDS").default_value(default).hide_default_value(true);
        arg.value_parser(value_parser!(f64)).help(format!("{help} [default: {default}]"))
    };
    command
        .arg(Arg::new("uid").value_name("UID").required(true).help("UID of the job, dataset or recording"))
        .arg(time("interval", interval, "Time between two calls"))
        .arg(time("timeout", timeout, "Maximum time to wait; then the exit code is 7"))
        .arg(Arg::new("quiet").long("quiet").action(ArgAction::SetTrue).help("Report no progress"))
        .after_help(format!("Exit code 9 if the job failed, 7 on a timeout.\nExample:\n  {example}"))
}

async fn exports(context: &mut Context, matches: &ArgMatches) -> Outcome {
    context.printer.set_known(known_fields::of("exports.get"));
    let wait = context.avala()?.exports().wait(uid(matches));
    follow(context, wait, &Pace::read(matches)?).await
}

async fn auto_label(context: &mut Context, matches: &ArgMatches) -> Outcome {
    context.printer.set_known(known_fields::of("auto_label_jobs.get"));
    let wait = context.avala()?.auto_label_jobs().wait(uid(matches));
    follow(context, wait, &Pace::read(matches)?).await
}

async fn recordings(context: &mut Context, matches: &ArgMatches) -> Outcome {
    context.printer.set_known(known_fields::of("fleet.recordings.get"));
    let wait = context.avala()?.fleet().recordings().wait(uid(matches));
    follow(context, wait, &Pace::read(matches)?).await
}

async fn datasets(context: &mut Context, matches: &ArgMatches) -> Outcome {
    context.printer.set_known(known_fields::of("datasets.get"));
    let datasets = context.avala()?.datasets();
    let wait = match matches.get_one::<String>("status").map(String::as_str) {
        None | Some("created") => datasets.wait(uid(matches)),
        Some(wanted) => {
            let wanted = DatasetStatus::from(wanted);
            datasets.get(uid(matches)).wait_with(move |dataset| match &dataset.status {
                Some(status) if *status == wanted => Progress::Ready,
                status => Progress::Running(status.as_ref().map(ToString::to_string)),
            })
        }
    };
    follow(context, wait, &Pace::read(matches)?).await
}

fn uid(matches: &ArgMatches) -> String {
    matches.get_one::<String>("uid").cloned().unwrap_or_default()
}

/// How a job is polled and reported.
pub(crate) struct Pace {
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) is_quiet: bool,
}

impl Pace {
    fn read(matches: &ArgMatches) -> Outcome<Self> {
        let time =
            |name: &str| duration(&format!("--{name}"), matches.get_one::<f64>(name).copied().unwrap_or_default());
        Ok(Self { interval: time("interval")?, timeout: time("timeout")?, is_quiet: matches.get_flag("quiet") })
    }
}

/// Polls a job to its end, reports its progress, and prints its last state even if it failed.
pub(crate) async fn follow<T>(context: &mut Context, wait: Wait<T>, pace: &Pace) -> Outcome
where
    T: Serialize + Send + 'static,
{
    let mut states = wait.poll_interval(pace.interval).timeout(pace.timeout).states();
    let started = Instant::now();
    let mut last = None;
    let mut reported: Option<(String, Instant)> = None;
    while let Some(state) = states.next().await {
        match state {
            Ok(value) => {
                let data = Json::encode(&value).map(|json| Data::of(&json)).unwrap_or(Data::Null);
                let status = data.text_at("status").unwrap_or("unknown").to_owned();
                let is_due = reported.as_ref().is_none_or(|(before, at)| {
                    *before != status || context.terminal.stderr || at.elapsed() >= QUIET_INTERVAL
                });
                if is_due && !pace.is_quiet {
                    let uid = data.identity().unwrap_or_default();
                    let line = format!("{uid}: {status} after {:.0} s", started.elapsed().as_secs_f64());
                    context.notes.line(&crate::output::escape::line(&line));
                    reported = Some((status, Instant::now()));
                }
                last = Some(data);
            }
            Err(error) => {
                let printed = match (&last, error.kind()) {
                    (Some(data), avala_client::ErrorKind::JobFailed) => context.printer.value(data, &[]),
                    _ => Ok(()),
                };
                return after_printing(printed, Err(Failure::from(error)));
            }
        }
    }
    match last {
        Some(data) => context.printer.value(&data, &[]),
        None => Ok(()),
    }
}
