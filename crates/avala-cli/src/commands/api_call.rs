//! `avala api`: calls any endpoint.

use avala_client::types::Json;
use avala_client::{Method, RawCall};
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::commands::context::Context;
use crate::commands::fields::Fields;
use crate::commands::input::parse_cursor;
use crate::commands::row::{body_args, list_args};
use crate::commands::run::{ListOptions, confirm, print_request, run_list};
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// The words of the command. Its output is JSON without `-o`.
pub(super) const PATH: &[&str] = &["api"];

pub(super) const COMMANDS: &[Special] = &[Special {
    path: PATH,
    about: "Call any endpoint of the API",
    build,
    run: |context, matches| Box::pin(run(context, matches)),
}];

fn build(command: Command) -> Command {
    let pairs = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help)
    };
    command
        .arg(Arg::new("method").value_name("METHOD").required(true).help("HTTP method; can be left out for GET"))
        .arg(Arg::new("path").value_name("PATH").help("Path below the base URL, such as /datasets/, with any query"))
        .arg(pairs("query", "NAME=VALUE", "Add a parameter to the query"))
        .arg(pairs("header", "NAME:VALUE", "Add a header").short('H'))
        .args(body_args())
        .args(list_args())
        .arg(
            Arg::new("dry-run")
                .long("dry-run")
                .action(ArgAction::SetTrue)
                .help("Print the request instead of sending it"),
        )
        .arg(Arg::new("yes").long("yes").short('y').action(ArgAction::SetTrue).help("Do not prompt before DELETE"))
        .after_help(
            "Examples:\n  avala api GET /datasets/ --query data_type=lidar\n  avala api /tasks/ --all -o ndjson\n  \
             avala api POST /exports/ --field project=UID\n  avala api PATCH /agents/UID/ --json changes.json\n\n\
             Fields are the JSON body; with GET they are added to the query. The default output format is json.\n\
             --all follows the links of a list: one array, or one object per line with -o ndjson.",
        )
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let (method, target) = method_and_path(matches)?;
    let fields = Fields::read(matches)?;
    let is_dry_run = matches.get_flag("dry-run");
    let avala = if is_dry_run { context.avala_without_key()? } else { context.avala()? };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut call = avala.request(method.clone(), absolute(path)).route("/{path}");
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        call = call.query(decode(name), decode(value));
    }
    for pair in matches.get_many::<String>("query").into_iter().flatten() {
        let (name, value) = split(pair, '=', "--query")?;
        call = call.query(name.to_owned(), value);
    }
    for header in matches.get_many::<String>("header").into_iter().flatten() {
        let (name, value) = split(header, ':', "--header")?;
        call = call.header(name, value.trim());
    }
    call = if method == Method::GET || method == Method::HEAD {
        fields.into_query(call)?
    } else {
        with_body(call, fields)?
    };
    let request = call.to_http()?;
    if is_dry_run {
        return print_request(context, &request);
    }
    if method == Method::DELETE && !matches.get_flag("yes") {
        confirm(context, &format!("DELETE {}?", request.uri().path())).await?;
    }
    if !method.is_safe() {
        context.printer.set_changing();
    }
    let options = ListOptions::read(matches);
    let is_list = options.all || options.limit.is_some() || options.page_info || matches.contains_id("cursor");
    if !is_list {
        let value = call.await?;
        return context.printer.value(&Data::of(&value), &[]);
    }
    let mut list = call.list::<Json>();
    if let Some(size) =
        matches.get_one::<u32>("page-size").copied().or(options.limit.map(|limit| limit.min(1000) as u32))
    {
        list = list.limit(size);
    }
    if let Some(cursor) = matches.get_one::<String>("cursor") {
        list = list.cursor(parse_cursor(cursor)?);
    }
    run_list(context, list.pages(), &[], &options).await
}

fn with_body(call: RawCall, fields: Fields) -> Outcome<RawCall> {
    match fields.into_body()? {
        None => Ok(call),
        Some(text) => {
            let json: Json =
                serde_json::from_str(&text).map_err(|error| Failure::usage(format!("invalid JSON body: {error}")))?;
            Ok(call.json(&json))
        }
    }
}

fn method_and_path(matches: &ArgMatches) -> Outcome<(Method, String)> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let (first, second) = (text("method").unwrap_or_default(), text("path"));
    let method_of = |word: &str| METHODS.contains(&word).then(|| word.parse().ok()).flatten();
    let method = first.to_ascii_uppercase();
    match (method_of(&method), second) {
        (Some(method), Some(path)) => Ok((method, path)),
        (Some(method), None) => Err(Failure::usage(format!("`avala api {method}` needs a path, such as /datasets/"))),
        (None, None) => Ok((Method::GET, first)),
        (None, Some(_)) => {
            Err(Failure::usage(format!("{first:?} is not a method of the API; it has {}", METHODS.join(", "))))
        }
    }
}

/// Returns the path with a slash at both ends, which every path of the API has.
fn absolute(path: &str) -> String {
    let path = if path.starts_with('/') || path.contains("://") { path.to_owned() } else { format!("/{path}") };
    if path.ends_with('/') { path } else { path + "/" }
}

fn split<'a>(pair: &'a str, separator: char, option: &str) -> Outcome<(&'a str, &'a str)> {
    pair.split_once(separator)
        .filter(|(name, _)| !name.is_empty())
        .ok_or_else(|| Failure::usage(format!("{option} {pair:?} is not of the form NAME{separator}VALUE")))
}

/// Decodes a part of a query.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                bytes.push(value);
                rest = &after[2..];
            }
            (b'+', _) => {
                bytes.push(b' ');
                rest = after;
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
