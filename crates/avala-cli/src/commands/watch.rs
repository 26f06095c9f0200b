//! `avala watch` and `avala events tail`: print changes as they occur.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use avala_client::types::{Cursor, Json};
use avala_client::{Avala, Error, List};
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};
use crate::output::{Format, escape};

/// Maximum number of records of a list that are compared.
const MOST_RECORDS: usize = 20_000;

/// Maximum number of identifiers that `events tail` remembers.
const MOST_SEEN: usize = 50_000;

const KINDS: &[&str] = &["alerts", "auto-label", "datasets", "devices", "executions", "exports", "recordings", "tasks"];

pub(super) const COMMANDS: &[Special] = &[
    Special {
        path: &["watch"],
        about: "Print changes of jobs, datasets, recordings, alerts, devices or executions",
        build,
        run: |context, matches| Box::pin(watch(context, matches)),
    },
    tail_command(&["events", "tail"]),
    tail_command(&["fleet", "events", "tail"]),
];

const fn tail_command(path: &'static [&'static str]) -> Special {
    Special {
        path,
        about: "Print new events as they occur",
        build: |command: Command| {
            let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
            timing(
                command
                    .arg(text("device", "Filter by device"))
                    .arg(text("recording", "Filter by recording"))
                    .arg(text("type", "Filter by type"))
                    .arg(text("severity", "Filter by severity"))
                    .after_help("Example:\n  avala events tail --severity critical -o ndjson"),
            )
        },
        run: |context, matches| Box::pin(tail(context, matches)),
    }
}

fn build(command: Command) -> Command {
    let text = |name: &'static str, help: &'static str| Arg::new(name).long(name).value_name("TEXT").help(help);
    timing(
        command
            .arg(
                Arg::new("what")
                    .value_name("WHAT")
                    .required(true)
                    .value_parser(PossibleValuesParser::new(KINDS))
                    .help("Kind of records to watch"),
            )
            .arg(Arg::new("agent").value_name("AGENT_UID").help("UID of the agent, for executions"))
            .arg(text("project", "Filter by project: auto-label, tasks, executions"))
            .arg(text("status", "Filter by status"))
            .arg(text("severity", "Filter by severity: alerts"))
            .arg(text("device", "Filter by device: alerts, recordings"))
            .arg(
                Arg::new("initial")
                    .long("initial")
                    .action(ArgAction::SetTrue)
                    .help("Also print the records that exist at the start"),
            )
            .after_help(
                "Each line is a change: new, changed (of status) or gone. With -o ndjson it is an object \
                 {\"change\": ..., \"previous_status\": ..., \"record\": {...}}.\n\
                 Example:\n  avala watch alerts --status open -o ndjson",
            ),
    )
}

fn timing(command: Command) -> Command {
    let time = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("SECONDS").value_parser(value_parser!(f64)).help(help)
    };
    command
        .arg(time("interval", "Time between two calls, at least 0.5 [default: 5]"))
        .arg(time("timeout", "Stop after this time with exit code 0 [default: run until interrupted]"))
}

struct Timing {
    interval: Duration,
    end: Option<Instant>,
}

impl Timing {
    fn read(matches: &ArgMatches) -> Outcome<Self> {
        let time =
            |name: &str| matches.get_one::<f64>(name).map(|&time| duration(&format!("--{name}"), time)).transpose();
        let interval = time("interval")?.unwrap_or(Duration::from_secs(5)).max(Duration::from_millis(500));
        Ok(Self { interval, end: time("timeout")?.map(|time| Instant::now() + time) })
    }

    /// Notes on a terminal that the program is running, because it may print nothing for a long time.
    fn announce(&self, context: &Context, what: &str) {
        if context.terminal.stderr {
            let seconds = self.interval.as_secs_f64();
            context.notes.line(&format!("{what}, every {seconds} s. Only changes are printed; Ctrl-C ends."));
        }
    }

    /// Waits until the next call is due; `false` if the time is over.
    async fn next(&self, wait: Option<Duration>) -> bool {
        let pause = self.interval.max(wait.unwrap_or_default());
        let now = Instant::now();
        match self.end {
            Some(end) if now + pause >= end => {
                tokio::time::sleep(end.saturating_duration_since(now)).await;
                false
            }
            _ => {
                tokio::time::sleep(pause).await;
                true
            }
        }
    }
}

