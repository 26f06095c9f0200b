//! Reads the calls of the client from its source, so that the contract has all of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use avala_tests::contract::folder;

/// Calls without a row, with the reason.
const WITHOUT_ROW: &[(&str, &str)] =
    &[("agents.replace", "the reference documents PUT where both SDKs, and so the row of agents.update, have PATCH")];

/// Returns the calls that only the source or only the rows have.
pub(super) fn differences(rows: &[String]) -> Vec<String> {
    let mut operations = BTreeSet::new();
    collect(&folder("../crates/avala-client/src/resources"), &mut operations);
    let known = |name: &str| rows.iter().any(|row| row == name);
    let mut wrong: Vec<String> = Vec::new();
    for operation in &operations {
        if !known(operation) && !WITHOUT_ROW.iter().any(|(name, _)| name == operation) {
            wrong.push(format!("{operation}: the client has it, and no row"));
        }
    }
    for name in rows.iter().map(String::as_str).chain(WITHOUT_ROW.iter().map(|(name, _)| *name)) {
        if !operations.contains(name) {
            wrong.push(format!("{name}: the client does not have it"));
        }
    }
    wrong.extend(WITHOUT_ROW.iter().filter(|(name, _)| known(name)).map(|(name, _)| format!("{name}: it has a row")));
    wrong
}

/// Collects the first argument of each `Endpoint::get(...)` and similar calls.
fn collect(folder: &Path, operations: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, operations);
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for constructor in source.split("Endpoint::").skip(1) {
            let name = constructor.split_once('(').and_then(|(_, arguments)| arguments.trim_start().strip_prefix('"'));
            let name = name.and_then(|name| name.split_once('"')).map(|(name, _)| name.to_owned());
            operations.insert(name.unwrap_or_else(|| format!("a name in {} that is not a literal", path.display())));
        }
    }
}
