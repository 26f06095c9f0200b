//! Projects.

use avala_types::{OwnerName, ProjectUid};
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::ApiResult;
use crate::request::list::{ListQuery, time_key};
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Page, Project};

pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/users/me/projects/", list)
        .get("/users/me/projects/{uid}/", get_one)
        .get("/projects/{owner}/", list_by_owner)
}

async fn list(State(app): State<App>, query: ListQuery) -> ApiResult<Page<Project>> {
    query.list(&app.tables().projects).cursor_page(Project::clone)
}

async fn get_one(State(app): State<App>, Path(uid): Path<ProjectUid>) -> ApiResult<Project> {
    Ok(Json(app.tables().projects.get(uid)?.clone()))
}

async fn list_by_owner(
    State(app): State<App>,
    Path(owner): Path<OwnerName>,
    query: ListQuery,
) -> ApiResult<Page<Project>> {
    let tables = app.tables();
    tables.check_owner(&owner)?;
    query
        .list(&tables.projects)
        .filter(|project| project.owner_name.as_ref() == Some(&owner))
        .filter(|project| query.contains("name", &project.name))
        .order_by(|project, field| match field {
            "name" => Some(project.name.to_lowercase()),
            "created_at" => Some(time_key(project.created_at)),
            "updated_at" => Some(time_key(project.updated_at)),
            _ => None,
        })
        .cursor_page(Project::clone)
}
