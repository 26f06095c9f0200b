//! Compares the table of commands with the contract of the API.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use avala_client::Avala;
use clap::Command;
use serde_json::Value;

use super::deletion::deleted_group;
use super::input::Input;
use super::row::{Kind, Row};
use super::{Entry, ROWS, entries, reader};
use crate::args::option::{Arg, Form};

/// Returns the call of a command that is not a row.
const BULK_EDIT: &str = "annotations.bulk_edit";

fn contract() -> BTreeMap<String, Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contract/endpoints.json");
    let endpoints: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    endpoints.into_iter().map(|endpoint| (endpoint["call"].as_str().unwrap().to_owned(), endpoint)).collect()
}

fn rows() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().flat_map(|rows| rows.iter())
}

#[test]
fn every_call_of_the_api_is_a_command() {
    let commands: BTreeSet<String> = rows().map(|row| row.call.to_owned()).chain([BULK_EDIT.to_owned()]).collect();
    let calls: BTreeSet<String> = contract().into_keys().collect();
    assert_eq!(calls.len(), 159);
    assert_eq!(commands, calls);
}

#[test]
fn the_tree_of_commands_is_consistent() {
    let mut root = crate::args::root();
    root.build();
    root.debug_assert();
    let mut paths = BTreeSet::new();
    for entry in entries() {
        assert!(paths.insert(entry.path()), "{:?} occurs twice", entry.path());
        assert!(!entry.about().is_empty());
    }
}

/// Returns a value that fits an argument.
fn sample(arg: &Arg) -> Option<String> {
    Some(match (arg.name, arg.form) {
        ("timestamp", _) => "2026-01-31T12:00:00Z".to_owned(),
        ("revision-sha256", _) => "ab".repeat(32),
        ("frame-idx", _) => "0".to_owned(),
        ("protocol", _) => "avala.fleet-upload.v1".to_owned(),
        ("subtasks" | "leakage-groups", _) => "[]".to_owned(),
        ("events", Form::Json) => {
            r#"[{"recording":"r","device":"d","type":"error","label":"l","timestamp":"2026-01-31T12:00:00Z"}]"#
                .to_owned()
        }
        ("files", Form::Json) => {
            r#"[{"path":"a","size_bytes":1,"etag":"e","content_sha256":"ab","file_uid":"f","generation_uid":"g"}]"#
                .to_owned()
        }
        ("actions", _) => "[]".to_owned(),
        (_, Form::Text) => "x".to_owned(),
        (_, Form::Integer | Form::Integers) => "1".to_owned(),
        (_, Form::Number) => "0.5".to_owned(),
        (_, Form::Bool) => "true".to_owned(),
        (_, Form::Choice(values)) => values[0].to_owned(),
        (_, Form::Comma) => "a,b".to_owned(),
        (_, Form::Json | Form::JsonOrFile) => "{}".to_owned(),
        (_, Form::Switch(_) | Form::File) => return None,
    })
}

/// Returns the request of a row with every argument, or with one of several that exclude each other.
fn request(row: &'static Row, left_out: &[&str]) -> http::Request<bytes::Bytes> {
    let mut line = vec!["x".to_owned()];
    for arg in row.args.iter().filter(|arg| !left_out.contains(&arg.name)) {
        match (sample(arg), arg.is_positional) {
            (Some(value), true) => line.push(value),
            (Some(value), false) => line.push(format!("--{}={value}", arg.name)),
            (None, _) if matches!(arg.form, Form::Switch(_)) => line.push(format!("--{}", arg.name)),
            (None, _) => {}
        }
    }
    let command = row.build_command(Command::new("x"));
    let matches = command.try_get_matches_from(&line).unwrap_or_else(|error| panic!("{}: {error}", row.call));
    let avala = Avala::builder().without_credentials().build().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let prepared = (row.prepare)(&avala, &Input::new(row.call, row.args, &matches, None));
        let prepared = prepared.unwrap_or_else(|failure| panic!("{}: {}", row.call, failure.line()));
        prepared.request.unwrap_or_else(|error| panic!("{}: {error}", row.call))
    })
}

