//! Tasks.

use avala_types::TaskUid;
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::ApiResult;
use crate::request::list::ListQuery;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Page, Task};

pub(crate) fn routes() -> Routes {
    Routes::new().get("/tasks/", list).get("/tasks/{uid}/", get_one)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Task>> {
    query
        .list(&app.tables().tasks)
        .filter(|task| query.equals("project", task.project.as_ref()))
        .filter(|task| query.equals("status", task.status.as_ref()))
        .cursor_page(Task::clone)
}

async fn get_one(State(app): State<App>, Path(uid): Path<TaskUid>) -> ApiResult<Task> {
    Ok(Json(app.tables().tasks.get(uid)?.clone()))
}
