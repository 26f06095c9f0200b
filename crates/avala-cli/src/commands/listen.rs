//! `avala webhooks listen` and `avala webhooks replay`: receives webhooks on this machine.

mod forward;
mod store;

use std::sync::Arc;

use avala_webhook::{DELIVERY_HEADER, EVENT_HEADER, WebhookVerifier};
use bytes::Bytes;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use tokio::sync::mpsc;

use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome, after_printing};
use crate::key::{self, text};
use crate::output::{Format, escape};
use crate::serve::{self, Body};

use forward::{Forwarder, Target};
use store::Stored;

/// Maximum size in bytes of a delivery.
const LONGEST: usize = 4 << 20;

/// Maximum number of deliveries that wait to be printed.
const QUEUE: usize = 64;

pub(super) const COMMANDS: &[Special] = &[
    Special {
        path: &["webhooks", "listen"],
        about: "Receive webhooks on this machine: verify, print, store and forward them",
        build: build_listen,
        run: |context, matches| Box::pin(listen(context, matches)),
    },
    Special {
        path: &["webhooks", "replay"],
        about: "Send stored deliveries again, byte for byte",
        build: |command: Command| {
            command
                .arg(Arg::new("files").value_name("FILE").num_args(1..).required(true).value_parser(value_parser!(std::path::PathBuf))
                    .help("Files that `webhooks listen --store` wrote, ending in .json"))
                .arg(Arg::new("to").long("to").value_name("URL").required(true).help("URL to send the deliveries to"))
                .after_help(
                    "The target gets the same bytes and the same signature, which it can verify with the secret of the \
                     webhook. The signature covers the body only.\nExample:\n  avala webhooks replay deliveries/*.json --to http://127.0.0.1:3000/hook",
                )
        },
        run: |context, matches| Box::pin(replay(context, matches)),
    },
];

fn build_listen(command: Command) -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let path = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).value_parser(value_parser!(std::path::PathBuf)).help(help)
    };
    command
        .arg(Arg::new("port").long("port").value_name("PORT").value_parser(value_parser!(u16)).help("Port [default: a free one]"))
        .arg(Arg::new("secret").long("secret").value_name("SECRET").action(ArgAction::Append)
            .help("Secret of the webhook. Other users of this machine can see it: prefer --secret-file or AVALA_WEBHOOK_SECRET"))
        .arg(path("secret-file", "FILE", "Read the secret from a file; `-` is stdin"))
        .arg(flag("no-verify", "Accept deliveries without checking their signature"))
        .arg(Arg::new("forward").long("forward").value_name("[EVENT=]URL").action(ArgAction::Append)
            .help("Send each delivery, or those of an event, to this URL; can be repeated"))
        .arg(flag("return-status", "Respond with the status of the first target"))
        .arg(path("store", "FOLDER", "Store deliveries, to send them again with `webhooks replay`"))
        .arg(flag("once", "End after one verified delivery"))
        .after_help(
            "The receiver listens on 127.0.0.1; deliveries from outside need a tunnel. Each one is forwarded with its bytes \
             and its signature headers unchanged; redirects of targets are not followed.\n\
             Example:\n  avala webhooks listen --secret-file secret --forward http://127.0.0.1:3000/hook \
             --forward export.completed=http://127.0.0.1:4000/",
        )
}

/// State that the server needs for each delivery.
struct Receiver {
    verifier: Option<WebhookVerifier>,
    forwarder: Forwarder,
    targets: Vec<Target>,
    returns_status: bool,
    store: Option<std::path::PathBuf>,
    received: mpsc::Sender<Data>,
}

