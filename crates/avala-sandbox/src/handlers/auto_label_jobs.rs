//! Auto-label jobs.

use avala_types::{AutoLabelJobStatus, AutoLabelJobUid, AutoLabelModelType, CreateAutoLabelJob, ProjectUid};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done};
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{AutoLabelJob, Page, choices};
use crate::state::auto_label_job::{self, AutoLabelJobRow};
use crate::state::clock;

pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/projects/{project_uid}/auto-label/", create)
        .get("/auto-label-jobs/", list)
        .get("/auto-label-jobs/{uid}/", get_one)
        .delete("/auto-label-jobs/{uid}/", cancel)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<AutoLabelJob>> {
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
        fields.optional("model_type", Kind::Choice(choices::AUTO_LABEL_MODEL_TYPE));
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

/// Returns a job, and advances it by one step.
async fn get_one(State(app): State<App>, Path(uid): Path<AutoLabelJobUid>) -> ApiResult<AutoLabelJob> {
    let mut tables = app.tables();
    let job = &mut tables.auto_label_jobs.get_mut(uid)?.job;
    auto_label_job::advance(job);
    Ok(Json(job.clone()))
}

async fn cancel(State(app): State<App>, Path(uid): Path<AutoLabelJobUid>) -> Done {
    let mut tables = app.tables();
    let job = &mut tables.auto_label_jobs.get_mut(uid)?.job;
    use AutoLabelJobStatus::{Canceled, Completed, Failed};
    if matches!(job.status, Some(Canceled | Completed | Failed)) {
        return Err(ApiError::conflict("The job has ended."));
    }
    job.status = Some(Canceled);
    job.completed_at = clock::now();
    Ok(StatusCode::NO_CONTENT)
}
