//! Control routes of the sandbox, outside the API.

use avala_types::Json as FreeForm;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::ApiError;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;

/// Path of the route that raises an event.
pub(crate) const ANNOUNCE_PATH: &str = "/_sandbox/announce/";

#[derive(Deserialize)]
struct Announcement {
    event: String,
    payload: FreeForm,
}

/// Raises an event for agents and webhooks: `{"event": "result.submitted", "payload": {...}}`.
///
/// Only JSON is accepted, so that a page in a browser cannot post here without a preflight request, which fails.
pub(crate) async fn announce(State(app): State<App>, body: JsonBody) -> Result<(StatusCode, Json<Value>), ApiError> {
    let announcement: Announcement = body.read(|fields| {
        fields.required("event", Kind::Text);
        fields.required("payload", Kind::Object);
    })?;
    let result = app.announce_checked(&announcement.event, &announcement.payload);
    let (deliveries, executions) = result.map_err(|error| ApiError::field("payload", error.to_string()))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "deliveries": deliveries, "executions": executions }))))
}