async fn listen(context: &mut Context, matches: &ArgMatches) -> Outcome {
    context.printer.set_mixed();
    let secrets = secrets(context, matches)?;
    let verifier = match (secrets.is_empty(), matches.get_flag("no-verify")) {
        (_, true) => None,
        (true, false) => {
            return Err(Failure::usage(
                "no secret to verify deliveries with: pass --secret-file, set AVALA_WEBHOOK_SECRET, or pass --no-verify",
            ));
        }
        (false, false) => Some(WebhookVerifier::new(secrets).map_err(|error| Failure::usage(error.to_string()))?),
    };
    let targets = matches.get_many::<String>("forward").into_iter().flatten().map(|text| Target::parse(text));
    let targets = targets.collect::<Outcome<Vec<_>>>()?;
    let store = matches.get_one::<std::path::PathBuf>("store").cloned();
    if let Some(folder) = &store {
        store::create(folder)?;
    }
    let (listener, address) = serve::listen(matches.get_one::<u16>("port").copied().unwrap_or_default()).await?;
    let url = format!("http://{address}/");
    if context.globals.format == Format::Table {
        context.printer.write(&format!("Listening on {url}\n"))?;
        context.printer.flush()?;
    } else {
        context.printer.style.format =
            if context.globals.format == Format::Json { Format::NdJson } else { context.globals.format };
        context.printer.value(&Data::map([("listening", url.into())]), &[])?;
    }
    for target in &targets {
        if let Err(reason) = forward::check(target).await {
            let line = format!("Warning: nobody listens at {}: {reason}", target.shown());
            report(context, &line, [("target", target.shown().into()), ("error", reason.into())])?;
        }
    }
    let (sender, mut received) = mpsc::channel(QUEUE);
    let receiver = Arc::new(Receiver {
        verifier,
        forwarder: Forwarder::new()?,
        targets,
        returns_status: matches.get_flag("return-status"),
        store,
        received: sender,
    });
    let server = serve::serve(listener, move |request| {
        let receiver = Arc::clone(&receiver);
        async move { receiver.receive(request).await }
    });
    let mut server = std::pin::pin!(server);
    loop {
        let delivery = tokio::select! {
            () = &mut server => return Ok(()),
            delivery = received.recv() => delivery,
        };
        let Some(delivery) = delivery else { return Ok(()) };
        print(context, &delivery)?;
        if matches.get_flag("once") && delivery.get("verified") != Some(&Data::Bool(false)) {
            // The response is written by the same thread.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(200), &mut server).await;
            return Ok(());
        }
    }
}

fn secrets(context: &Context, matches: &ArgMatches) -> Outcome<Vec<String>> {
    let mut secrets = Vec::new();
    for secret in matches.get_many::<String>("secret").into_iter().flatten() {
        context.notes.line("Warning: --secret can be seen by other users of this machine; prefer --secret-file");
        secrets.push(text::clean("the option --secret", secret.as_bytes())?.expose().to_owned());
    }
    if let Some(path) = matches.get_one::<std::path::PathBuf>("secret-file") {
        let content = crate::commands::files::read_text(path)?;
        secrets.push(text::clean(&format!("the file {}", path.display()), content.as_bytes())?.expose().to_owned());
    }
    if secrets.is_empty()
        && let Some(secret) = key::environment("AVALA_WEBHOOK_SECRET")?
    {
        secrets.push(text::clean("AVALA_WEBHOOK_SECRET", secret.as_bytes())?.expose().to_owned());
    }
    Ok(secrets)
}

/// Prints a line for people, or an object for programs.
fn report<const N: usize>(context: &mut Context, line: &str, object: [(&str, Data); N]) -> Outcome {
    if context.globals.format == Format::Table {
        context.printer.write(&(escape::line(line).into_owned() + "\n"))?;
        return context.printer.flush();
    }
    context.printer.value(&Data::map(object), &[])
}

fn print(context: &mut Context, delivery: &Data) -> Outcome {
    let is_selected = context.printer.style.is_selected();
    if context.globals.format != Format::Table || is_selected {
        return context.printer.value(delivery, &[]);
    }
    let text = |name: &str| delivery.get(name).map(Data::display).unwrap_or_default();
    let state = match delivery.get("verified") {
        Some(Data::Bool(true)) => "verified",
        Some(Data::Bool(false)) => "REJECTED",
        _ => "not verified",
    };
    let mut line = format!("{}  {}  {state}  {} bytes", text("event"), text("delivery"), text("bytes"));
    if let Some(reason) = delivery.text_at("reason") {
        line.push_str(&format!("  {reason}"));
    }
    if let Some(Data::List(targets)) = delivery.get("forwarded") {
        for target in targets {
            let result = target.get("status").or_else(|| target.get("error")).map(Data::display).unwrap_or_default();
            line.push_str(&format!("  -> {} {result}", target.get("target").map(Data::display).unwrap_or_default()));
        }
    }
    context.printer.write(&(escape::line(&line).into_owned() + "\n"))?;
    context.printer.flush()
}

