//! `avala upload`, `avala datasets upload` and `avala import folder`: create a dataset from files.

use std::path::PathBuf;
use std::time::Duration;

use avala_client::types::Json;
use avala_transfer::{DatasetUpload, Filter};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{drive, failure, limits, options, report, transfers};
use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::datasets::DATA_TYPES;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

pub(crate) const COMMANDS: &[Special] =
    &[special(&["upload"]), special(&["datasets", "upload"]), special(&["import", "folder"])];

const fn special(path: &'static [&'static str]) -> Special {
    Special {
        path,
        about: "Upload files and folders, which become a dataset; the same command continues after an interruption",
        build,
        run: |context, matches| Box::pin(run(context, matches)),
    }
}

/// Options that the official program rejects as well.
const REFUSED: &[&str] = &["dataset", "storage-config", "aws-profile"];

fn build(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let pattern = |name: &'static str, help: &'static str| text(name, "PATTERN", help).action(ArgAction::Append);
    let mut command = command
        .arg(
            Arg::new("sources")
                .value_name("PATH")
                .num_args(0..)
                .action(ArgAction::Append)
                .value_parser(value_parser!(PathBuf))
                .help("Files and folders to upload"),
        )
        .arg(text("source", "PATH", "The same as PATH").action(ArgAction::Append).value_parser(value_parser!(PathBuf)))
        .arg(text("name", "NAME", "Display name of the dataset").required(true))
        .arg(text("slug", "SLUG", "URL slug of the dataset").required(true))
        .arg(
            text("data-type", "TYPE", "Type [default: that of the files]")
                .value_parser(clap::builder::PossibleValuesParser::new(DATA_TYPES)),
        )
        .arg(text("organization-uid", "UID", "Owning organization"))
        .arg(text("owner", "OWNER", "Owner of the dataset: user name or email address [default: the user of the key]"))
        .arg(text("industry", "N", "Number of the industry").value_parser(value_parser!(u64)))
        .arg(text("license", "N", "Number of the license").value_parser(value_parser!(u64)))
        .arg(
            text("visibility", "VISIBILITY", "private or unlisted [default: private]")
                .value_parser(["private", "unlisted"]),
        )
        .arg(
            flag("create-metadata", "Let the server read the metadata of the files")
                .overrides_with("no-create-metadata"),
        )
        .arg(
            flag("no-create-metadata", "Do not let the server read the metadata of the files")
                .overrides_with("create-metadata"),
        )
        .arg(flag("resume", "Resume the upload of an earlier run [default]").overrides_with("no-resume"))
        .arg(flag("no-resume", "Begin a new batch").overrides_with("resume"))
        .arg(pattern("include", "Only files that match, such as '*.jpg' or 'front/**'"))
        .arg(pattern("exclude", "No files that match"))
        .arg(flag("skip-hidden", "Skip files and folders whose names begin with a dot"))
        .arg(flag("follow-links", "Upload the targets of symbolic links"))
        .arg(flag("accept-unknown-content", "Accept existing files of the right size that another program uploaded"))
        .arg(flag("dry-run", "Print the planned calls, bytes and time, and send nothing"))
        .arg(flag("wait", "Wait until the dataset is created").overrides_with("no-wait"))
        .arg(flag("no-wait", "Do not wait [default]").overrides_with("wait"))
        .arg(text("wait-timeout", "SECONDS", "Timeout of the wait [default: 3600]").value_parser(value_parser!(f64)));
    for name in REFUSED {
        command = command.arg(Arg::new(*name).long(*name).value_name("VALUE").hide(true));
    }
    options(command).after_help(
        "The state of the upload is kept in the state folder: run the same command again to continue. To \
         continue at another machine, copy the state folder and the files.\n\
         Example:\n  avala upload drives/ --name 'Night drives' --slug night-drives --wait",
    )
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    if let Some(name) = REFUSED.iter().find(|name| matches.contains_id(name)) {
        return Err(Failure::usage(format!(
            "--{name} is not supported: an upload always creates a dataset of its own"
        )));
    }
    let paths = |name: &str| matches.get_many::<PathBuf>(name).into_iter().flatten().cloned().collect::<Vec<_>>();
    let sources = [paths("sources"), paths("source")].concat();
    if sources.is_empty() {
        return Err(Failure::usage("no files to upload; pass a file or a folder"));
    }
    let wait = match (matches.get_flag("wait"), matches.get_one::<f64>("wait-timeout")) {
        (true, Some(&time)) => Some(duration("--wait-timeout", time)?),
        (true, None) => Some(Duration::from_secs(3600)),
        (false, _) => None,
    };
    let patterns = |name: &str| matches.get_many::<String>(name).into_iter().flatten();
    let filter = patterns("include").fold(Filter::new(), |filter, pattern| filter.include(pattern));
    let filter = patterns("exclude").fold(filter, |filter, pattern| filter.exclude(pattern));
    let mut upload = DatasetUpload::new(text("name").unwrap_or_default(), text("slug").unwrap_or_default())
        .visibility(text("visibility").unwrap_or_else(|| "private".to_owned()))
        .create_metadata(!matches.get_flag("no-create-metadata"))
        .filter(filter)
        .skip_hidden(matches.get_flag("skip-hidden"))
        .follow_links(matches.get_flag("follow-links"))
        .accept_unknown_content(matches.get_flag("accept-unknown-content"))
        .new_batch(matches.get_flag("no-resume"))
        .wait(wait);
    for source in sources {
        upload = upload.source(source);
    }
    if let Some(kind) = text("data-type") {
        upload = upload.data_type(kind);
    }
    if let Some(organization) = text("organization-uid") {
        upload = upload.organization(organization);
    }
    if let Some(owner) = text("owner") {
        upload = upload.owner(owner);
    }
    if let Some(&industry) = matches.get_one::<u64>("industry") {
        upload = upload.industry(industry);
    }
    if let Some(&license) = matches.get_one::<u64>("license") {
        upload = upload.license(license);
    }
    let (max_bytes, max_time) = limits(matches)?;
    if let Some(bytes) = max_bytes {
        upload = upload.max_bytes(bytes);
    }
    if let Some(time) = max_time {
        upload = upload.max_time(time);
    }
    let transfer = transfers(context, matches, true)?.upload_dataset(upload);
    if matches.get_flag("dry-run") {
        let plan = transfer.plan().await.map_err(failure)?;
        let plan = [
            ("data_type", plan.data_type.to_string().into()),
            ("files", plan.files.into()),
            ("bytes", plan.bytes.into()),
            ("files_done", plan.files_done.into()),
            ("bytes_to_send", plan.bytes_to_send.into()),
            ("calls", plan.calls.into()),
            ("seconds", Data::Number(format!("{:.1}", plan.time.as_secs_f64()))),
        ];
        return context.printer.value(&Data::map(plan), &[]);
    }
    context.printer.set_changing();
    let done = drive(context, transfer.start()).await?;
    let dataset = match &done.dataset {
        Some(dataset) => Json::encode(dataset).map(|json| Data::of(&json)).unwrap_or(Data::Null),
        None => Data::Null,
    };
    let result =
        [("dataset", dataset), ("was_created_before", done.was_created_before.into()), ("upload", report(&done.files))];
    context.printer.value(&Data::map(result), &[])
}
