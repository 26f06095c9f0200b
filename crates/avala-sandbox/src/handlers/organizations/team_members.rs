//! The members of a team.

use avala_types::{AddTeamMember, OrganizationSlug, TeamRole, TeamSlug, UpdateTeamMemberRole, UserUid};
use axum::extract::{Path, State};
use http::StatusCode;

use super::shared::{MemberList, TeamPath};
use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done, created};
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::routes::Routes;
use crate::schema::{TeamMember, choices};
use crate::state::clock;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/organizations/{slug}/teams/{team_slug}/members/", list)
        .post("/organizations/{slug}/teams/{team_slug}/members/", add)
        .delete("/organizations/{slug}/teams/{team_slug}/members/{user_uid}/", remove)
        .patch("/organizations/{slug}/teams/{team_slug}/members/{user_uid}/role/", update_role)
}

/// The path of a member of a team: the organization, the team in it, and the user.
type MemberPath = Path<(OrganizationSlug, TeamSlug, UserUid)>;

async fn list(
    State(app): State<App>,
    Path((slug, team)): TeamPath,
    query: ListQuery,
) -> ApiResult<MemberList<TeamMember>> {
    let tables = app.tables();
    let list = query.list(&tables.organization(&slug)?.team(&team)?.members);
    MemberList::response(&app, list, |list| list.cursor_page(TeamMember::clone))
}

async fn add(State(app): State<App>, Path((slug, team)): TeamPath, body: JsonBody) -> Created<TeamMember> {
    let mut tables = app.tables();
    let row = tables.organization_mut(&slug)?;
    row.team(&team)?;
    let payload: AddTeamMember = body.read(|fields| {
        fields.required("user_uid", Kind::Text);
        fields.optional("role", Kind::Choice(choices::TEAM_ROLE));
    })?;
    let user = &payload.user_uid;
    let member = row.member(user).cloned();
    let member = member.map_err(|_| ApiError::field("user_uid", "This user is not a member of the organization."))?;
    let team = row.team_mut(&team)?;
    if team.members.find(|member| member.user_uid == *user).is_ok() {
        return Err(ApiError::field("user_uid", "This user is a member of the team."));
    }
    created(team.add_member(&member, payload.role.unwrap_or(TeamRole::Member), clock::now()))
}

async fn remove(State(app): State<App>, Path((slug, team, user)): MemberPath) -> Done {
    let mut tables = app.tables();
    let team = tables.organization_mut(&slug)?.team_mut(&team)?;
    match team.members.retain(|member| member.user_uid != user) {
        0 => Err(ApiError::not_found()),
        _ => Ok(StatusCode::NO_CONTENT),
    }
}

async fn update_role(State(app): State<App>, Path((slug, team, user)): MemberPath, body: JsonBody) -> Done {
    let mut tables = app.tables();
    let team = tables.organization_mut(&slug)?.team_mut(&team)?;
    let member = team.members.find_mut(|member| member.user_uid == user)?;
    let payload: UpdateTeamMemberRole =
        body.read(|fields| fields.required("role", Kind::Choice(choices::TEAM_ROLE)))?;
    member.role = Some(payload.role);
    Ok(StatusCode::NO_CONTENT)
}