impl Receiver {
    async fn receive(&self, request: Request<hyper::body::Incoming>) -> Response<Body> {
        let respond = |status: StatusCode| {
            let mut response = Response::new(serve::body(""));
            *response.status_mut() = status;
            response
        };
        if request.method() != Method::POST {
            return respond(StatusCode::METHOD_NOT_ALLOWED);
        }
        let (parts, body) = request.into_parts();
        let body = match Limited::new(body, LONGEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return respond(StatusCode::PAYLOAD_TOO_LARGE),
        };
        let (status, delivery) = self.handle(&parts.headers, body).await;
        // The receiver is dropped when the program ends.
        let _ = self.received.send(delivery).await;
        respond(status)
    }

    async fn handle(&self, headers: &HeaderMap, body: Bytes) -> (StatusCode, Data) {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut members = vec![
            ("event".to_owned(), Data::from(header(EVENT_HEADER))),
            ("delivery".to_owned(), Data::from(header(DELIVERY_HEADER))),
            ("bytes".to_owned(), Data::from(body.len())),
        ];
        let mut add = |name: &str, value: Data| members.push((name.to_owned(), value));
        if let Some(verifier) = &self.verifier {
            if let Err(error) = verifier.verify(header, &body) {
                add("verified", false.into());
                add("reason", error.to_string().into());
                let status = StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::BAD_REQUEST);
                return (status, Data::Map(members));
            }
            add("verified", true.into());
        } else {
            add("verified", Data::Null);
        }
        let payload = std::str::from_utf8(&body).ok().and_then(|text| Data::parse(text).ok());
        add("payload", payload.unwrap_or(Data::Null));
        if let Some(folder) = &self.store {
            match store::write(folder, headers, &body) {
                Ok(path) => add("stored", path.display().to_string().into()),
                Err(reason) => add("store_error", reason.into()),
            }
        }
        let event = header(EVENT_HEADER).unwrap_or_default();
        let mut status = StatusCode::OK;
        let mut results = Vec::new();
        for (index, target) in self.targets.iter().filter(|target| target.wants(event)).enumerate() {
            let result = self.forwarder.send(target, headers, body.clone()).await;
            if index == 0 && self.returns_status {
                status = result.as_ref().copied().unwrap_or(StatusCode::BAD_GATEWAY);
            }
            let outcome = match result {
                Ok(status) => ("status", Data::from(u64::from(status.as_u16()))),
                Err(reason) => ("error", Data::from(reason)),
            };
            results.push(Data::map([("target", target.shown().into()), outcome]));
        }
        if !results.is_empty() {
            add("forwarded", Data::List(results));
        }
        (status, Data::Map(members))
    }
}

async fn replay(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let target = Target::parse(matches.get_one::<String>("to").map(String::as_str).unwrap_or_default())?;
    let files: Vec<&std::path::PathBuf> = matches.get_many("files").into_iter().flatten().collect();
    let stored = files.iter().map(|path| Stored::read(path)).collect::<Outcome<Vec<_>>>()?;
    let forwarder = Forwarder::new()?;
    let mut results = Vec::new();
    let mut failed = 0;
    for (path, delivery) in files.iter().zip(stored) {
        let result = forwarder.send(&target, &delivery.headers, delivery.body).await;
        let is_good = result.as_ref().is_ok_and(StatusCode::is_success);
        failed += usize::from(!is_good);
        let (status, error) = match result {
            Ok(status) => (Data::from(u64::from(status.as_u16())), Data::Null),
            Err(reason) => (Data::Null, Data::from(reason)),
        };
        results.push(Data::map([("file", path.display().to_string().into()), ("status", status), ("error", error)]));
    }
    let count = results.len();
    let printed = context.printer.value(&Data::List(results), &["file", "status", "error"]);
    let own = match failed {
        0 => Ok(()),
        failed if failed == count => {
            Err(Failure::new(ExitCode::JobFailed, format!("the target accepted none of {count} deliveries")))
        }
        failed => {
            Err(Failure::new(ExitCode::Partial, format!("the target did not accept {failed} of {count} deliveries")))
        }
    };
    after_printing(printed, own)
}
