//! Consensus.

use avala_types::{ProjectUid, UpdateConsensusConfig};
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::ApiResult;
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusSummary, Page};
use crate::state::clock;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/projects/{project_uid}/consensus/", get_summary)
        .get("/projects/{project_uid}/consensus/scores/", list_scores)
        .post("/projects/{project_uid}/consensus/compute/", compute)
        .get("/projects/{project_uid}/consensus/config/", get_config)
        .put("/projects/{project_uid}/consensus/config/", update_config)
}

async fn get_summary(State(app): State<App>, Path(project): Path<ProjectUid>) -> ApiResult<ConsensusSummary> {
    Ok(Json(app.tables().consensus(&project)?.summary()))
}

async fn list_scores(
    State(app): State<App>,
    Path(project): Path<ProjectUid>,
    query: ListQuery,
) -> ApiResult<Page<ConsensusScore>> {
    query.list(&app.tables().consensus(&project)?.scores).cursor_page(ConsensusScore::clone)
}

/// Computes consensus at once; the real server queues the work.
async fn compute(State(app): State<App>, Path(project): Path<ProjectUid>) -> ApiResult<ConsensusComputeResult> {
    let mut tables = app.tables();
    let row = tables.consensus(&project)?;
    row.compute(clock::now());
    let mut result = ConsensusComputeResult::new();
    result.status = Some("completed".to_owned());
    result.message = Some(format!("{} items have a score.", row.scores.len()));
    Ok(Json(result))
}

async fn get_config(State(app): State<App>, Path(project): Path<ProjectUid>) -> ApiResult<ConsensusConfig> {
    Ok(Json(app.tables().consensus(&project)?.config.clone()))
}

async fn update_config(
    State(app): State<App>,
    Path(project): Path<ProjectUid>,
    body: JsonBody,
) -> ApiResult<ConsensusConfig> {
    let mut tables = app.tables();
    let config = &mut tables.consensus(&project)?.config;
    let payload: UpdateConsensusConfig = body.read(|fields| {
        fields.changeable("iou_threshold", Kind::Share);
        fields.changeable("min_agreement_ratio", Kind::Share);
        fields.changeable("min_annotations", Kind::Integer);
    })?;
    set(&mut config.iou_threshold, payload.iou_threshold);
    set(&mut config.min_agreement_ratio, payload.min_agreement_ratio);
    set(&mut config.min_annotations, payload.min_annotations);
    config.updated_at = clock::now();
    Ok(Json(config.clone()))
}
