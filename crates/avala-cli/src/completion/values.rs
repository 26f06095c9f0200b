//! Identifiers of the API as candidates, within a short timeout.

use std::time::Duration;

use avala_client::types::Json;
use avala_client::{Avala, Error, List};

use crate::client::{self, ClientOptions};
use crate::config::{self, Config};
use crate::data::Data;
use crate::key::{Connection, KeyOptions, KeySource};

/// Default timeout, short enough for TAB to feel immediate.
const TIME: Duration = Duration::from_millis(250);

/// The variable that overrides the timeout, in milliseconds, for a slow network.
const TIME_VARIABLE: &str = "AVALA_COMPLETION_TIMEOUT_MS";

fn time() -> Duration {
    let set = std::env::var(TIME_VARIABLE).ok().and_then(|text| text.trim().parse().ok());
    set.filter(|&milliseconds| milliseconds > 0).map_or(TIME, Duration::from_millis)
}

/// Maximum number of candidates.
const MOST: u32 = 200;

/// The member that identifies a record in an argument.
struct Source {
    resource: &'static str,
    member: &'static str,
}

/// Returns the identifiers that fit an argument of a command.
///
/// Uses only keys that need no command and no prompt.
pub(super) fn of(arg: &str, path: &[&str], words: &[&str]) -> Vec<String> {
    let Some(source) = source(arg, path) else { return Vec::new() };
    let Some(connection) = connection(words) else { return Vec::new() };
    let time = time();
    let options = ClientOptions { timeout: Some(time), max_attempts: Some(1), debug: None, waits: None };
    let Ok(avala) = client::with_key(&connection, options) else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let records = runtime.block_on(async { tokio::time::timeout(time, records(&avala, source.resource)).await });
    runtime.shutdown_background();
    match records {
        Ok(Ok(records)) => {
            let values = records.iter().filter_map(|record| record.text_at(source.member));
            // Behind an option, a name like `--yes` would be another option.
            values.filter(|value| !value.starts_with('-')).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn source(arg: &str, path: &[&str]) -> Option<Source> {
    let uid = |resource| Some(Source { resource, member: "uid" });
    match (arg, path) {
        ("name", ["datasets", "list"]) => Some(Source { resource: "datasets", member: "name" }),
        ("slug", ["organizations", ..]) => Some(Source { resource: "organizations", member: "slug" }),
        ("slug", ["datasets" | "annotations" | "annotation-issues", ..]) => {
            Some(Source { resource: "datasets", member: "slug" })
        }
        ("owner", ["datasets" | "annotations" | "annotation-issues", ..]) => {
            Some(Source { resource: "datasets", member: "owner_name" })
        }
        ("organization" | "org", _) => Some(Source { resource: "organizations", member: "slug" }),
        ("project" | "projects", _) => uid("projects"),
        ("dataset" | "datasets" | "dataset-uid", _) => uid("datasets"),
        ("device", _) => uid("devices"),
        ("recording" | "recording-uid", _) => uid("recordings"),
        ("rule", _) => uid("rules"),
        ("agent", _) => uid("agents"),
        ("uid", ["fleet", resource, ..] | [resource, ..]) => {
            let known = [
                "agents",
                "alert-channels",
                "auto-label",
                "datasets",
                "devices",
                "exports",
                "alerts",
                "events",
                "rules",
                "recordings",
                "projects",
                "tasks",
                "webhooks",
                "inference-providers",
                "storage-configs",
            ];
            known.into_iter().find(|known| known == resource).and_then(uid)
        }
        _ => None,
    }
}

/// Returns the connection that the command line selects, if its key needs no command and no prompt.
fn connection(words: &[&str]) -> Option<Connection> {
    let value = |name: &str| {
        let after = words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied();
        let joined = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        after.or(joined).map(str::to_owned)
    };
    let has_key_option =
        ["--api-key", "--api-key-file", "--api-key-command", "--base-url"].iter().any(|name| value(name).is_some());
    if has_key_option {
        return None;
    }
    let path = config::path_of(value("--config-file").as_deref().map(std::path::Path::new)).ok()?;
    let config = Config::load(&path).ok()?;
    let options = KeyOptions { profile: value("--profile"), ..KeyOptions::default() };
    let connection = Connection::resolve(&options, &config).ok()?;
    matches!(connection.key, Some(KeySource::Text(_) | KeySource::File(..))).then_some(connection)
}

async fn records(avala: &Avala, resource: &str) -> Result<Vec<Data>, Error> {
    match resource {
        "agents" => page(avala.agents().list()).await,
        "alert-channels" => page(avala.fleet().alert_channels().list()).await,
        "alerts" => page(avala.fleet().alerts().list()).await,
        "auto-label" => page(avala.auto_label_jobs().list()).await,
        "datasets" => page(avala.datasets().list()).await,
        "devices" => page(avala.fleet().devices().list()).await,
        "events" => page(avala.fleet().events().list()).await,
        "exports" => page(avala.exports().list()).await,
        "inference-providers" => page(avala.inference_providers().list()).await,
        "organizations" => page(avala.organizations().list()).await,
        "projects" => page(avala.projects().list()).await,
        "recordings" => page(avala.fleet().recordings().list()).await,
        "rules" => page(avala.fleet().rules().list()).await,
        "storage-configs" => page(avala.storage_configs().list()).await,
        "tasks" => page(avala.tasks().list()).await,
        "webhooks" => page(avala.webhooks().list()).await,
        _ => Ok(Vec::new()),
    }
}

async fn page<T, F>(list: List<T, F>) -> Result<Vec<Data>, Error> {
    let page = list.limit(MOST).decode_as::<Json>().await?;
    Ok(page.items.iter().map(Data::of).collect())
}
