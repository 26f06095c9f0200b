//! Outcomes of sequences: labels for the success of the recorded episode.

use avala_types::{DatasetSlug, Json as FreeForm, OwnerName, SequenceUid};
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::json;

use super::path::ByName;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::schema::{Page, SequenceOutcome};
use crate::state::clock;

const OUTCOMES: &[&str] = &[
    "expert_success",
    "slow_success",
    "partial_success",
    "mistake_and_recovery",
    "intervention",
    "unsafe",
    "aborted",
    "failure",
    "novel_strategy",
    "inefficient_strategy",
];
const AUTONOMY_LEVELS: &[&str] =
    &["human_demonstration", "teleoperation", "autonomous", "shared_autonomy", "intervention"];
const MEMBERSHIPS: &[&str] = &["train", "held_out_eval", "none"];
const SOURCES: &[&str] = &["human", "model", "imported"];

/// Path of a sequence.
type SequencePath = Path<(OwnerName, DatasetSlug, SequenceUid)>;

#[derive(Deserialize)]
struct SetOutcome {
    outcome: String,
    progress: Option<f64>,
    quality: Option<u64>,
    speed: Option<u64>,
    subtasks: Option<Vec<FreeForm>>,
    hand_actions: Option<FreeForm>,
    mistake_type: Option<String>,
    recovery_type: Option<String>,
    failure_stage: Option<String>,
    autonomy_level: Option<String>,
    model_version: Option<String>,
    evaluation_membership: Option<String>,
    leakage_groups: Option<FreeForm>,
    source: Option<String>,
    confidence: Option<f64>,
    source_metadata: Option<FreeForm>,
}

/// Returns the current outcome; 404 if the sequence has no label.
pub(super) async fn get(State(app): State<App>, Path((owner, slug, uid)): SequencePath) -> ApiResult<SequenceOutcome> {
    let tables = app.tables();
    let row = tables.dataset(&owner, &slug)?.sequences.get(uid)?;
    row.outcomes.first().cloned().map(Json).ok_or_else(ApiError::not_found)
}

/// Returns all versions, newest first.
pub(super) async fn history(
    State(app): State<App>,
    Path((owner, slug, uid)): SequencePath,
) -> ApiResult<Vec<SequenceOutcome>> {
    Ok(Json(app.tables().dataset(&owner, &slug)?.sequences.get(uid)?.outcomes.clone()))
}

/// Lists the current outcomes of a dataset. Filters take several values with commas.
pub(super) async fn list(
    State(app): State<App>,
    Path((owner, slug)): ByName,
    query: ListQuery,
) -> ApiResult<Page<SequenceOutcome>> {
    let tables = app.tables();
    let sequences = tables.dataset(&owner, &slug)?.sequences.rows();
    query
        .rows(sequences.filter_map(|row| row.outcomes.first()))
        .filter(|outcome| query.lists("outcome", outcome.outcome.as_ref()))
        .filter(|outcome| query.lists("evaluation_membership", outcome.evaluation_membership.as_ref()))
        .filter(|outcome| query.lists("source", outcome.source.as_ref()))
        .filter(|outcome| query.lists("autonomy_level", outcome.autonomy_level.as_ref()))
        .filter(|outcome| query.equals("model_version", outcome.model_version.as_ref()))
        .cursor_page(SequenceOutcome::clone)
}

/// Replaces the whole outcome with a new version.
pub(super) async fn set(
    State(app): State<App>,
    Caller(caller): Caller,
    Path((owner, slug, uid)): SequencePath,
    body: JsonBody,
) -> ApiResult<SequenceOutcome> {
    let mut tables = app.tables();
    let row = tables.dataset_mut(&owner, &slug)?.sequences.get_mut(&uid)?;
    let payload: SetOutcome = body.read(|fields| {
        fields.required("outcome", Kind::Choice(OUTCOMES));
        fields.optional("autonomy_level", Kind::Choice(AUTONOMY_LEVELS));
        fields.optional("evaluation_membership", Kind::Choice(MEMBERSHIPS));
        fields.optional("source", Kind::Choice(SOURCES));
        fields.optional("progress", Kind::Share);
        fields.optional("confidence", Kind::Share);
        fields.optional("quality", Kind::Integer);
        fields.optional("speed", Kind::Integer);
        fields.optional("subtasks", Kind::Objects);
        for name in ["mistake_type", "recovery_type", "failure_stage", "model_version"] {
            fields.optional(name, Kind::Words);
        }
    })?;
    let version = row.outcomes.len() as u64 + 1;
    let mut outcome = SequenceOutcome::new(format!("{uid}-outcome-{version}"));
    outcome.sequence_uid = Some(uid);
    outcome.outcome = Some(payload.outcome);
    outcome.progress = payload.progress;
    outcome.quality = payload.quality;
    outcome.speed = payload.speed;
    outcome.subtasks = Some(payload.subtasks.unwrap_or_default());
    outcome.hand_actions = payload.hand_actions;
    outcome.mistake_type = payload.mistake_type;
    outcome.recovery_type = payload.recovery_type;
    outcome.failure_stage = payload.failure_stage;
    outcome.autonomy_level = payload.autonomy_level;
    outcome.model_version = payload.model_version;
    outcome.evaluation_membership = payload.evaluation_membership.or_else(|| Some("none".to_owned()));
    outcome.leakage_groups = payload.leakage_groups;
    outcome.source = payload.source.or_else(|| Some("human".to_owned()));
    outcome.confidence = payload.confidence;
    outcome.source_metadata = payload.source_metadata;
    outcome.version = Some(version);
    outcome.is_current = Some(true);
    outcome.labeled_by = Some(json!({ "username": caller.as_str() }).into());
    outcome.created_at = clock::now();
    outcome.updated_at = outcome.created_at;
    for old in &mut row.outcomes {
        old.is_current = Some(false);
    }
    row.outcomes.insert(0, outcome.clone());
    Ok(Json(outcome))
}