#[test]
fn every_command_sends_its_call_with_all_arguments() {
    let contract = contract();
    for row in rows() {
        let endpoint = &contract[row.call];
        // `datasets.transfer` has two exclusive members; credentials that a provider does not use are not sent.
        let request = request(row, &["owner-username"]);
        let context = format!("{} {}", row.call, request.uri());
        assert_eq!(request.method().as_str(), endpoint["method"].as_str().unwrap(), "{context}");
        assert_path(endpoint["path"].as_str().unwrap(), request.uri().path(), &context);
        let sent: BTreeSet<&str> =
            request.uri().query().into_iter().flat_map(|query| query.split('&')).map(name).collect();
        let mut wanted: BTreeSet<&str> = names(&endpoint["query"]);
        if row.kind == Kind::List {
            wanted.retain(|name| !matches!(*name, "cursor" | "limit"));
        }
        // The SDK sets these two itself.
        wanted.remove("transport");
        assert!(wanted.is_subset(&sent), "{context}: {wanted:?} {sent:?}");
        if let Some(body) = endpoint["body"].as_object() {
            let text = request.body();
            let sent: Value = serde_json::from_slice(text).unwrap_or_else(|error| panic!("{context}: {error}"));
            let sent: BTreeSet<&str> = sent.as_object().unwrap().keys().map(String::as_str).collect();
            let mut wanted: BTreeSet<&str> = body.keys().map(String::as_str).collect();
            match row.call {
                "datasets.transfer" => wanted.retain(|name| *name == "organization_uid"),
                "storage_configs.create" => wanted.retain(|name| *name != "gc_storage_auth_json_content"),
                _ => {}
            }
            assert!(wanted.is_subset(&sent), "{context}: {:?} missing", wanted.difference(&sent));
        }
    }
}

fn name(pair: &str) -> &str {
    pair.split('=').next().unwrap_or_default()
}

fn names(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// Compares a path with its template.
fn assert_path(template: &str, path: &str, context: &str) {
    let path = path.strip_prefix("/api/v1").unwrap();
    let segments: Vec<&str> = path.split('/').collect();
    let templates: Vec<&str> = template.split('/').collect();
    assert_eq!(segments.len(), templates.len(), "{context}");
    for (segment, template) in segments.iter().zip(&templates) {
        assert!(template.contains('{') && !segment.is_empty() || segment == template, "{context}: {template}");
    }
}

#[test]
fn destructive_calls_ask_and_changes_have_a_dry_run() {
    for row in rows() {
        let deletes = row.call.ends_with(".delete") || row.call.contains("remove") || row.call.ends_with(".cancel");
        if deletes {
            assert_eq!(row.kind, Kind::Destroy, "{}", row.call);
        }
        let command = row.build_command(Command::new("x"));
        let has = |name: &str| command.get_arguments().any(|arg| arg.get_long() == Some(name));
        assert_eq!(has("dry-run"), matches!(row.kind, Kind::Change | Kind::Destroy), "{}", row.call);
        assert_eq!(has("yes"), row.kind == Kind::Destroy, "{}", row.call);
    }
}

#[test]
fn deletions_read_the_name_wherever_a_command_does() {
    let mut read = 0;
    for entry in entries() {
        let Entry::Row(row) = entry else { continue };
        let Some(group) = deleted_group(row) else { continue };
        let mut line = vec!["avala".to_owned()];
        line.extend(row.path.iter().map(|word| (*word).to_owned()));
        for arg in row.args {
            line.extend((!arg.is_positional).then(|| format!("--{}", arg.name)));
            line.push("x".to_owned());
        }
        let matches = crate::args::root().try_get_matches_from(&line).unwrap();
        let mut own = &matches;
        while let Some((_, child)) = own.subcommand() {
            own = child;
        }
        let exists = entries().any(|entry| entry.path().split_last() == Some((&"get", group)));
        assert_eq!(reader(row, own).is_some(), exists, "{:?}", row.path);
        read += usize::from(exists);
    }
    assert!(read > 5);
}

#[test]
fn known_fields_are_those_of_the_contract() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contract/types.json");
    let types: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for (call, endpoint) in contract() {
        let returns = endpoint["returns"].as_str().unwrap().trim_end_matches('>');
        let name = returns.rsplit('<').next().unwrap();
        let mut expected: Vec<String> =
            types[name]["fields"].as_object().into_iter().flatten().map(|(field, _)| field.clone()).collect();
        let mut known = super::known_fields::of(&call);
        expected.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, expected, "{call}: known_fields.txt");
    }
}

#[test]
fn every_help_has_an_example() {
    let mut root = crate::args::root();
    root.build();
    let mut open = vec![("avala".to_owned(), &root)];
    let mut count = 0;
    while let Some((path, command)) = open.pop() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        // The one of a group is that of its first command.
        assert!(help.contains("Example") && help.contains("\n  avala "), "{path}: {help:?}");
        open.extend(command.get_subcommands().map(|child| (format!("{path} {}", child.get_name()), child)));
        count += 1;
    }
    assert!(count > 200, "{count}");
}
