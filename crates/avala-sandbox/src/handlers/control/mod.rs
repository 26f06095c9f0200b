//! Control routes of the sandbox, outside the API: the functions of [`Sandbox`](crate::Sandbox), for programs.
//!
//! Bodies are JSON, so that a page in a browser cannot post here without a preflight request, which fails.

mod data;
mod result;
mod storage;

use avala_types::Json as FreeForm;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::app::App;
use crate::error::ApiError;
use crate::fault::{Fault, FaultError};
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::response::Json;
use result::{ControlResult, done};

/// Returns the control routes, with their whole paths.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/_sandbox/announce/", post(announce))
        .route("/_sandbox/faults/", post(add_fault).delete(clear_faults))
        .route("/_sandbox/clock/", post(advance_clock))
        .route("/_sandbox/finalizations/", post(data::script_finalizations))
        .route("/_sandbox/generations/", post(data::set_generations))
        .route("/_sandbox/revisions/", post(data::set_revision))
        .route("/_sandbox/executions/", post(data::set_execution))
        .route("/_sandbox/storage/", get(storage::list).post(storage::edit))
}

#[derive(Deserialize)]
struct Announcement {
    event: String,
    payload: FreeForm,
}

/// Triggers an event for agents and webhooks: `{"event": "result.submitted", "payload": {...}}`.
async fn announce(State(app): State<App>, body: JsonBody) -> ControlResult {
    let announcement: Announcement = body.read(|fields| {
        fields.required("event", Kind::Text);
        fields.required("payload", Kind::Object);
    })?;
    let result = app.announce_checked(&announcement.event, &announcement.payload);
    let (deliveries, executions) = result.map_err(|error| ApiError::field("payload", error.to_string()))?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "deliveries": deliveries, "executions": executions }))))
}

#[derive(Deserialize)]
struct NewFault {
    fault: String,
}

/// Adds a fault: `{"fault": "PUT storage:/* slow-down x3 1/10"}`.
async fn add_fault(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: NewFault = body.read(|fields| fields.required("fault", Kind::Text))?;
    let wrong = |error: FaultError| ApiError::field("fault", error.to_string());
    app.faults().add(payload.fault.parse::<Fault>().map_err(wrong)?).map_err(wrong)?;
    done()
}

/// Removes the faults that have not been applied yet.
async fn clear_faults(State(app): State<App>) -> ControlResult {
    app.faults().clear();
    done()
}

#[derive(Deserialize)]
struct Advance {
    advance_seconds: u64,
}

/// Moves the clock forward: `{"advance_seconds": 900}`.
async fn advance_clock(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: Advance = body.read(|fields| fields.required("advance_seconds", Kind::Integer))?;
    app.storage(|storage| storage.clock.advance(std::time::Duration::from_secs(payload.advance_seconds)));
    done()
}