async fn watch(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let timing = Timing::read(matches)?;
    let avala = context.avala()?;
    let mut known: Option<HashMap<String, String>> = None;
    loop {
        let wait = match records(&avala, matches).await? {
            Ok(records) => {
                let mut now = HashMap::with_capacity(records.len());
                for record in &records {
                    let Some(uid) = record.identity() else { continue };
                    let status = status(record);
                    let before = known.as_ref().map(|known| known.get(uid));
                    match before {
                        None if !matches.get_flag("initial") => {}
                        None | Some(None) => print_change(context, "new", None, record)?,
                        Some(Some(before)) if *before != status => {
                            print_change(context, "changed", Some(before), record)?;
                        }
                        Some(Some(_)) => {}
                    }
                    now.insert(uid.to_owned(), status);
                }
                if known.is_none() {
                    timing.announce(context, "Watching");
                }
                for (uid, before) in known.iter().flatten().filter(|(uid, _)| !now.contains_key(*uid)) {
                    print_change(context, "gone", Some(before), &Data::map([("uid", uid.as_str().into())]))?;
                }
                known = Some(now);
                None
            }
            Err(error) if error.is_retryable() => {
                context.notes.line(&format!("{}; trying again", Failure::from(&error).line()));
                error.retry_after()
            }
            Err(error) => return Err(error.into()),
        };
        if !timing.next(wait).await {
            return Ok(());
        }
    }
}

/// Returns the part of a record whose changes are reported.
fn status(record: &Data) -> String {
    let part = |name: &str| record.get(name).map(Data::display).unwrap_or_default();
    match record.get("progress_pct") {
        Some(_) => format!("{} {}%", part("status"), part("progress_pct")),
        None => part("status"),
    }
}

fn print_change(context: &mut Context, change: &str, before: Option<&str>, record: &Data) -> Outcome {
    let is_selected = context.printer.style.is_selected();
    if context.globals.format != Format::Table || is_selected {
        let change = [("change", change.into()), ("previous_status", before.into()), ("record", record.clone())];
        context.printer.style.format = stream_format(context.globals.format);
        return context.printer.value(&Data::map(change), &[]);
    }
    let text = |names: &[&str]| names.iter().find_map(|name| record.text_at(name)).unwrap_or_default().to_owned();
    let from = before.map(|before| format!("{before} -> ")).unwrap_or_default();
    let line = format!(
        "{change:<8} {}  {from}{}  {}  {}",
        record.identity().unwrap_or_default(),
        status(record),
        text(&["severity"]),
        text(&["message", "name", "event_type"])
    );
    context.printer.write(escape::line(line.trim_end()).as_ref())?;
    context.printer.write("\n")?;
    context.printer.flush()
}

/// Returns the format of a stream: one line per value, because an array would never end.
fn stream_format(format: Format) -> Format {
    if format == Format::Json { Format::NdJson } else { format }
}

/// Returns the current records. The outer error means wrong usage.
async fn records(avala: &Avala, matches: &ArgMatches) -> Outcome<Result<Vec<Data>, Error>> {
    let opt = |name: &str| matches.get_one::<String>(name).cloned();
    let status = opt("status");
    let what = opt("what").unwrap_or_default();
    macro_rules! filtered {
        ($list:expr $(, $name:ident)*) => {{
            let mut list = $list;
            $( if let Some(value) = opt(stringify!($name)) { list = list.$name(value); } )*
            collect(list, None).await
        }};
    }
    Ok(match what.as_str() {
        "alerts" => filtered!(avala.fleet().alerts().list(), status, severity, device),
        "auto-label" => filtered!(avala.auto_label_jobs().list(), status, project),
        "datasets" => filtered!(avala.datasets().list(), status),
        "devices" => filtered!(avala.fleet().devices().list(), status),
        "exports" => collect(avala.exports().list(), status).await,
        "recordings" => filtered!(avala.fleet().recordings().list(), status, device),
        "tasks" => filtered!(avala.tasks().list(), status, project),
        _ => {
            let agent = opt("agent").ok_or_else(|| Failure::usage("executions belong to an agent: pass AGENT_UID"))?;
            filtered!(avala.agents().list_executions(agent), status, project)
        }
    })
}

