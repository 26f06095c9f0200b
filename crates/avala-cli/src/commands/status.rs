//! `avala status`: shows a dashboard of the account.

use std::time::Duration;

use avala_client::types::Json;
use avala_client::{Avala, Error, List};
use clap::{Arg, ArgMatches, Command, value_parser};

use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome, after_printing};
use crate::output::{Format, escape};

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["status"],
    about: "Show organizations, newest datasets and projects, pending exports, and the fleet",
    build: |command: Command| {
        let watch = Arg::new("watch").long("watch").value_name("SECONDS").num_args(0..=1).default_missing_value("10");
        command
            .arg(Arg::new("org").long("org").value_name("SLUG").help("Filter by organization"))
            .arg(watch.value_parser(value_parser!(f64)).help("Repeat at this interval [default: 10]"))
            .after_help(
                "Exit code 10 if a part could not be read; the output names the part. Example:\n  avala status -o json",
            )
    },
    run: |context, matches| Box::pin(run(context, matches)),
}];

/// Maximum number of organizations.
const ORGANIZATIONS: u8 = 50;

/// The parts of the dashboard: name, number of records, and call.
struct Parts {
    organizations: Result<Vec<Data>, Error>,
    datasets: Result<(Vec<Data>, bool), Error>,
    projects: Result<(Vec<Data>, bool), Error>,
    exports: Result<(Vec<Data>, bool), Error>,
    devices: Result<Vec<Data>, Error>,
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let organization = matches.get_one::<String>("org").cloned();
    let Some(&interval) = matches.get_one::<f64>("watch") else {
        let (data, failures) = read(&context.avala()?, organization.as_deref()).await;
        return after_printing(print(context, &data), result(failures));
    };
    let interval = duration("--watch", interval)?.max(Duration::from_secs(1));
    let avala = context.avala()?;
    loop {
        let (data, failures) = read(&avala, organization.as_deref()).await;
        if context.terminal.stdout && context.globals.format == Format::Table {
            // Clears the terminal, which shows the dashboard only.
            context.printer.write("\u{1b}[H\u{1b}[2J")?;
        }
        print(context, &data)?;
        if failures.iter().any(|(_, failure)| failure.code == ExitCode::Authentication) {
            return result(failures);
        }
        tokio::time::sleep(interval).await;
    }
}

