//! Checks that the payload of an announced event matches the event.

use std::fmt;

use avala_types::{EventType, Json};
use serde_json::{Map, Value};

use crate::schema::choices;

/// Error of [`Sandbox::announce`](crate::Sandbox::announce): the event is unknown, or the payload does not fit it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnounceError(String);

impl AnnounceError {
    pub(crate) fn not_json(error: serde_json::Error) -> Self {
        Self(format!("the payload cannot be written as JSON: {error}"))
    }
}

impl fmt::Display for AnnounceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AnnounceError {}

/// Fields that are not text.
const LISTS: [&str; 1] = ["result_data"];
const OBJECTS: [&str; 1] = ["result_metadata"];

/// Returns the event with this name, if the payload fits.
///
/// A payload is that of agents (`task_uid`, `dataset_uid`, ...) or the resource for webhooks, with its `uid`.
pub(crate) fn check(event: &str, payload: &Json) -> Result<EventType, AnnounceError> {
    let fail = |reason: &str| Err(AnnounceError(format!("event {event:?}: {reason}")));
    if !choices::EVENT_TYPE.contains(&event) {
        return Err(AnnounceError(format!(
            "unknown event {event:?}; known events are {}",
            choices::EVENT_TYPE.join(", ")
        )));
    }
    let Ok(fields) = payload.parse::<Map<String, Value>>() else { return fail("the payload is not an object") };
    let kind = event.split('.').next().unwrap_or_default();
    let identities: &[&[&str]] = match kind {
        "result" => &[&["task_uid"], &["result_uid"]],
        "task" => &[&["task_uid", "uid"]],
        "dataset" => &[&["dataset_uid", "uid"]],
        "export" => &[&["export_uid", "uid"]],
        _ => &[&["uid"]],
    };
    for names in identities {
        let has = |name: &&&str| fields.get(**name).and_then(Value::as_str).is_some_and(|uid| !uid.is_empty());
        if !names.iter().any(|name| has(&name)) {
            return fail(&format!("the payload needs {} as a non-empty string", names.join(" or ")));
        }
    }
    for (name, value) in &fields {
        let (is_right, form) = match name.as_str() {
            name if LISTS.contains(&name) => (value.is_array(), "a list"),
            name if OBJECTS.contains(&name) => (value.is_object(), "an object"),
            name if name.ends_with("_uid") => (value.is_string() || value.is_null(), "a string or null"),
            "task_name" | "task_type" | "task_status" => (value.is_string() || value.is_null(), "a string or null"),
            _ => (true, ""),
        };
        if !is_right {
            return fail(&format!("{name} must be {form}"));
        }
    }
    Ok(EventType::from(event))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn payload_is_checked_against_its_event() {
        for (event, payload, fits) in [
            ("result.submitted", json!({"task_uid": "t", "result_uid": "r", "result_data": []}), true),
            ("result.submitted", json!({"task_uid": "t"}), false),
            ("result.submitted", json!({"task_uid": "t", "result_uid": "r", "result_data": {}}), false),
            ("dataset.deleted", json!({"dataset_uid": "d", "project_uid": null}), true),
            ("dataset.deleted", json!({"uid": "d", "name": "N"}), true),
            ("dataset.deleted", json!({"task_uid": "t"}), false),
            ("dataset.deleted", json!({"dataset_uid": 7}), false),
            ("dataset.vanished", json!({"dataset_uid": "d"}), false),
            ("task.completed", json!([]), false),
        ] {
            assert_eq!(check(event, &payload.clone().into()).is_ok(), fits, "{event} {payload}");
        }
    }
}
