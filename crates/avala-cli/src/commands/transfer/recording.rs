//! `avala fleet recordings upload`: uploads the files of a recording.

use std::path::PathBuf;
use std::time::Duration;

use avala_client::types::Json;
use avala_transfer::RecordingUpload;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{drive, failure, limits, options, report, transfers};
use crate::args::global::duration;
use crate::commands::context::Context;
use crate::commands::special::Special;
use crate::data::Data;
use crate::failure::{Failure, Outcome};

pub(crate) const COMMANDS: &[Special] = &[Special {
    path: &["fleet", "recordings", "upload"],
    about: "Upload the files of a recording; the same command continues after an interruption",
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
            .arg(flag("dry-run", "Print what would be sent, with calls, bytes and time"))
            .arg(flag("wait", "Wait until the recording is ready"))
            .arg(
                text("wait-timeout", "SECONDS", "Timeout of the wait [default: 3600]").value_parser(value_parser!(f64)),
            ),
    )
    .after_help("Example:\n  avala fleet recordings upload --source drive/ --recording UID --wait")
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let Some(recording) = text("recording") else {
        return Err(Failure::usage("pass --recording UID: no call of the API creates a recording for a device"));
    };
    let source = matches.get_one::<PathBuf>("source").cloned().unwrap_or_default();
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
    let (max_bytes, max_time) = limits(matches)?;
    if let Some(bytes) = max_bytes {
        upload = upload.max_bytes(bytes);
    }
    if let Some(time) = max_time {
        upload = upload.max_time(time);
    }
    if matches.get_flag("dry-run") {
        // Planning the upload of a recording makes no call.
        let transfer = transfers(context, matches, false)?.upload_recording(upload);
        let plan = transfer.plan().await.map_err(failure)?;
        let plan = [
            ("recording", text("recording").into()),
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