/// Returns the first failure if nothing could be read; otherwise the result is a partial success.
fn result(mut failures: Vec<(&'static str, Failure)>) -> Outcome {
    if failures.is_empty() {
        return Ok(());
    }
    if let Some(at) = failures.iter().position(|(_, failure)| failure.code == ExitCode::Authentication) {
        return Err(failures.swap_remove(at).1);
    }
    if failures.len() == 5 {
        return Err(failures.swap_remove(0).1);
    }
    let lines: Vec<String> = failures.iter().map(|(part, failure)| format!("{part}: {}", failure.line())).collect();
    Err(Failure::new(ExitCode::Partial, format!("could not read {}", lines.join("; "))))
}

async fn read(avala: &Avala, organization: Option<&str>) -> (Data, Vec<(&'static str, Failure)>) {
    let (organizations, datasets, projects, exports, devices) = tokio::join!(
        page(avala.organizations().list(), ORGANIZATIONS.into()),
        page(avala.datasets().list(), 5),
        page(avala.projects().list(), 5),
        page(avala.exports().list(), 5),
        all(avala.fleet().devices().list()),
    );
    let parts = Parts { organizations: organizations.map(|(items, _)| items), datasets, projects, exports, devices };
    summary(parts, organization)
}

async fn page<T, F>(list: List<T, F>, limit: u32) -> Result<(Vec<Data>, bool), Error> {
    let page = list.limit(limit).decode_as::<Json>().await?;
    Ok((page.items.iter().map(Data::of).collect(), page.has_more()))
}

async fn all<T, F>(list: List<T, F>) -> Result<Vec<Data>, Error> {
    let mut items = list.limit(500).decode_as::<Json>().items();
    let mut devices = Vec::new();
    while let Some(item) = items.next().await {
        devices.push(Data::of(&item?));
    }
    Ok(devices)
}

fn summary(parts: Parts, organization: Option<&str>) -> (Data, Vec<(&'static str, Failure)>) {
    let mut failures = Vec::new();
    let mut failed = |part: &'static str, failure: Failure| {
        let data = Data::map([("error", failure.line().into())]);
        failures.push((part, failure));
        data
    };
    let pick = |item: &Data, names: &[&str]| {
        let member = |name: &&str| ((*name).to_owned(), item.get(name).cloned().unwrap_or(Data::Null));
        Data::Map(names.iter().map(member).collect())
    };
    let latest = |(items, has_more): (Vec<Data>, bool), names: &[&str]| {
        Data::map([
            ("showing", items.len().into()),
            ("has_more", has_more.into()),
            ("latest", Data::List(items.iter().map(|item| pick(item, names)).collect())),
        ])
    };
    let organizations = match parts.organizations {
        Ok(items) => {
            let is_wanted = |item: &&Data| organization.is_none_or(|slug| item.text_at("slug") == Some(slug));
            let names = ["name", "slug", "member_count"];
            let wanted: Vec<Data> = items.iter().filter(is_wanted).map(|item| pick(item, &names)).collect();
            // If the page is full, there may be more organizations.
            match organization.filter(|_| wanted.is_empty() && items.len() < usize::from(ORGANIZATIONS)) {
                Some(slug) => {
                    let message = format!(
                        "there is no organization with the slug {slug:?}; `avala organizations list` lists them"
                    );
                    failed("organizations", Failure::new(ExitCode::NotFound, message))
                }
                None => Data::List(wanted),
            }
        }
        Err(error) => failed("organizations", error.into()),
    };
    let datasets = match parts.datasets {
        Ok(page) => latest(page, &["name", "uid"]),
        Err(error) => failed("datasets", error.into()),
    };
    let projects = match parts.projects {
        Ok(page) => latest(page, &["name", "status", "uid"]),
        Err(error) => failed("projects", error.into()),
    };
    let exports = match parts.exports {
        Ok((items, _)) => {
            let is_pending =
                |item: &&Data| matches!(item.text_at("status"), Some("requested" | "pending" | "processing"));
            Data::map([("showing", items.len().into()), ("pending", items.iter().filter(is_pending).count().into())])
        }
        Err(error) => failed("exports", error.into()),
    };
    let fleet = match parts.devices {
        Ok(devices) => {
            let online = devices.iter().filter(|device| device.text_at("status") == Some("online")).count();
            let offline = devices.iter().filter(|device| device.text_at("status") == Some("offline")).count();
            Data::map([("total", devices.len().into()), ("online", online.into()), ("offline", offline.into())])
        }
        Err(error) => failed("fleet", error.into()),
    };
    let data = [
        ("organizations", organizations),
        ("datasets", datasets),
        ("projects", projects),
        ("exports", exports),
        ("fleet", fleet),
    ];
    (Data::map(data), failures)
}

fn print(context: &mut Context, data: &Data) -> Outcome {
    let is_selected = context.printer.style.is_selected();
    if context.globals.format != Format::Table || is_selected {
        return context.printer.value(data, &[]);
    }
    let mut text = String::new();
    let Data::Map(sections) = data else { return Ok(()) };
    for (name, section) in sections {
        let mut title = name.clone();
        title[..1].make_ascii_uppercase();
        text.push_str(&title);
        text.push('\n');
        let records = match (section, section.get("latest")) {
            (_, Some(Data::List(records))) | (Data::List(records), _) => records.as_slice(),
            (section, _) => std::slice::from_ref(section),
        };
        for record in records {
            let Data::Map(members) = record else { continue };
            let cells: Vec<String> =
                members.iter().map(|(name, value)| format!("{name} {}", value.display())).collect();
            text.push_str(&format!("  {}\n", escape::line(&cells.join(", "))));
        }
        if records.is_empty() {
            text.push_str("  none\n");
        }
    }
    context.printer.write(&text)?;
    context.printer.flush()
}
