//! `avala download`, `avala sync` and `avala verify`.

use std::path::PathBuf;

use avala_transfer::{CompareBy, Difference, Download, DownloadPlan, Filter, Transfers};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{drive, failure, limits, options, report, transfers, workers};
use crate::commands::context::Context;
use crate::commands::special::{Running, Special};
use crate::commands::wait::{Pace, follow};
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome, after_printing};

const SOURCE_HELP: &str = "export:UID, OWNER/SLUG (a dataset), OWNER/SLUG/SEQUENCE_UID, or a published revision: \
                           public:OWNER/DATASET@SELECTOR or avala://datasets/UID@DIGEST";

pub(crate) const COMMANDS: &[Special] = &[
    Special {
        path: &["download"],
        about: "Download an export, a dataset, a sequence or a published revision; the same command continues",
        build: |command| {
            build(command).after_help(
                "Examples:\n  avala download export:UID march.zip\n  avala download acme/night-drives drives/\n  \
                 avala download public:acme/night-drives@main drives/",
            )
        },
        run: |context, matches| Box::pin(download(context, matches, source(matches), false)),
    },
    Special {
        path: &["exports", "download"],
        about: "Download the file of an export once it is done; the same command continues",
        build: |command| {
            build_to(command.arg(Arg::new("from").value_name("UID").required(true).help("UID of the export")))
                .after_help("Example:\n  avala exports download UID march.zip")
        },
        run: |context, matches| Box::pin(download(context, matches, format!("export:{}", source(matches)), false)),
    },
    Special {
        path: &["sync"],
        about: "Make a folder equal to a dataset or an export",
        build: |command| {
            build(command)
                .arg(
                    Arg::new("delete").long("delete").value_name("MAX").value_parser(value_parser!(u64)).help(
                        "Delete files of the folder that the source does not have; none if there are more than MAX",
                    ),
                )
                .after_help(
                    "To create a dataset from a folder, use `avala upload`: a second run sends only what is missing.\n\
                     Example:\n  avala sync acme/night-drives drives/ --delete 10",
                )
        },
        run: |context, matches| Box::pin(download(context, matches, source(matches), true)),
    },
    Special {
        path: &["verify"],
        about: "Compare a folder or file with an export, a dataset or a published revision; fails if they differ",
        build: |command| build(command).after_help("Example:\n  avala verify acme/night-drives drives/ --hash"),
        run: |context, matches| Box::pin(verify(context, matches)),
    },
];

fn build(command: Command) -> Command {
    build_to(command.arg(Arg::new("from").value_name("SOURCE").required(true).help(SOURCE_HELP)))
}

/// Adds the arguments after the source.
fn build_to(command: Command) -> Command {
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let pattern = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("PATTERN").action(ArgAction::Append).help(help)
    };
    options(
        command
            .arg(
                Arg::new("to")
                    .value_name("PATH")
                    .required(true)
                    .value_parser(value_parser!(PathBuf))
                    .help("Folder, or file of an export"),
            )
            .arg(pattern("include", "Only files that match"))
            .arg(pattern("exclude", "No files that match"))
            .arg(flag("hash", "Compare the content of files instead of size and time"))
            .arg(flag("resume", "Resume an interrupted download [always on]"))
            .arg(flag("dry-run", "Print the planned calls, bytes and time, and transfer nothing")),
    )
}

/// Returns whether a source is published and needs no key.
fn is_public(from: &str) -> bool {
    from.starts_with("public:") || from.starts_with("avala://")
}

