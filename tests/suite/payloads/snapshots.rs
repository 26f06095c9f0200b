//! Payloads as JSON and as `Debug` output: one snapshot for each resource.

use std::collections::BTreeSet;
use std::fs;

use avala_tests::contract::folder;

use super::{resources, samples};
use crate::fixtures::{assert_none, assert_snapshot, secrets_of};

#[test]
fn every_payload_matches_its_snapshot() {
    let mut differences = Vec::new();
    for (resource, samples) in resources() {
        let mut text = String::new();
        for sample in samples {
            let call = sample.call.unwrap_or("a part of others");
            text.push_str(&format!("# {} ({call})\n", sample.payload));
            for version in sample.versions {
                let json: serde_json::Value = serde_json::from_str(&version.json).unwrap();
                text.push_str(&format!("\n{}: {json:#}\n", version.name));
            }
            text.push('\n');
        }
        let outcome = std::panic::catch_unwind(|| assert_snapshot(resource, &text, "../../snapshots/payloads"));
        differences.extend(outcome.is_err().then(|| format!("{resource} differs: `cargo xtask snapshots`")));
    }
    assert_none(&differences);
}

#[test]
fn every_snapshot_has_a_resource() {
    let names: BTreeSet<_> = resources().iter().map(|(resource, _)| format!("{resource}.snap")).collect();
    let files = fs::read_dir(folder("snapshots/payloads")).unwrap();
    let files: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files.iter().filter(|file| file.ends_with(".snap")).cloned().collect::<BTreeSet<_>>(), names);
}

#[test]
fn no_secret_of_a_payload_is_shown() {
    let mut shown = Vec::new();
    let mut met = BTreeSet::new();
    for sample in samples() {
        for version in sample.versions {
            for (field, text) in secrets_of(&version.json) {
                if version.debug.contains(&text) {
                    shown.push(format!("{} {}: {field} {text:?}", sample.payload, version.name));
                }
                met.insert(field);
            }
        }
    }
    assert_none(&shown);
    let sent = [
        "config",
        "gc_storage_auth_json_content",
        "password",
        "provider_config",
        "s3_access_key_id",
        "s3_secret_access_key",
        "secret",
    ];
    assert_eq!(met, sent.map(str::to_owned).into());
}
