//! `avala annotations bulk-edit`: checks the edits of a file, then sends them in chunks.

use std::collections::{BTreeMap, BTreeSet};

use avala_client::Avala;
use avala_client::types::{BulkEdit, DataType, Json};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::commands::context::Context;
use crate::commands::files::read_text;
use crate::commands::special::Special;
use crate::data::Data;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, Outcome};

pub(super) const COMMANDS: &[Special] = &[Special {
    path: &["annotations", "bulk-edit"],
    about: "Insert, update and delete annotations of a file",
    build,
    run: |context, matches| Box::pin(run(context, matches)),
}];

fn build(command: Command) -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).required(true).help(help)
    };
    let flag = |name: &'static str, help: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue).help(help);
    let count = |name: &'static str, default: &'static str, help: &'static str| {
        let arg = Arg::new(name).long(name).value_name("N").default_value(default);
        arg.value_parser(value_parser!(u64).range(1..)).help(help)
    };
    command
        .arg(text("owner", "OWNER", "Owner of the dataset"))
        .arg(text("slug", "SLUG", "Slug of the dataset"))
        .arg(
            text("input", "FILE", "Edits: .jsonl has an object per line, anything else a JSON array; `-` is stdin")
                .value_parser(value_parser!(std::path::PathBuf)),
        )
        .arg(count("chunk-size", "500", "Edits per call, at most 500"))
        .arg(count("start-chunk", "1", "Chunk to continue with, after a failure"))
        .arg(flag("dry-run", "Check the file and send nothing"))
        .arg(flag("check-only", "Check the file, the dataset, items and sequences, and change nothing"))
        .after_help(
            "Example:\n  avala annotations bulk-edit --owner acme --slug night-drives --input edits.jsonl --dry-run",
        )
}

async fn run(context: &mut Context, matches: &ArgMatches) -> Outcome {
    let text = |name: &str| matches.get_one::<String>(name).cloned().unwrap_or_default();
    let count =
        |name: &str| matches.get_one::<u64>(name).map_or(1, |&count| usize::try_from(count).unwrap_or(usize::MAX));
    let (owner, slug) = (text("owner"), text("slug"));
    let Some(path) = matches.get_one::<std::path::PathBuf>("input") else { return Ok(()) };
    let content = read_text(path)?;
    let is_lines = path.extension().is_some_and(|extension| extension == "jsonl");
    let edits = parse(&content, is_lines)?;
    let summary = check(&edits)?;
    let chunk_size = count("chunk-size").min(BulkEdit::MAX_EDITS);
    let chunks = edits.len().div_ceil(chunk_size);
    let counted: Vec<(String, Data)> =
        summary.objects.iter().map(|(name, count)| (name.clone(), (*count).into())).collect();
    let report = |edits: usize, sent: usize| {
        Data::map([
            ("edits", edits.into()),
            ("chunks", chunks.into()),
            ("chunks_sent", sent.into()),
            ("objects", Data::Map(counted.clone())),
        ])
    };
    if matches.get_flag("dry-run") {
        return context.printer.value(&report(edits.len(), 0), &[]);
    }
    let avala = context.avala()?;
    check_references(&avala, &owner, &slug, &summary).await?;
    if matches.get_flag("check-only") {
        return context.printer.value(&report(edits.len(), 0), &[]);
    }
    context.printer.set_changing();
    let mut sent = 0;
    for (index, chunk) in edits.chunks(chunk_size).enumerate().skip(count("start-chunk") - 1) {
        let number = index + 1;
        let call =
            avala.annotations().bulk_edit_chunk(owner.as_str(), slug.as_str(), &BulkEdit { edits: chunk.to_vec() });
        if let Err(error) = call.await {
            let failure = Failure::from(error);
            let code = if sent > 0 { ExitCode::Partial } else { failure.code };
            let message = format!(
                "chunk {number} of {chunks} failed: {}; {sent} chunks were sent; continue with --start-chunk {number}",
                failure.line()
            );
            return Err(Failure::new(code, message));
        }
        sent += 1;
        context.notes.line(&format!("chunk {number} of {chunks} sent"));
    }
    context.printer.value(&report(edits.len(), sent), &[])
}

