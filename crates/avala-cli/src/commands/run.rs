//! Runs a call: prints its request or its result.

use avala_client::Pages;
use avala_client::types::Json;
use clap::ArgMatches;

use crate::commands::context::Context;
use crate::commands::deletion;
use crate::commands::input::{Input, Prepared, Reply};
use crate::commands::known_fields;
use crate::commands::row::{EXPORT, Kind, Row};
use crate::commands::transfer::download::after_export;
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome, after_printing};
use crate::output::{Format, json};
use crate::redacted;

/// Runs a command of the table.
pub(crate) async fn run_row(
    context: &mut Context,
    row: &'static Row,
    reader: Option<&Row>,
    matches: &ArgMatches,
) -> Outcome {
    let flag = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
    let own_dry_run = row.args.iter().any(|arg| arg.name == "dry-run");
    let is_dry_run = flag(if own_dry_run { "print-request" } else { "dry-run" });
    let avala = if is_dry_run || row.is_anonymous { context.avala_without_key()? } else { context.avala()? };
    let organization = context.connection()?.organization.clone();
    let input = Input::new(row.call, row.args, matches, organization.as_deref());
    let Prepared { request, send } = (row.prepare)(&avala, &input)?;
    let request = request?;
    if is_dry_run {
        return print_request(context, &request);
    }
    let is_change = matches!(row.kind, Kind::Change | Kind::Destroy);
    context.printer.set_known(match &send {
        Reply::Nothing(_) => done(row, &input).into_iter().map(|(name, _)| name).collect(),
        Reply::One(_) | Reply::Many(_) => known_fields::of(row.call),
    });
    if is_change {
        context.printer.require_known()?;
    }
    let subject = subject(row, &input);
    if row.kind == Kind::Destroy && !flag("yes") {
        let question = format!("{}: {subject}?", row.about);
        if deletion::is_deletion(row) {
            context.prompt.check(&question, "--yes")?;
            let name = deletion::name(&avala, reader, matches, organization.as_deref()).await?;
            deletion::confirm(context, row, &input, name).await?;
        } else {
            confirm(context, &question).await?;
        }
    }
    if is_change {
        context.printer.set_changing();
    }
    match send {
        Reply::One(send) => {
            let value = Data::of(&send.await?);
            if row.call == EXPORT
                && let Some(running) = after_export(context, &value, matches)
            {
                return running.await;
            }
            let printed = context.printer.value(&value, row.columns);
            let own = match row.check.map(|check| check(&value)) {
                Some(Err(reason)) => Err(Failure::new(ExitCode::JobFailed, format!("{}: {reason}", row.call))),
                _ => Ok(()),
            };
            after_printing(printed, own)
        }
        Reply::Nothing(send) => {
            send.await?;
            print_done(context, row, &input, &subject)
        }
        Reply::Many(pages) => run_list(context, pages, row.columns, &ListOptions::read(matches)).await,
    }
}

/// Asks whether to continue. The reply "no" ends with exit code 1, as in the official program.
pub(crate) async fn confirm(context: &Context, question: &str) -> Outcome {
    if context.prompt.confirm(question).await? { Ok(()) } else { Err(Failure::other("aborted; nothing was changed")) }
}

/// Returns the values of the positional arguments of a command, which name its target.
fn subject(row: &Row, input: &Input<'_>) -> String {
    let values = row.args.iter().filter(|arg| arg.is_positional).map(|arg| input.text(arg.name));
    values.collect::<Vec<_>>().join("/")
}

/// Returns the output for programs after a call that returns nothing.
fn done(row: &Row, input: &Input<'_>) -> Vec<(String, Data)> {
    let mut members = vec![("ok".to_owned(), Data::from(true)), ("operation".to_owned(), Data::from(row.call))];
    for arg in row.args.iter().filter(|arg| arg.is_positional) {
        members.push((arg.name.replace('-', "_"), Data::from(input.text(arg.name))));
    }
    members
}

fn print_done(context: &mut Context, row: &Row, input: &Input<'_>, subject: &str) -> Outcome {
    let members = done(row, input);
    context.printer.done(&format!("Done: {} {subject}", row.about.to_lowercase()), &Data::Map(members))
}

