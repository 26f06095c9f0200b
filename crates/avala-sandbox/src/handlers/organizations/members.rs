//! The members of an organization.

use avala_types::{OrganizationRole, OrganizationSlug, TransferOwnership, UpdateMemberRole, UserUid};
use axum::extract::{Path, State};
use http::StatusCode;

use super::shared::{MemberList, check_not_owner};
use crate::app::App;
use crate::error::{ApiError, ApiResult, Done};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::routes::Routes;
use crate::schema::OrganizationMember;
use crate::state::organization::OrganizationRow;

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/organizations/{slug}/members/", list)
        .delete("/organizations/{slug}/members/{user_uid}/", remove)
        .patch("/organizations/{slug}/members/{user_uid}/role/", update_role)
        .post("/organizations/{slug}/leave/", leave)
        .post("/organizations/{slug}/transfer-ownership/", transfer_ownership)
}

async fn list(
    State(app): State<App>,
    Path(slug): Path<OrganizationSlug>,
    query: ListQuery,
) -> ApiResult<MemberList<OrganizationMember>> {
    let tables = app.tables();
    let is_found = |member: &OrganizationMember| {
        let name = member.username.as_ref().map(AsRef::as_ref).unwrap_or_default();
        let words =
            [name, member.full_name.as_deref().unwrap_or_default(), member.email.as_deref().unwrap_or_default()];
        words.iter().any(|text| query.contains("search", text))
    };
    let list = query
        .list(&tables.organization(&slug)?.members)
        .filter(|member| query.equals("role", member.role.as_ref()))
        .filter(is_found);
    MemberList::response(&app, list, |list| list.numbered_page(OrganizationMember::clone))
}

async fn remove(State(app): State<App>, Path((slug, user)): Path<(OrganizationSlug, UserUid)>) -> Done {
    remove_member(app.tables().organization_mut(&slug)?, &user)
}

async fn update_role(
    State(app): State<App>,
    Path((slug, user)): Path<(OrganizationSlug, UserUid)>,
    body: JsonBody,
) -> Done {
    let mut tables = app.tables();
    let member = tables.organization_mut(&slug)?.members.find_mut(|member| member.user_uid == user)?;
    // A separate call sets a new owner.
    let payload: UpdateMemberRole = body.read(|fields| fields.required("role", Kind::Choice(&["admin", "member"])))?;
    check_not_owner(member.role.as_ref())?;
    member.role = Some(payload.role);
    Ok(StatusCode::NO_CONTENT)
}

async fn leave(State(app): State<App>, Caller(caller): Caller, Path(slug): Path<OrganizationSlug>) -> Done {
    let mut tables = app.tables();
    let user = tables.accounts.named(&caller)?.uid.clone();
    remove_member(tables.organization_mut(&slug)?, &user)
}

async fn transfer_ownership(State(app): State<App>, Path(slug): Path<OrganizationSlug>, body: JsonBody) -> Done {
    let mut tables = app.tables();
    let row = tables.organization_mut(&slug)?;
    let payload: TransferOwnership = body.read(|fields| fields.required("new_owner_uid", Kind::Text))?;
    let new_owner = payload.new_owner_uid;
    row.member(&new_owner)
        .map_err(|_| ApiError::field("new_owner_uid", "This user is not a member of the organization."))?;
    for member in row.members.rows_mut() {
        if member.user_uid == new_owner {
            member.role = Some(OrganizationRole::Owner);
        } else if member.role == Some(OrganizationRole::Owner) {
            member.role = Some(OrganizationRole::Admin);
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a member from the organization and from its teams.
fn remove_member(row: &mut OrganizationRow, user: &UserUid) -> Done {
    check_not_owner(row.member(user)?.role.as_ref())?;
    row.members.retain(|member| member.user_uid != *user);
    for team in row.teams.rows_mut() {
        team.members.retain(|member| member.user_uid != *user);
    }
    Ok(StatusCode::NO_CONTENT)
}
