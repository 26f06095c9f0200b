//! Control routes of the storage host.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::result::{ControlResult, done};
use crate::app::App;
use crate::error::ApiError;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::storage_host::StorageHost;

/// Lists uploaded objects, uploads that are not complete, and counters.
pub(super) async fn list(State(app): State<App>) -> ControlResult {
    let storage = StorageHost::new(&app);
    let body = json!({
        "objects": storage.objects(), "uploads": storage.uploads(), "counters": storage.counters(),
    });
    Ok((StatusCode::OK, Json(body)))
}

#[derive(Deserialize)]
struct Edit {
    key: String,
    action: String,
    size: Option<u64>,
}

/// Changes an object: `{"key": "k", "action": "change"}`, or `remove`, or `insert` with a `size`, which responds with a
/// URL.
pub(super) async fn edit(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: Edit = body.read(|fields| {
        fields.required("key", Kind::Text);
        fields.required("action", Kind::Choice(&["change", "remove", "insert"]));
        fields.optional("size", Kind::Integer);
    })?;
    let storage = StorageHost::new(&app);
    let not_found = |_| ApiError::not_found();
    match payload.action.as_str() {
        "change" => storage.change(&payload.key).map_err(not_found)?,
        "remove" => storage.remove(&payload.key).map_err(not_found)?,
        _ => {
            let size = payload.size.ok_or_else(|| ApiError::field("size", "This field is required."))?;
            storage.insert_generated(&payload.key, size);
            return Ok((StatusCode::OK, Json(json!({ "url": storage.url(&payload.key) }))));
        }
    }
    done()
}