/// Prints a request without sending it.
pub(crate) fn print_request(context: &mut Context, request: &http::Request<bytes::Bytes>) -> Outcome {
    if context.globals.format == Format::Table {
        context.printer.write(&request_text(request))?;
        return context.printer.flush();
    }
    context.printer.value(&request_data(request), &[])
}

/// Returns a request as text, without secrets.
pub(crate) fn request_text(request: &http::Request<bytes::Bytes>) -> String {
    let body = redacted::body(request.body());
    let body = body.map(|body| format!("\n{}", json::pretty(&body, 0))).unwrap_or_default();
    format!("{} {}{body}\n", request.method(), redacted::target(request.uri()))
}

/// Returns a request for programs, without secrets.
pub(crate) fn request_data(request: &http::Request<bytes::Bytes>) -> Data {
    Data::map([
        ("dry_run", true.into()),
        ("method", request.method().as_str().into()),
        ("url", redacted::target(request.uri()).into()),
        ("body", redacted::body(request.body()).unwrap_or(Data::Null)),
    ])
}

/// The part of a list to print.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListOptions {
    pub(crate) all: bool,
    pub(crate) limit: Option<usize>,
    pub(crate) page_info: bool,
}

impl ListOptions {
    pub(crate) fn read(matches: &ArgMatches) -> Self {
        let flag = |name: &str| matches.try_get_one::<bool>(name).ok().flatten() == Some(&true);
        let limit = matches.try_get_one::<u32>("limit").ok().flatten();
        Self { all: flag("all"), limit: limit.map(|&limit| limit as usize), page_info: flag("page-info") }
    }
}

/// Prints a list, page by page.
pub(crate) async fn run_list(
    context: &mut Context,
    mut pages: Pages<Json>,
    columns: &[&str],
    options: &ListOptions,
) -> Outcome {
    if options.page_info {
        return run_page_info(context, pages, options).await;
    }
    let style = &context.printer.style;
    let is_plain_table = style.format == Format::Table && style.jq.is_none() && style.template.is_none();
    let limit = options.limit.unwrap_or(usize::MAX);
    let mut list = context.printer.list(columns);
    let mut count = 0;
    let mut is_cut = false;
    let mut next = None;
    while count < limit {
        match pages.next().await {
            None => break,
            Some(Ok(page)) => {
                is_cut = page.items.len() > limit - count;
                for item in page.items.iter().take(limit - count) {
                    list.record(Data::of(item))?;
                    count += 1;
                }
                list.flush()?;
                next = page.next_cursor.map(|cursor| cursor.as_query().to_owned());
                if !options.all && options.limit.is_none() {
                    break;
                }
            }
            Some(Err(error)) => {
                let cursor = pages.cursor().map(|cursor| cursor.as_query().to_owned());
                // An empty list prints no table, not even its heading.
                if is_plain_table && count > 0 {
                    list.finish()?;
                }
                let failure = Failure::from(error);
                return Err(if count > 0 { failure.in_list(cursor, count) } else { failure });
            }
        }
    }
    list.finish()?;
    if is_cut {
        context.notes.line("There are more: raise --limit, or pass --all");
    } else if let Some(cursor) = next {
        context.notes.line(&format!("There are more: pass --all, or --cursor {}", crate::failure::quoted(&cursor)));
    }
    Ok(())
}

async fn run_page_info(context: &mut Context, mut pages: Pages<Json>, options: &ListOptions) -> Outcome {
    let mut results = Vec::new();
    let limit = options.limit.unwrap_or(usize::MAX);
    let mut next = None;
    while results.len() < limit {
        let Some(page) = pages.next().await else { break };
        let page = page.map_err(|error| {
            let cursor = pages.cursor().map(|cursor| cursor.as_query().to_owned());
            Failure::from(error).in_list(cursor, results.len())
        })?;
        // If the page has more records than the limit, the rest of them precedes the next cursor.
        results.extend(page.items.iter().map(Data::of));
        next = page.next_cursor.map(|cursor| cursor.as_query().to_owned());
        if !options.all && options.limit.is_none() || next.is_none() {
            break;
        }
    }
    let results = context.printer.select(results)?;
    context.printer.value(&Data::map([("results", Data::List(results)), ("next_cursor", next.into())]), &[])
}
