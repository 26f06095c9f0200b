//! The teams of an organization.

use avala_types::{CreateTeam, OrganizationSlug, RawPageResponse, Team, TeamSlug, Timestamp, UpdateTeam};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;

use super::{OrganizationRow, TeamRow};
use crate::app::App;
use crate::clock;
use crate::error::{Answer, Created, Done, created};
use crate::json_body::JsonBody;
use crate::list::ListQuery;
use crate::patch::set;
use crate::routes::Routes;
use crate::slug::free_slug;
use crate::table::Table;
use crate::validation::Kind;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/organizations/{slug}/teams/", list)
        .post("/organizations/{slug}/teams/", create)
        .get("/organizations/{slug}/teams/{team_slug}/", get_one)
        .patch("/organizations/{slug}/teams/{team_slug}/", update)
        .delete("/organizations/{slug}/teams/{team_slug}/", delete)
}

/// The path of a team: the organization, and the team in it.
pub(super) type TeamPath = Path<(OrganizationSlug, TeamSlug)>;

async fn list(
    State(app): State<App>,
    Path(slug): Path<OrganizationSlug>,
    query: ListQuery,
) -> Answer<RawPageResponse<Team>> {
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

async fn get_one(State(app): State<App>, Path((slug, team)): TeamPath) -> Answer<Team> {
    Ok(Json(app.tables().organization(&slug)?.team(&team)?.view()))
}

async fn update(State(app): State<App>, Path((slug, team)): TeamPath, body: JsonBody) -> Answer<Team> {
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

impl OrganizationRow {
    pub(crate) fn add_team(&mut self, payload: CreateTeam, created_at: Option<Timestamp>) -> &mut TeamRow {
        let is_taken = |slug: &str| self.team(&slug.into()).is_ok();
        let slug = free_slug(&payload.name, is_taken);
        let organization = &self.organization;
        self.teams.add(|uid| {
            let mut team = Team::new(uid, payload.name);
            team.slug = Some(slug.into());
            team.description = payload.description;
            team.color = payload.color;
            team.organization_uid = Some(organization.uid.clone());
            team.organization_name = Some(organization.name.clone());
            team.organization_slug = Some(organization.slug.clone());
            team.created_at = created_at;
            team.updated_at = created_at;
            TeamRow { members: Table::new(&format!("members of {uid}")), team }
        })
    }
}