async fn collect<T, F>(list: List<T, F>, status: Option<String>) -> Result<Vec<Data>, Error> {
    let mut items = list.limit(500).decode_as::<Json>().items();
    let mut records = Vec::new();
    while let Some(item) = items.next().await {
        let record = Data::of(&item?);
        if status.as_deref().is_none_or(|wanted| record.text_at("status") == Some(wanted))
            && records.len() < MOST_RECORDS
        {
            records.push(record);
        }
    }
    Ok(records)
}

/// Position of the newest events: at the end of the list, or at its start.
struct Tail {
    cursor: Option<Cursor>,
    is_newest_first: bool,
    seen: HashSet<String>,
    order: VecDeque<String>,
}

async fn tail(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let timing = Timing::read(matches)?;
    let avala = context.avala()?;
    let opt = |name: &str| matches.get_one::<String>(name).cloned();
    let list = || {
        let mut list = avala.fleet().events().list();
        if let Some(device) = opt("device") {
            list = list.device(device);
        }
        if let Some(recording) = opt("recording") {
            list = list.recording(recording);
        }
        if let Some(kind) = opt("type") {
            list = list.event_type(kind);
        }
        if let Some(severity) = opt("severity") {
            list = list.severity(severity);
        }
        list.decode_as::<Json>()
    };
    let mut tail = Tail { cursor: None, is_newest_first: false, seen: HashSet::new(), order: VecDeque::new() };
    let mut is_start = true;
    context.printer.style.format = stream_format(context.globals.format);
    loop {
        let mut new = Vec::new();
        let result = tail.read(list().limit(500), &mut new, is_start).await;
        if !is_start {
            for event in &new {
                print_event(context, event)?;
            }
        }
        let wait = match result {
            Ok(()) => {
                if std::mem::take(&mut is_start) {
                    timing.announce(context, "Waiting for new events");
                }
                None
            }
            Err(error) if error.is_retryable() => {
                context.notes.line(&format!("{}; trying again", Failure::from(&error).line()));
                error.retry_after()
            }
            Err(error) => return Err(error.into()),
        };
        if !timing.next(wait).await {
            return Ok(());
        }
    }
}

impl Tail {
    /// Reads new events: from the last page onward, or the first pages up to a known event.
    async fn read<F>(&mut self, list: List<Json, F>, new: &mut Vec<Data>, is_start: bool) -> Result<(), Error> {
        let from = if self.is_newest_first { None } else { self.cursor.clone() };
        let list = match from {
            Some(cursor) => list.cursor(cursor),
            None => list,
        };
        let mut pages = list.pages();
        let mut start = self.cursor.clone().filter(|_| !self.is_newest_first);
        while let Some(page) = pages.next().await {
            let page = page?;
            let events: Vec<Data> = page.items.iter().map(Data::of).collect();
            if is_start && self.order.is_empty() {
                self.is_newest_first = is_descending(&events);
            }
            let is_known = events.iter().filter_map(Data::identity).any(|uid| self.seen.contains(uid));
            for event in events {
                if let Some(uid) = event.identity().filter(|uid| !self.seen.contains(*uid)) {
                    self.remember(uid.to_owned());
                    new.push(event);
                }
            }
            if !self.is_newest_first {
                self.cursor = start;
            } else if is_known || is_start {
                break;
            }
            start = page.next_cursor;
        }
        if self.is_newest_first {
            new.reverse();
        }
        Ok(())
    }

    fn remember(&mut self, uid: String) {
        if self.order.len() >= MOST_SEEN
            && let Some(oldest) = self.order.pop_front()
        {
            self.seen.remove(&oldest);
        }
        self.order.push_back(uid.clone());
        self.seen.insert(uid);
    }
}

/// Returns whether the first event of a page is newer than the last one.
fn is_descending(events: &[Data]) -> bool {
    let time = |event: Option<&Data>| event.and_then(|event| event.text_at("created_at").map(str::to_owned));
    match (time(events.first()), time(events.last())) {
        (Some(first), Some(last)) => first > last,
        _ => false,
    }
}

fn print_event(context: &mut Context, event: &Data) -> Outcome {
    let is_selected = context.printer.style.is_selected();
    if context.globals.format != Format::Table || is_selected {
        return context.printer.value(event, &[]);
    }
    let cells = ["timestamp", "severity", "type", "label", "device", "uid"];
    let cells: Vec<String> = cells.iter().map(|name| event.get(name).map(Data::display).unwrap_or_default()).collect();
    context.printer.write(&(escape::line(&cells.join("  ")).into_owned() + "\n"))?;
    context.printer.flush()
}
