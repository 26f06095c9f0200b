//! `avala fleet triage`: shows open alerts and silent devices.

use avala_client::types::{Json, Timestamp};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use time::OffsetDateTime;

use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::run::{confirm, request_data, request_text};
use crate::commands::special::Special;
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome};
use crate::output::Format;

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["fleet", "triage"],
    about: "Show unacknowledged alerts and silent devices",
    build: |command: Command| {
        let flag =
            |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
        let silent =
            Arg::new("silent-after").long("silent-after").value_name("SECONDS").value_parser(value_parser!(f64));
        command
            .arg(silent.help("A device is silent if it was not seen for this time [default: 3600]"))
            .arg(Arg::new("severity").long("severity").value_name("SEVERITY").help("Filter by severity"))
            .arg(flag("acknowledge", "Acknowledge the shown alerts, after a prompt"))
            .arg(flag("dry-run", "Print the requests of --acknowledge instead of sending them").requires("acknowledge"))
            .arg(flag("yes", "Do not prompt").short('y'))
            .after_help("Example:\n  avala fleet triage --severity critical --acknowledge")
    },
    run: |context, matches| Box::pin(run(context, matches)),
}];

const ALERT_COLUMNS: &[&str] = &["uid", "severity", "device", "message", "triggered_at"];
const DEVICE_COLUMNS: &[&str] = &["uid", "name", "status", "last_seen_at", "silent_seconds"];

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let silent_after = match matches.get_one::<f64>("silent-after") {
        Some(&time) => duration("--silent-after", time)?,
        None => std::time::Duration::from_secs(3600),
    };
    let avala = context.avala()?;
    let mut list = avala.fleet().alerts().list().status("open").limit(500);
    if let Some(severity) = matches.get_one::<String>("severity") {
        list = list.severity(severity.as_str());
    }
    let mut alerts = Vec::new();
    let mut items = list.decode_as::<Json>().items();
    while let Some(item) = items.next().await {
        alerts.push(Data::of(&item?));
    }
    let rank = |alert: &Data| match alert.text_at("severity") {
        Some("critical") => 0,
        Some("error" | "high") => 1,
        Some("warning" | "medium") => 2,
        _ => 3,
    };
    alerts.sort_by_key(rank);
    if matches.get_flag("dry-run") {
        return print_requests(context, &avala, &alerts);
    }
    let mut devices = Vec::new();
    let mut items = avala.fleet().devices().list().limit(500).decode_as::<Json>().items();
    while let Some(item) = items.next().await {
        if let Some(device) = silent(Data::of(&item?), silent_after) {
            devices.push(device);
        }
    }
    print(context, &alerts, &devices)?;
    if matches.get_flag("acknowledge") && !alerts.is_empty() {
        if !matches.get_flag("yes") {
            confirm(context, &format!("Acknowledge {} alerts?", alerts.len())).await?;
        }
        acknowledge(context, &avala, &alerts).await?;
    }
    Ok(())
}

/// Prints the request that acknowledges each alert.
fn print_requests(context: &mut Context, avala: &avala_client::Avala, alerts: &[Data]) -> Outcome {
    let uids = alerts.iter().filter_map(|alert| alert.text_at("uid"));
    let requests = uids.map(|uid| avala.fleet().alerts().acknowledge(uid).to_http());
    let requests = requests.collect::<Result<Vec<_>, _>>()?;
    if context.globals.format == Format::Table {
        for request in &requests {
            context.printer.write(&request_text(request))?;
        }
        return context.printer.flush();
    }
    context.printer.value(&Data::List(requests.iter().map(request_data).collect()), &[])
}

/// Returns the device with how long it has been silent; `None` if it is not.
fn silent(device: Data, after: std::time::Duration) -> Option<Data> {
    if matches!(device.text_at("status"), Some("decommissioned" | "retired" | "maintenance")) {
        return None;
    }
    let seen = device.text_at("last_seen_at").and_then(|time| time.parse::<Timestamp>().ok()).map(OffsetDateTime::from);
    let silence = seen.map(|seen| (OffsetDateTime::now_utc() - seen).whole_seconds().max(0).unsigned_abs());
    if silence.is_some_and(|silence| silence < after.as_secs()) {
        return None;
    }
    let Data::Map(mut members) = device else { return None };
    members.push(("silent_seconds".to_owned(), silence.into()));
    Some(Data::Map(members))
}

fn print(context: &mut Context, alerts: &[Data], devices: &[Data]) -> Outcome {
    let is_selected = context.printer.style.is_selected();
    if context.globals.format != Format::Table || is_selected {
        let report = [("alerts", Data::List(alerts.to_vec())), ("silent_devices", Data::List(devices.to_vec()))];
        return context.printer.value(&Data::map(report), &[]);
    }
    for (title, records, columns) in
        [("Alerts to acknowledge", alerts, ALERT_COLUMNS), ("Silent devices", devices, DEVICE_COLUMNS)]
    {
        context.printer.write(&format!("{title}: {}\n", records.len()))?;
        if !records.is_empty() {
            context.printer.value(&Data::List(records.to_vec()), columns)?;
        }
    }
    context.printer.flush()
}

async fn acknowledge(context: &Context, avala: &avala_client::Avala, alerts: &[Data]) -> Outcome {
    let mut done = 0;
    for uid in alerts.iter().filter_map(|alert| alert.text_at("uid")) {
        if let Err(error) = avala.fleet().alerts().acknowledge(uid).await {
            let failure = Failure::from(error);
            let code = if done > 0 { ExitCode::Partial } else { failure.code };
            let left = alerts.len() - done;
            return Err(Failure::new(code, format!("acknowledged {done} alerts, {left} are left: {}", failure.line())));
        }
        done += 1;
    }
    context.notes.line(&format!("Acknowledged {done} alerts."));
    Ok(())
}
