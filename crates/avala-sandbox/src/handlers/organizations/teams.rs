//! The teams of an organization.

use avala_types::{CreateTeam, OrganizationSlug, UpdateTeam};
use axum::extract::{Path, State};
use http::StatusCode;

use super::shared::TeamPath;
use crate::app::App;
use crate::error::{ApiResult, Created, Done, created};
use crate::handlers::patch::set;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Page, Team};
use crate::state::clock;
use crate::state::organization::TeamRow;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/organizations/{slug}/teams/", list)
        .post("/organizations/{slug}/teams/", create)
        .get("/organizations/{slug}/teams/{team_slug}/", get_one)
        .patch("/organizations/{slug}/teams/{team_slug}/", update)
        .delete("/organizations/{slug}/teams/{team_slug}/", delete)
}

async fn list(State(app): State<App>, Path(slug): Path<OrganizationSlug>, query: ListQuery) -> ApiResult<Page<Team>> {
    query.list(&app.tables().organization(&slug)?.teams).cursor_page(TeamRow::view)
}

async fn create(State(app): State<App>, Path(slug): Path<OrganizationSlug>, body: JsonBody) -> Created<Team> {
    let mut tables = app.tables();
    let row = tables.organization_mut(&slug)?;
    let payload: CreateTeam = body.read(|fields| {
        fields.required("name", Kind::Text);
        fields.optional("description", Kind::Words);
        fields.optional("color", Kind::Words);
    })?;
    created(row.add_team(payload, clock::now()).view())
}

async fn get_one(State(app): State<App>, Path((slug, team)): TeamPath) -> ApiResult<Team> {
    Ok(Json(app.tables().organization(&slug)?.team(&team)?.view()))
}

async fn update(State(app): State<App>, Path((slug, team)): TeamPath, body: JsonBody) -> ApiResult<Team> {
    let mut tables = app.tables();
    let row = tables.organization_mut(&slug)?.team_mut(&team)?;
    let payload: UpdateTeam = body.read(|fields| {
        fields.changeable("name", Kind::Text);
        fields.optional("description", Kind::Words);
        fields.optional("color", Kind::Words);
    })?;
    set(&mut row.team.name, payload.name);
    payload.description.apply(&mut row.team.description);
    payload.color.apply(&mut row.team.color);
    row.team.updated_at = clock::now();
    Ok(Json(row.view()))
}

async fn delete(State(app): State<App>, Path((slug, team)): TeamPath) -> Done {
    let mut tables = app.tables();
    let row = tables.organization_mut(&slug)?;
    let uid = row.team(&team)?.team.uid.clone();
    row.teams.remove(uid)?;
    Ok(StatusCode::NO_CONTENT)
}
