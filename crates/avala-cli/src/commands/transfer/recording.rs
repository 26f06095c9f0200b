//! `avala fleet recordings upload`.

use std::path::PathBuf;
use std::time::Duration;

use avala_client::types::Json;
use avala_transfer::RecordingUpload;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{drive, options, report, transfers};
use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

pub(crate) const COMMANDS: &[Special] = &[Special {
    path: &["fleet", "recordings", "upload"],
    about: "Upload the files of a recording; the same command goes on after an interruption",
    build,
    run: |context, matches| Box::pin(run(context, matches)),
}];

fn build(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    options(
        command
            .arg(text("source", "FOLDER", "Folder to upload").required(true).value_parser(value_parser!(PathBuf)))
            .arg(text("recording", "UID", "Recording that the files belong to"))
            .arg(text("device", "UID", "Not supported: no call creates a recording; pass --recording"))
            .arg(text("storage-config", "UID", "Bucket to upload to").conflicts_with("managed"))
            .arg(flag("managed", "Upload through the API, which publishes the recording as a dataset"))
            .arg(flag("skip-hidden", "Skip files and folders whose names begin with a dot"))
            .arg(flag("dry-run", "Print the files and the bytes, and send nothing"))
            .arg(flag("wait", "Wait until the recording is ready"))
            .arg(text("wait-timeout", "SECONDS", "How long to wait [default: 3600]").value_parser(value_parser!(f64))),
    )
    .after_help("Example:\n  avala fleet recordings upload --source drive/ --recording UID --wait")
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let Some(recording) = text("recording") else {
        return Err(Failure::usage("pass --recording UID: no call of the API creates a recording for a device"));
    };
    let source = matches.get_one::<PathBuf>("source").cloned().unwrap_or_default();
    if matches.get_flag("dry-run") {
        let (files, bytes) =
            count(&source).map_err(|error| Failure::usage(format!("cannot read {}: {error}", source.display())))?;
        let plan = [("recording", recording.into()), ("files", files.into()), ("bytes", bytes.into())];
        return context.printer.value(&Data::map(plan), &[]);
    }
    let wait = match (matches.get_flag("wait"), matches.get_one::<f64>("wait-timeout")) {
        (true, Some(&time)) => Some(duration("--wait-timeout", time)?),
        (true, None) => Some(Duration::from_secs(3600)),
        (false, _) => None,
    };
    let mut upload = RecordingUpload::new(recording, source).skip_hidden(matches.get_flag("skip-hidden")).wait(wait);
    if matches.get_flag("managed") {
        upload = upload.managed();
    }
    if let Some(config) = text("storage-config") {
        upload = upload.storage_config(config);
    }
    if let Some(&bytes) = matches.get_one::<u64>("max-bytes") {
        upload = upload.max_bytes(bytes);
    }
    let run = transfers(context, matches, true)?.upload_recording(upload).start();
    let done = drive(context, run).await?;
    let recording = match &done.recording {
        Some(recording) => Json::encode(recording).map(|json| Data::of(&json)).unwrap_or(Data::Null),
        None => Data::Null,
    };
    let result = [
        ("recording_uid", done.recording_uid.as_str().into()),
        ("recording", recording),
        ("session_uid", done.session_uid.as_str().into()),
        ("dataset_uid", done.dataset_uid.as_ref().map(|uid| uid.as_str().to_owned()).into()),
        ("upload", report(&done.files)),
    ];
    context.printer.value(&Data::map(result), &[])
}

/// Returns the files below a folder and their bytes. Links are not followed.
fn count(folder: &std::path::Path) -> std::io::Result<(u64, u64)> {
    let (mut files, mut bytes) = (0, 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if metadata.is_file() {
                files += 1;
                bytes += metadata.len();
            }
        }
    }
    Ok((files, bytes))
}