/// Returns whether a path names a folder, even if it does not exist yet.
fn is_folder(path: &std::path::Path) -> bool {
    path.is_dir() || path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

fn source(matches: &ArgMatches) -> String {
    matches.get_one::<String>("from").cloned().unwrap_or_default()
}

fn prepare(transfers: &Transfers, from: &str, matches: &ArgMatches, into_folder: bool) -> Outcome<Download> {
    let to = matches.get_one::<PathBuf>("to").cloned().unwrap_or_default();
    let parts: Vec<&str> = from.split('/').collect();
    let download = if let Some(uid) = from.strip_prefix("export:") {
        let export = transfers.download_export(uid);
        if into_folder || is_folder(&to) { export.to_folder(to) } else { export.to_file(to) }
    } else if is_public(from) {
        transfers.download_revision(from.strip_prefix("public:").unwrap_or(from)).to_folder(to)
    } else {
        match parts.as_slice() {
            [owner, slug] if !owner.is_empty() && !slug.is_empty() => {
                transfers.download_dataset(*owner, *slug).to_folder(to)
            }
            [owner, slug, sequence] if !sequence.is_empty() => {
                transfers.download_sequence(*owner, *slug, *sequence).to_folder(to)
            }
            _ => return Err(Failure::usage(format!("{from:?} is not a source: pass {SOURCE_HELP}"))),
        }
    };
    let mut filter = Filter::new();
    for pattern in matches.get_many::<String>("include").into_iter().flatten() {
        filter = filter.include(pattern);
    }
    for pattern in matches.get_many::<String>("exclude").into_iter().flatten() {
        filter = filter.exclude(pattern);
    }
    let mut download = download.filter(filter).files_at_once(workers(matches));
    if matches.get_flag("hash") {
        download = download.compare(CompareBy::Hash);
    }
    let (max_bytes, max_time) = limits(matches)?;
    if let Some(bytes) = max_bytes {
        download = download.max_bytes(bytes);
    }
    if let Some(time) = max_time {
        download = download.max_time(time);
    }
    if let Some(&most) = matches.try_get_one::<u64>("delete").ok().flatten() {
        download = download.delete_extra(most);
    }
    Ok(download)
}

async fn download(context: &mut Context, matches: &ArgMatches, from: String, into_folder: bool) -> Outcome {
    let transfers = transfers(context, matches, !is_public(&from))?;
    let download = prepare(&transfers, &from, matches, into_folder)?;
    if matches.get_flag("dry-run") {
        let plan = download.plan().await.map_err(failure)?;
        return context.printer.value(&plan_data(&plan), &[]);
    }
    context.printer.set_changing();
    let done = drive(context, download.start()).await?;
    let printed = context.printer.value(&report(&done), &[]);
    let own = match done.unfinished().count() {
        0 => Ok(()),
        left => Err(Failure::new(
            ExitCode::Partial,
            format!("{left} files are left; continue with: {}", super::command_line()),
        )),
    };
    after_printing(printed, own)
}

fn texts(paths: &[String]) -> Data {
    Data::List(paths.iter().map(|path| Data::from(path.as_str())).collect())
}

fn plan_data(plan: &DownloadPlan) -> Data {
    Data::map([
        ("files", plan.files.len().into()),
        ("bytes", plan.bytes.into()),
        ("unknown_sizes", plan.unknown_sizes.into()),
        ("skipped", plan.skipped.len().into()),
        ("deleted", texts(&plan.deleted)),
        ("collisions", plan.collisions.len().into()),
        ("rejected", plan.rejected.len().into()),
        ("calls", plan.api_calls.into()),
        ("seconds", Data::Number(format!("{:.1}", plan.time.as_secs_f64()))),
        ("warnings", texts(&plan.warnings)),
    ])
}

async fn verify(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let from = source(matches);
    let transfers = transfers(context, matches, !is_public(&from))?;
    let comparison = prepare(&transfers, &from, matches, false)?.verify().await.map_err(failure)?;
    let different = comparison.different.iter().map(|(path, difference)| {
        let what = match difference {
            Difference::Size { source, target } => format!("{source} bytes there, {target} bytes here"),
            Difference::Content => "other content".to_owned(),
            Difference::Unreadable(why) => why.clone(),
            _ => "cannot be compared".to_owned(),
        };
        Data::map([("path", path.as_str().into()), ("difference", what.into())])
    });
    let result = [
        ("is_equal", comparison.is_equal().into()),
        ("same", comparison.same.len().into()),
        ("same_size", comparison.same_size.len().into()),
        ("missing", texts(&comparison.missing)),
        ("extra", texts(&comparison.extra)),
        ("different", Data::List(different.collect())),
    ];
    let printed = context.printer.value(&Data::map(result), &[]);
    if comparison.is_equal() {
        return printed;
    }
    let counts = (comparison.missing.len(), comparison.extra.len(), comparison.different.len());
    let message = format!("they differ: {} missing, {} extra, {} different", counts.0, counts.1, counts.2);
    after_printing(printed, Err(Failure::new(ExitCode::JobFailed, message)))
}

/// Returns the options of `exports create` that wait for the export and download it.
pub(crate) fn export_args(command: Command) -> Command {
    options(
        command
            .arg(
                Arg::new("wait")
                    .long("wait")
                    .action(ArgAction::SetTrue)
                    .help("Wait until the export is done; fails if it fails"),
            )
            .arg(
                Arg::new("download")
                    .long("download")
                    .value_name("PATH")
                    .value_parser(value_parser!(PathBuf))
                    .help("Wait, then download the export to this file or folder"),
            ),
    )
}

/// Waits for a new export and downloads it, if `--wait` or `--download` is set; otherwise returns `false`.
pub(crate) fn after_export<'a>(
    context: &'a mut Context,
    export: &Data,
    matches: &'a ArgMatches,
) -> Option<Running<'a>> {
    let target = matches.get_one::<PathBuf>("download").cloned();
    if target.is_none() && !matches.get_flag("wait") {
        return None;
    }
    let uid = export.text_at("uid").unwrap_or_default().to_owned();
    Some(Box::pin(async move {
        let pace = Pace {
            interval: std::time::Duration::from_secs(2),
            timeout: std::time::Duration::from_secs(3600),
            is_quiet: false,
        };
        let wait = context.avala()?.exports().wait(uid.as_str());
        let followed = follow(context, wait, &pace).await;
        let Some(target) = target else { return followed };
        match followed {
            // Nobody reads the result, but the file is wanted.
            Err(failure) if failure.is_closed_pipe() => {}
            followed => followed?,
        }
        let export = transfers(context, matches, true)?.download_export(uid.as_str());
        let mut download =
            if is_folder(&target) { export.to_folder(target.clone()) } else { export.to_file(target.clone()) };
        let (max_bytes, max_time) = limits(matches)?;
        if let Some(bytes) = max_bytes {
            download = download.max_bytes(bytes);
        }
        if let Some(time) = max_time {
            download = download.max_time(time);
        }
        let done = drive(context, download.start()).await?;
        let line = format!("Downloaded {} bytes to {}", done.totals.bytes_done, target.display());
        context.notes.line(&crate::output::escape::line(&line));
        Ok(())
    }))
}
