//! Life cycle of each resource: created, found, listed, updated, deleted, and no longer found.

use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{create, delete, fetch, get, json, patch, text, walk};

/// A kind of object that a client creates, updates and deletes.
pub(crate) struct Life {
    /// The path of the list.
    pub(crate) list: String,
    /// The field that identifies an object in its path.
    pub(crate) key: &'static str,
    /// Payload that creates an object.
    pub(crate) new: Value,
    /// Payload of an update, and the fields that it sets.
    pub(crate) change: Value,
    /// A field that an update can clear.
    pub(crate) clears: Option<&'static str>,
    /// A field that an update can set and not clear.
    pub(crate) keeps: &'static str,
    /// A field that only the response to the creation has.
    pub(crate) secret: Option<&'static str>,
}

impl Life {
    pub(crate) async fn live(self, sandbox: &Sandbox) {
        let mut thing = create(sandbox, &self.list, self.new.clone()).await;
        if let Some(secret) = self.secret {
            assert!(thing[secret].as_str().is_some_and(|secret| !secret.is_empty()), "{thing}");
            thing[secret] = Value::Null;
        }
        for (field, sent) in self.new.as_object().unwrap() {
            if self.secret != Some(field) {
                assert_eq!(thing[field], *sent, "{field}");
            }
        }
        let name = text(&thing, self.key).to_owned();
        let path = format!("{}{name}/", self.list);
        assert_same(&fetch(sandbox, &path).await, &thing);
        assert!(walk(sandbox, &self.list, self.key).await.contains(&name));

        let changed = json(&patch(sandbox, &path, self.change.clone()).await, StatusCode::OK);
        for (field, old) in thing.as_object().unwrap() {
            match self.change.get(field) {
                Some(new) => assert_eq!(changed[field], *new, "{field} is set"),
                None if field == "updated_at" => assert_ne!(changed[field], *old),
                None => assert_eq!(changed[field], *old, "{field} is kept"),
            }
        }
        assert_same(&fetch(sandbox, &path).await, &changed);
        if let Some(field) = self.clears {
            assert!(!changed[field].is_null(), "{field} was set");
            let cleared = json(&patch(sandbox, &path, value!({ field: null })).await, StatusCode::OK);
            assert!(cleared[field].is_null(), "{field} is cleared");
        }
        let refused = json(&patch(sandbox, &path, value!({ self.keeps: null })).await, StatusCode::BAD_REQUEST);
        assert_eq!(refused, value!({ self.keeps: ["This field may not be null."] }));

        assert_eq!(delete(sandbox, &path).await.status(), StatusCode::NO_CONTENT);
        assert_eq!(get(sandbox, &path).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(patch(sandbox, &path, self.change).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(delete(sandbox, &path).await.status(), StatusCode::NOT_FOUND);
        assert!(!walk(sandbox, &self.list, self.key).await.contains(&name));
    }
}

/// Compares two objects without the counters that reading changes.
fn assert_same(one: &Value, other: &Value) {
    let without_counts = |thing: &Value| {
        let mut thing = thing.clone();
        thing.as_object_mut().unwrap().remove("execution_stats");
        thing
    };
    assert_eq!(without_counts(one), without_counts(other));
}
