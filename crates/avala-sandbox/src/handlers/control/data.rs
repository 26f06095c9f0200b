//! Control routes that change records.

use axum::extract::State;
use serde::Deserialize;

use super::result::{ControlResult, done};
use crate::app::App;
use crate::error::ApiError;
use crate::request::json_body::JsonBody;
use crate::request::validation::Kind;
use crate::state::fleet::script::FinalizationStep;

#[derive(Deserialize)]
struct Steps {
    steps: Vec<String>,
}

/// Lets the next status responses show these steps: `{"steps": ["retry_wait:worker_disabled"]}`.
pub(super) async fn script_finalizations(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: Steps = body.read(|fields| fields.required("steps", Kind::Texts))?;
    let steps: Result<Vec<FinalizationStep>, String> = payload.steps.iter().map(|step| step.parse()).collect();
    let steps = steps.map_err(|error| ApiError::field("steps", error))?;
    app.tables().fleet.finalization_script.extend(steps);
    done()
}

#[derive(Deserialize)]
struct GenerationState {
    recording_uid: String,
    state: String,
}

/// Sets the state of the generations of a managed upload: `{"recording_uid": "r", "state": "abandoned"}`.
pub(super) async fn set_generations(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: GenerationState = body.read(|fields| {
        fields.required("recording_uid", Kind::Text);
        fields.required("state", Kind::Text);
    })?;
    let mut tables = app.tables();
    let row = tables.fleet.managed_uploads.find_mut(|row| row.recording.as_ref() == payload.recording_uid);
    row?.set_generations(&payload.state.as_str().into());
    done()
}

#[derive(Deserialize)]
struct Revision {
    dataset_uid: String,
    withdrawn: Option<bool>,
    range_supported: Option<bool>,
}

/// Changes a published revision: `{"dataset_uid": "d", "withdrawn": true, "range_supported": false}`.
pub(super) async fn set_revision(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: Revision = body.read(|fields| {
        fields.required("dataset_uid", Kind::Text);
        fields.optional("withdrawn", Kind::Boolean);
        fields.optional("range_supported", Kind::Boolean);
    })?;
    let mut tables = app.tables();
    let revision = tables.published(&payload.dataset_uid.as_str().into()).ok_or_else(ApiError::not_found)?;
    revision.is_withdrawn = payload.withdrawn.unwrap_or(revision.is_withdrawn);
    revision.range_supported = payload.range_supported.unwrap_or(revision.range_supported);
    done()
}

#[derive(Deserialize)]
struct Execution {
    execution_uid: String,
    status: String,
}

/// Sets the status of an execution: `{"execution_uid": "e", "status": "running"}`.
pub(super) async fn set_execution(State(app): State<App>, body: JsonBody) -> ControlResult {
    let payload: Execution = body.read(|fields| {
        fields.required("execution_uid", Kind::Text);
        fields.required("status", Kind::Text);
    })?;
    let mut tables = app.tables();
    tables.agent_executions.get_mut(&payload.execution_uid)?.status = Some(payload.status.as_str().into());
    done()
}
