//! The payloads, held against the bodies that the contract says each call takes.

use std::collections::{BTreeMap, BTreeSet};

use avala_tests::contract::endpoints;
use avala_tests::payloads::PAYLOADS;

use super::sample::{LEAST, MOST};
use super::samples;
use crate::fixtures::assert_none;

/// Calls whose constructors take more than the contract requires.
const MORE_IN_CONSTRUCTOR: &[(&str, &str)] =
    &[("datasets.transfer", "exactly one of its two fields is sent, which no list of required ones can say")];

#[test]
fn every_body_of_the_contract_has_a_payload_with_its_fields() {
    let samples: BTreeMap<_, _> = samples().into_iter().filter_map(|sample| Some((sample.call?, sample))).collect();
    let mut differences = Vec::new();
    let mut calls = BTreeSet::new();
    for endpoint in endpoints().unwrap() {
        let fields = match &endpoint.body {
            serde_json::Value::Null => continue,
            serde_json::Value::Object(fields) if fields.is_empty() => continue,
            serde_json::Value::Object(fields) => fields.clone(),
            _ => serde_json::Map::default(),
        };
        calls.insert(endpoint.call.clone());
        let Some(sample) = samples.get(endpoint.call.as_str()) else {
            differences.push(format!("{}: no payload", endpoint.call));
            continue;
        };
        let of = format!("{} ({})", endpoint.call, sample.payload);
        let expected: BTreeSet<_> = fields.keys().cloned().collect();
        let sent = sample.fields(None);
        differences.extend(expected.difference(&sent).map(|field| format!("{of}: `{field}` cannot be sent")));
        differences.extend(sent.difference(&expected).map(|field| format!("{of}: `{field}` is not in the contract")));

        let required = fields.iter().filter(|(_, field)| field["required"] == true);
        let required: BTreeSet<_> = required.map(|(name, _)| name.clone()).collect();
        if !MORE_IN_CONSTRUCTOR.iter().any(|(call, _)| *call == endpoint.call) && sample.fields(Some(LEAST)) != required
        {
            differences.push(format!("{of}: the constructor takes other fields than {required:?}"));
        }
    }
    let strange = samples.keys().filter(|call| !calls.contains(**call));
    differences.extend(strange.map(|call| format!("{call}: the contract has no body for it")));
    assert_none(&differences);
}

#[test]
fn every_payload_has_samples_that_survive_a_round_trip() {
    let samples = samples();
    let mut differences = Vec::new();
    for payload in PAYLOADS {
        let of_payload: Vec<_> = samples.iter().filter(|sample| sample.payload == payload.name).collect();
        if of_payload.is_empty() {
            differences.push(format!("{}: no samples", payload.name));
        }
        for version in of_payload.iter().flat_map(|sample| &sample.versions) {
            let reading = (payload.read)(&version.json).unwrap();
            if !reading.comes_back || reading.encoded != version.json || !reading.unknown.is_empty() {
                differences.push(format!("{} {}: {} became {reading:?}", payload.name, version.name, version.json));
            }
        }
    }
    assert_none(&differences);
}

/// What was not set is `None` or `Keep`; `most` must have neither, or a setter was forgotten.
#[test]
fn most_calls_every_setter() {
    let unset = |debug: &str| debug.contains(": None") || debug.contains(": Keep") || debug.contains(": Null");
    let samples = samples();
    let most = samples.iter().flat_map(|sample| sample.versions.iter().map(move |version| (sample, version)));
    let forgotten = most.filter(|(_, version)| version.name == MOST && unset(&version.debug));
    assert_none(
        &forgotten.map(|(sample, version)| format!("{}: {}", sample.payload, version.debug)).collect::<Vec<_>>(),
    );
}
