//! The commands: a table of API calls, and commands of several calls.

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "filters of the same name are methods of several lists: a path to one would be ambiguous"
)]

mod api_call;
mod deletion;
mod fields;
mod files;
mod input;
mod known_fields;
mod row;
mod run;

mod agents;
mod annotations;
mod automation;
mod datasets;
mod fleet;
mod organizations;
mod projects;
mod services;
mod slices;
mod uploads;

mod bulk_edit;
mod context;
mod explain;
mod help;
mod import_cloud;
mod listen;
mod login;
mod profiles;
mod quality;
mod resolve;
#[cfg(feature = "sandbox")]
mod sandbox;
#[cfg(not(feature = "sandbox"))]
#[path = "sandbox_absent.rs"]
mod sandbox;
mod scripts;
mod special;
mod status;
mod storage;
mod transfer;
mod triage;
mod view;
mod wait;
mod watch;

pub(crate) use context::Context;
pub(crate) use explain::unsupported;
pub(crate) use row::Row;
pub(crate) use run::run_row;
pub(crate) use special::Special;

use clap::{ArgMatches, Command};

use self::deletion::deleted_group;
use crate::output::Format;

/// A command.
pub(crate) enum Entry {
    /// One call of the API.
    Row(&'static Row),
    /// A command of several calls, or of none.
    Special(&'static Special),
}

/// The calls of the API as commands.
pub(crate) const ROWS: &[&[Row]] = &[
    agents::ROWS,
    annotations::ROWS,
    automation::ROWS,
    datasets::ROWS,
    fleet::ROWS,
    fleet::UPLOAD_ROWS,
    organizations::ROWS,
    projects::ROWS,
    services::ROWS,
    slices::ROWS,
    uploads::ROWS,
];

/// The other commands.
const SPECIALS: &[&[Special]] = &[
    api_call::COMMANDS,
    bulk_edit::COMMANDS,
    explain::COMMANDS,
    help::COMMANDS,
    import_cloud::COMMANDS,
    listen::COMMANDS,
    login::COMMANDS,
    profiles::COMMANDS,
    quality::COMMANDS,
    resolve::COMMANDS,
    sandbox::COMMANDS,
    scripts::COMMANDS,
    status::COMMANDS,
    transfer::download::COMMANDS,
    transfer::recording::COMMANDS,
    transfer::upload::COMMANDS,
    triage::COMMANDS,
    view::COMMANDS,
    wait::COMMANDS,
    watch::COMMANDS,
];

/// The groups of commands with their descriptions and aliases.
const GROUPS: &[(&str, &str, Option<&str>)] = &[
    ("agent-actions", "Decisions of agents", None),
    ("agents", "Agents: programs that decide about events", None),
    ("alert-channels", "Where alerts are sent", None),
    ("alerts", "Alerts that rules opened", None),
    ("annotation-issues", "Issues that reviewers found in annotations", None),
    ("annotations", "Annotations, edited in bulk", None),
    ("auto-label", "Auto-label jobs: annotations made by a model", Some("auto-label-jobs")),
    ("consensus", "Agreement of annotators", None),
    ("datasets", "Datasets, their items, sequences and frames", None),
    ("devices", "Devices of the fleet", None),
    ("events", "Events in recordings", None),
    ("exports", "Exports of annotations", None),
    ("fleet", "Devices, their recordings, events, rules and alerts", None),
    ("import", "Imports into datasets", None),
    ("inference-providers", "Services that run models", None),
    ("lerobot", "LeRobot datasets", None),
    ("managed-uploads", "Uploads of recordings through the API, step by step", None),
    ("models", "Models", None),
    ("organizations", "Organizations, their members, teams and invitations", None),
    ("projects", "Projects", None),
    ("profiles", "Profiles of the configuration file", None),
    ("public-datasets", "Published datasets, readable without a key", None),
    ("quality", "Reports on quality", None),
    ("quality-targets", "Quality targets of a project", None),
    ("recordings", "Recordings of devices", None),
    ("rules", "Rules that open alerts", None),
    ("signup", "New accounts", None),
    ("slices", "Slices: selections of dataset items", None),
    ("storage-configs", "Buckets that datasets are read from", None),
    ("tasks", "Annotation tasks", None),
    ("uploads", "Uploads, step by step", None),
    ("users", "The user of the key", None),
    ("webhook-deliveries", "Deliveries of webhooks", None),
    ("webhooks", "Webhooks", None),
];

/// Returns all commands.
pub(crate) fn entries() -> impl Iterator<Item = &'static Entry> {
    use std::sync::OnceLock;

    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    let all = || {
        let rows = ROWS.iter().flat_map(|rows| rows.iter()).map(Entry::Row);
        rows.chain(SPECIALS.iter().flat_map(|specials| specials.iter()).map(Entry::Special)).collect()
    };
    ENTRIES.get_or_init(all).iter()
}

/// Returns the command that reads the resource that `row` deletes, if one takes the same arguments.
pub(crate) fn reader(row: &Row, matches: &ArgMatches) -> Option<&'static Row> {
    let group = deleted_group(row)?;
    let is_known = |name: &str| matches.try_contains_id(name).is_ok();
    entries().find_map(|entry| match entry {
        Entry::Row(get) if get.path.split_last() == Some((&"get", group)) => {
            get.args.iter().all(|arg| is_known(arg.name)).then_some(*get)
        }
        _ => None,
    })
}

/// Returns the description of a group of commands.
pub(crate) fn group_about(name: &str) -> &'static str {
    GROUPS.iter().find(|(known, ..)| *known == name).map_or("", |(_, about, _)| about)
}

/// Returns the alias of a group.
pub(crate) fn group_alias(name: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(known, ..)| *known == name).and_then(|(.., alias)| *alias)
}

/// Returns the group with this alias.
pub(crate) fn group_of_alias(alias: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(.., known)| *known == Some(alias)).map(|(name, ..)| *name)
}

impl Entry {
    /// Returns the words of the command name.
    pub(crate) fn path(&self) -> &'static [&'static str] {
        match self {
            Self::Row(row) => row.path,
            Self::Special(special) => special.path,
        }
    }

    pub(crate) fn about(&self) -> &'static str {
        match self {
            Self::Row(row) => row.about,
            Self::Special(special) => special.about,
        }
    }

    /// Returns an example, without the name of the program.
    pub(crate) fn example(&self) -> String {
        match self {
            Self::Row(row) => row.example_line(),
            Self::Special(special) => special.path.join(" "),
        }
    }

    /// Returns the output format without `-o`.
    pub(crate) fn default_format(&self) -> Format {
        match self {
            Self::Special(special) if special.path == api_call::PATH => Format::Json,
            _ => Format::Table,
        }
    }

    /// Adds the arguments of the command.
    pub(crate) fn build(&self, command: Command) -> Command {
        match self {
            Self::Row(row) => row.build_command(command),
            Self::Special(special) => (special.build)(command),
        }
    }

    /// Returns the command with this name.
    pub(crate) fn find(words: &[&str]) -> Option<&'static Self> {
        entries().find(|entry| entry.path() == words)
    }
}

#[cfg(test)]
mod tests;
