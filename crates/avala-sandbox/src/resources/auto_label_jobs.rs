//! Auto-label jobs.

use avala_types::{
    AutoLabelJob, AutoLabelJobStatus, AutoLabelJobUid, AutoLabelModelType, CreateAutoLabelJob, ProjectUid,
    RawPageResponse,
};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::clock;
use crate::error::{Answer, ApiError, Created, Done};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::routes::Routes;
use crate::validation::Kind;

pub(crate) struct AutoLabelJobRow {
    pub(crate) job: AutoLabelJob,
    pub(crate) project: ProjectUid,
}

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/projects/{project_uid}/auto-label/", create)
        .get("/auto-label-jobs/", list)
        .get("/auto-label-jobs/{uid}/", get_one)
        .delete("/auto-label-jobs/{uid}/", cancel)
}

async fn list(State(app): State<App>, query: ListQuery) -> Answer<RawPageResponse<AutoLabelJob>> {
    query
        .list(&app.tables().auto_label_jobs)
        .filter(|row| query.equals("project", Some(&row.project)))
        .filter(|row| query.equals("status", row.job.status.as_ref()))
        .cursor_page(|row| row.job.clone())
}

async fn create(State(app): State<App>, Path(project): Path<ProjectUid>, body: JsonBody) -> Created<AutoLabelJob> {
    let mut tables = app.tables();
    tables.projects.get(&project)?;
    let payload: CreateAutoLabelJob = body.or_empty().read(|fields| {
        fields.optional("model_type", Kind::Choice(AutoLabelModelType::KNOWN));
        fields.optional("confidence_threshold", Kind::Share);
        fields.optional("labels", Kind::Texts);
        fields.optional("dry_run", Kind::Boolean);
    })?;
    let total = tables.tasks.rows().filter(|task| task.project.as_ref() == Some(&project)).count();
    let row = tables.auto_label_jobs.add(|uid| {
        let mut job = AutoLabelJob::new(uid);
        job.status = Some(AutoLabelJobStatus::Pending);
        job.model_type = payload.model_type.or(Some(AutoLabelModelType::Sam3));
        job.confidence_threshold = payload.confidence_threshold.or(Some(0.5));
        job.labels = payload.labels.unwrap_or_default();
        job.dry_run = payload.dry_run.unwrap_or_default();
        job.total_items = total as u64;
        job.progress_pct = Some(0.0);
        job.created_at = clock::now();
        AutoLabelJobRow { job, project }
    });
    Ok((StatusCode::ACCEPTED, Json(row.job.clone())))
}

/// A job is one step further with each answer.
async fn get_one(State(app): State<App>, Path(uid): Path<AutoLabelJobUid>) -> Answer<AutoLabelJob> {
    let mut tables = app.tables();
    let job = &mut tables.auto_label_jobs.get_mut(uid)?.job;
    advance(job);
    Ok(Json(job.clone()))
}

async fn cancel(State(app): State<App>, Path(uid): Path<AutoLabelJobUid>) -> Done {
    let mut tables = app.tables();
    let job = &mut tables.auto_label_jobs.get_mut(uid)?.job;
    if job.is_terminal() {
        return Err(ApiError::conflict("The job has ended."));
    }
    job.status = Some(AutoLabelJobStatus::Canceled);
    job.completed_at = clock::now();
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one step: pending, running through a third and two thirds of the items, completed.
fn advance(job: &mut AutoLabelJob) {
    let total = job.total_items;
    match job.status {
        Some(AutoLabelJobStatus::Pending) => {
            job.status = Some(AutoLabelJobStatus::Running);
            job.started_at = clock::now();
            job.processed_items = total / 3;
        }
        Some(AutoLabelJobStatus::Running) if job.processed_items < total * 2 / 3 => job.processed_items = total * 2 / 3,
        Some(AutoLabelJobStatus::Running) => {
            job.status = Some(AutoLabelJobStatus::Completed);
            job.completed_at = clock::now();
            job.processed_items = total;
            job.summary = Some(json!({ "annotations_created": if job.dry_run { 0 } else { total * 3 } }).into());
        }
        // It has ended.
        _ => return,
    }
    // Every tenth item has nothing on it.
    job.skipped_items = job.processed_items / 10;
    job.successful_items = job.processed_items - job.skipped_items;
    job.progress_pct = Some(if total == 0 { 100.0 } else { job.processed_items as f64 * 100.0 / total as f64 });
}
