//! Compares a received request with a row of the contract.

use std::collections::BTreeSet;

use avala_client::Error;
use avala_tests::contract::Endpoint;
use serde_json::Value;

use super::KEY;
use super::case::{Case, Sending, encoded_id};
use super::server::{Recorder, Seen};

/// The calls without credentials.
const WITHOUT_KEY: &[&str] = &[
    "signup.create",
    "public_datasets.access_object",
    "public_datasets.list_objects",
    "public_datasets.resolve",
    "public_datasets.resolve_exact",
];

/// Required query parameters, which the contract does not mark.
const REQUIRED_QUERY: &[(&str, &[&str])] = &[
    ("fleet.managed_uploads.get_progress", &["protocol", "session_uid", "file_uid", "generation_uid"]),
    ("fleet.managed_uploads.get_status", &["protocol", "session_uid"]),
    ("public_datasets.access_object", &["transport"]),
];

/// The call whose payload needs at least one of its fields.
const ONE_OF: &str = "datasets.transfer";

/// Parameters that are missing in the row of their call: the note of `storage_configs.create` says that every call
/// about storage configs takes `organization`.
const BEYOND_THE_ROW: &[(&str, &str)] =
    &[("storage_configs.delete", "organization"), ("storage_configs.test", "organization")];

/// Sends the calls of a case, and returns the differences of the received requests.
pub(super) async fn case(row: &Endpoint, case: Case, recorder: &Recorder) -> Vec<String> {
    let mut wrong = BTreeSet::new();
    let required = send(row, case.required, recorder, &mut wrong).await;
    let mut complete = required.clone();
    for sending in case.complete {
        let sent = send(row, sending, recorder, &mut wrong).await;
        complete.query.extend(sent.query);
        complete.fields.extend(sent.fields);
    }

    let mut compare = |what: &str, sent: &Names, expected: &Names| {
        if sent != expected {
            wrong.insert(format!("{what} {sent:?}, but the row has {expected:?}"));
        }
    };
    compare("with required arguments alone, its query has", &required.query, &required_query(row));
    compare("with required arguments alone, its body has", &required.fields, &required_fields(row, &required));
    compare("its query can have", &complete.query, &query(row));
    compare("its body can have", &complete.fields, &fields(row, |_| true));
    wrong.iter().map(|wrong| format!("{}: {wrong}", row.call)).collect()
}

type Names = BTreeSet<String>;

/// Names of the parameters that one call, or several together, sent.
#[derive(Clone, Default)]
struct Sent {
    query: Names,
    fields: Names,
}

fn query(row: &Endpoint) -> Names {
    let beyond = BEYOND_THE_ROW.iter().filter(|(call, _)| *call == row.call).map(|(_, name)| (*name).to_owned());
    row.query.iter().cloned().chain(beyond).collect()
}

fn required_query(row: &Endpoint) -> Names {
    let required = REQUIRED_QUERY.iter().filter(|(call, _)| *call == row.call);
    required.flat_map(|(_, names)| names.iter().map(|name| (*name).to_owned())).collect()
}

fn required_fields(row: &Endpoint, sent: &Sent) -> Names {
    match row.call.as_str() {
        ONE_OF => sent.fields.iter().take(1).cloned().collect(),
        _ => fields(row, |field| field["required"] == true),
    }
}

/// Returns the fields that a row has in its body.
fn fields(row: &Endpoint, wanted: impl Fn(&Value) -> bool) -> Names {
    let object = row.body.as_object().into_iter().flatten();
    object.filter(|(_, field)| wanted(field)).map(|(name, _)| name.clone()).collect()
}

/// Sends a call, and compares everything that does not depend on its arguments.
async fn send(row: &Endpoint, sending: Sending, recorder: &Recorder, wrong: &mut Names) -> Sent {
    let error = sending.await;
    let seen = recorder.take();
    let [seen] = &seen[..] else {
        let error = error.map(|error| format!(": {error}")).unwrap_or_default();
        wrong.insert(format!("sends {} requests{error}", seen.len()));
        return Sent::default();
    };
    let mut compare = |what: &str, sent: &str, expected: &str| {
        if sent != expected {
            wrong.insert(format!("{what} is `{sent}` instead of `{expected}`"));
        }
    };
    compare("its method", seen.method.as_str(), &row.method);
    compare("its path", seen.uri.path(), &path(row));
    compare("its API key", header(seen, "x-avala-api-key"), if WITHOUT_KEY.contains(&&*row.call) { "" } else { KEY });
    compare("what it accepts", header(seen, "accept"), "application/json");
    compare("its content type", header(seen, "content-type"), if row.body.is_null() { "" } else { "application/json" });
    let body = if seen.body.is_empty() { Ok(Value::Null) } else { serde_json::from_slice(&seen.body) };
    let body = body.unwrap_or_else(|error| Value::String(format!("no JSON: {error}")));
    compare("its body", kind(&body), if row.body == "array" { "a list" } else { kind(&row.body) });

    // Errors have the operation and the route of the row too.
    let about = |part: fn(&Error) -> Option<&str>| error.as_ref().and_then(part).unwrap_or_default();
    compare("the name in its error", about(Error::operation), &row.call);
    compare("the route in its error", about(Error::route), &row.path);
    compare("the kind of its error", &format!("{:?}", error.as_ref().map(Error::kind)), "Some(NotFound)");

    let mut query = Names::new();
    for (name, value) in form_urlencoded::parse(seen.uri.query().unwrap_or_default().as_bytes()).into_owned() {
        if value.is_empty() || !query.insert(name.clone()) {
            wrong.insert(format!("its query has `{name}` empty or twice"));
        }
    }
    let fields = body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    Sent { query, fields }
}

fn header<'a>(seen: &'a Seen, name: &str) -> &'a str {
    seen.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Returns the path of a row, with the IDs of the cases.
fn path(row: &Endpoint) -> String {
    let parts = row.path.split('{').map(|part| match part.split_once('}') {
        Some((placeholder, rest)) => encoded_id(placeholder) + rest,
        None => part.to_owned(),
    });
    format!("/api/v1{}", parts.collect::<String>())
}

fn kind(body: &Value) -> &'static str {
    match body {
        Value::Null => "nothing",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        _ => "something else",
    }
}
