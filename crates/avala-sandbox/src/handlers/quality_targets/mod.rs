//! Quality targets.

mod evaluate;

use avala_types::{
    CreateQualityTarget, ProjectUid, QualityOperator, QualitySeverity, QualityTargetUid, UpdateQualityTarget,
};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Page, QualityTarget, choices};
use crate::state::clock;
use crate::state::quality_target::QualityTargetRow;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/projects/{project_uid}/quality-targets/", list)
        .post("/projects/{project_uid}/quality-targets/", create)
        .post("/projects/{project_uid}/quality-targets/evaluate/", evaluate::evaluate)
        .get("/projects/{project_uid}/quality-targets/{uid}/", get_one)
        .patch("/projects/{project_uid}/quality-targets/{uid}/", update)
        .delete("/projects/{project_uid}/quality-targets/{uid}/", delete)
}

/// The path of a target: the project, and the target in it.
type TargetPath = Path<(ProjectUid, QualityTargetUid)>;

async fn list(
    State(app): State<App>,
    Path(project): Path<ProjectUid>,
    query: ListQuery,
) -> ApiResult<Page<QualityTarget>> {
    let tables = app.tables();
    tables.projects.get(&project)?;
    query.list(&tables.quality_targets).filter(|row| row.project == project).cursor_page(|row| row.target.clone())
}

async fn create(State(app): State<App>, Path(project): Path<ProjectUid>, body: JsonBody) -> Created<QualityTarget> {
    let mut tables = app.tables();
    tables.projects.get(&project)?;
    let payload: CreateQualityTarget = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.required("metric", Kind::Choice(choices::QUALITY_METRIC));
        fields.required("threshold", Kind::Number);
        fields.optional("operator", Kind::Choice(choices::QUALITY_OPERATOR));
        fields.optional("severity", Kind::Choice(choices::QUALITY_SEVERITY));
        fields.optional("is_active", Kind::Boolean);
        fields.optional("notify_webhook", Kind::Boolean);
        fields.optional("notify_emails", Kind::Texts);
    })?;
    let row = tables.quality_targets.add(|uid| {
        let operator = payload.operator.unwrap_or(QualityOperator::Gte);
        let mut target = QualityTarget::new(uid, payload.name, payload.metric, operator, payload.threshold);
        target.severity = payload.severity.or(Some(QualitySeverity::Warning));
        target.is_active = payload.is_active.or(Some(true));
        target.notify_webhook = payload.notify_webhook.or(Some(true));
        target.notify_emails = payload.notify_emails.unwrap_or_default();
        target.created_at = clock::now();
        target.updated_at = target.created_at;
        QualityTargetRow { target, project }
    });
    created(row.target.clone())
}

async fn get_one(State(app): State<App>, Path((project, uid)): TargetPath) -> ApiResult<QualityTarget> {
    Ok(Json(app.tables().quality_target(&project, &uid)?.clone()))
}

async fn update(State(app): State<App>, Path((project, uid)): TargetPath, body: JsonBody) -> ApiResult<QualityTarget> {
    let mut tables = app.tables();
    let target = tables.quality_target(&project, &uid)?;
    let payload: UpdateQualityTarget = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        fields.changeable("metric", Kind::Choice(choices::QUALITY_METRIC));
        fields.changeable("threshold", Kind::Number);
        fields.changeable("operator", Kind::Choice(choices::QUALITY_OPERATOR));
        fields.changeable("is_active", Kind::Boolean);
        fields.changeable("notify_webhook", Kind::Boolean);
        fields.changeable("notify_emails", Kind::Texts);
        fields.optional("severity", Kind::Choice(choices::QUALITY_SEVERITY));
    })?;
    set(&mut target.name, payload.name);
    set(&mut target.metric, payload.metric);
    set(&mut target.threshold, payload.threshold);
    set(&mut target.operator, payload.operator);
    set(&mut target.is_active, payload.is_active);
    set(&mut target.notify_webhook, payload.notify_webhook);
    set(&mut target.notify_emails, payload.notify_emails);
    payload.severity.apply(&mut target.severity);
    target.updated_at = clock::now();
    Ok(Json(target.clone()))
}

async fn delete(State(app): State<App>, Path((project, uid)): TargetPath) -> Done {
    let mut tables = app.tables();
    tables.quality_target(&project, &uid)?;
    tables.quality_targets.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}