/// Returns the edits of a file.
fn parse(content: &str, is_lines: bool) -> Outcome<Vec<Json>> {
    if is_lines {
        let line = |(index, line): (usize, &str)| {
            let invalid = |error| Failure::usage(format!("line {}: invalid JSON: {error}", index + 1));
            serde_json::from_str::<Json>(line).map_err(invalid)
        };
        return content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(line).collect();
    }
    serde_json::from_str(content).map_err(|error| Failure::usage(format!("expected a JSON array of edits: {error}")))
}

/// Target of the edits.
#[derive(Default)]
struct Summary {
    objects: BTreeMap<String, usize>,
    items: BTreeSet<String>,
    sequences: BTreeSet<String>,
}

/// Checks each edit, without the dataset.
fn check(edits: &[Json]) -> Outcome<Summary> {
    let mut summary = Summary::default();
    for (index, edit) in edits.iter().enumerate() {
        let edit = Data::of(edit);
        check_one(&edit, &mut summary).map_err(|what| Failure::usage(format!("edit {}: {what}", index + 1)))?;
    }
    if edits.is_empty() {
        return Err(Failure::usage("the file has no edits"));
    }
    Ok(summary)
}

fn check_one(edit: &Data, summary: &mut Summary) -> Result<(), String> {
    if !matches!(edit, Data::Map(_)) {
        return Err("expected an object".to_owned());
    }
    let action = edit.text_at("action");
    if !matches!(action, Some("upsert" | "delete")) {
        return Err("action has to be upsert or delete".to_owned());
    }
    if edit.text_at("object_uuid").is_none_or(str::is_empty) {
        return Err("object_uuid is missing".to_owned());
    }
    let kind = edit.text_at("object_type");
    if action == Some("upsert") {
        if !matches!(kind, Some("cuboid" | "cuboid 3d" | "point cloud polyline")) {
            return Err("object_type has to be cuboid, cuboid 3d or point cloud polyline".to_owned());
        }
        if !matches!(edit.get("object_data"), Some(Data::Map(_) | Data::List(_))) {
            return Err("object_data is missing".to_owned());
        }
    }
    match (edit.text_at("dataset_item_uid"), edit.text_at("sequence_uid")) {
        (Some(_), None) if kind.is_some_and(|kind| kind != "cuboid") => {
            return Err("dataset_item_uid is for cuboids only; pass sequence_uid".to_owned());
        }
        (None, Some(_)) if kind == Some("cuboid") => {
            return Err("sequence_uid is for cuboid 3d and point cloud polyline only; pass dataset_item_uid".to_owned());
        }
        (Some(item), None) => summary.items.insert(item.to_owned()),
        (None, Some(sequence)) => summary.sequences.insert(sequence.to_owned()),
        _ => return Err("pass exactly one of dataset_item_uid and sequence_uid".to_owned()),
    };
    let name = edit.text_at("object_name").unwrap_or("(unnamed)").to_owned();
    *summary.objects.entry(name).or_default() += 1;
    Ok(())
}

/// Checks that the dataset has the type lidar and contains every item and sequence.
async fn check_references(avala: &Avala, owner: &str, slug: &str, summary: &Summary) -> Outcome {
    let dataset = avala.datasets().get_by_slug(owner, slug).await?;
    if dataset.data_type != Some(DataType::Lidar) {
        return Err(Failure::usage(format!("the dataset {owner}/{slug} is not of the type lidar")));
    }
    let mut missing = summary.items.clone();
    let mut items = avala.datasets().list_items(owner, slug).items();
    while !missing.is_empty() {
        let Some(item) = items.next().await else { break };
        missing.remove(item?.uid.as_str());
    }
    let mut missing_sequences = summary.sequences.clone();
    let mut sequences = avala.datasets().list_sequences(owner, slug).items();
    while !missing_sequences.is_empty() {
        let Some(sequence) = sequences.next().await else { break };
        missing_sequences.remove(sequence?.uid.as_str());
    }
    for (what, missing) in [("items", missing), ("sequences", missing_sequences)] {
        if let Some(first) = missing.iter().next() {
            let count = missing.len();
            return Err(Failure::usage(format!(
                "{count} {what} are not in {owner}/{slug}, such as {first}; nothing was sent"
            )));
        }
    }
    Ok(())
}
