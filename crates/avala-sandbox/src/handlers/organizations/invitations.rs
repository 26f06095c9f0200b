//! Invitations to an organization.

use std::time::Duration;

use avala_types::{CreateInvitation, InvitationStatus, InvitationUid, OrganizationRole, OrganizationSlug};
use axum::extract::{Path, State};
use http::StatusCode;

use crate::app::App;
use crate::error::{ApiError, ApiResult, Created, Done, created};
use crate::request::caller::Caller;
use crate::request::json_body::JsonBody;
use crate::request::list::ListQuery;
use crate::request::validation::Kind;
use crate::response::Json;
use crate::routes::Routes;
use crate::schema::{Invitation, Page};
use crate::state::clock;

/// How long an invitation can be accepted.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/organizations/{slug}/invitations/", list)
        .post("/organizations/{slug}/invitations/", create)
        .post("/organizations/{slug}/invitations/{invitation_uid}/resend/", resend)
        .post("/organizations/{slug}/invitations/{invitation_uid}/cancel/", cancel)
        .post("/organizations/invitations/{uid}/accept/", accept)
}

async fn list(
    State(app): State<App>,
    Path(slug): Path<OrganizationSlug>,
    query: ListQuery,
) -> ApiResult<Page<Invitation>> {
    query.list(&app.tables().organization(&slug)?.invitations).numbered_page(Invitation::clone)
}

async fn create(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(slug): Path<OrganizationSlug>,
    body: JsonBody,
) -> Created<Invitation> {
    let mut tables = app.tables();
    let row = tables.organization_mut(&slug)?;
    let payload: CreateInvitation = body.read(|fields| {
        fields.required("email", Kind::Email);
        // An organization has one owner, and a separate call sets a new one.
        fields.optional("role", Kind::Choice(&["admin", "member"]));
    })?;
    let is_invited = |invitation: &Invitation| {
        invitation.status == Some(InvitationStatus::Pending) && invitation.invited_email == payload.email
    };
    if row.invitations.find(is_invited).is_ok() {
        return Err(ApiError::field("email", "There is a pending invitation for this address."));
    }
    if row.members.find(|member| member.email.as_deref() == Some(&payload.email)).is_ok() {
        return Err(ApiError::field("email", "This user is a member of the organization."));
    }
    let mut invitation = Invitation::new("", payload.email);
    invitation.invited_by_username = Some(caller);
    invitation.role = payload.role.or(Some(OrganizationRole::Member));
    invitation.status = Some(InvitationStatus::Pending);
    invitation.created_at = clock::now();
    invitation.expires_at = clock::after(LIFETIME);
    invitation.is_expired = Some(false);
    created(row.add_invitation(invitation, app.url()))
}

/// Resends an invitation, which can then be accepted as long as a new one.
async fn resend(State(app): State<App>, Path((slug, uid)): Path<(OrganizationSlug, InvitationUid)>) -> Done {
    let mut tables = app.tables();
    let invitation = tables.organization_mut(&slug)?.invitations.get_mut(uid)?;
    match invitation.status {
        Some(InvitationStatus::Pending | InvitationStatus::Expired) => {
            invitation.status = Some(InvitationStatus::Pending);
            invitation.is_expired = Some(false);
            invitation.expires_at = clock::after(LIFETIME);
            Ok(StatusCode::NO_CONTENT)
        }
        _ => Err(not_pending(invitation)),
    }
}

async fn cancel(State(app): State<App>, Path((slug, uid)): Path<(OrganizationSlug, InvitationUid)>) -> Done {
    let mut tables = app.tables();
    let invitation = tables.organization_mut(&slug)?.invitations.get_mut(uid)?;
    check_pending(invitation)?;
    invitation.status = Some(InvitationStatus::Cancelled);
    Ok(StatusCode::NO_CONTENT)
}

/// Accepts an invitation: the member is the user with the invited address, or else the caller.
async fn accept(
    State(app): State<App>,
    Caller(caller): Caller,
    Path(uid): Path<InvitationUid>,
) -> ApiResult<Invitation> {
    let mut tables = app.tables();
    let slug = tables.organizations.find(|row| row.invitations.get(&uid).is_ok())?.organization.slug.clone();
    let email = tables.organization(&slug)?.invitations.get(&uid)?.invited_email.clone();
    let user = tables.accounts.with_email(&email).or_else(|_| tables.accounts.named(&caller))?.clone();

    let row = tables.organization_mut(&slug)?;
    let invitation = row.invitations.get_mut(&uid)?;
    check_pending(invitation)?;
    invitation.status = Some(InvitationStatus::Accepted);
    let accepted = invitation.clone();
    if row.member(&user.uid).is_err() {
        row.add_member(&user, accepted.role.clone().unwrap_or(OrganizationRole::Member), clock::now());
    }
    Ok(Json(accepted))
}

fn check_pending(invitation: &Invitation) -> Result<(), ApiError> {
    match invitation.status {
        Some(InvitationStatus::Pending) => Ok(()),
        _ => Err(not_pending(invitation)),
    }
}

fn not_pending(invitation: &Invitation) -> ApiError {
    let status = invitation.status.as_ref().map(AsRef::as_ref).unwrap_or_default();
    ApiError::detail(StatusCode::BAD_REQUEST, format!("This invitation is {status}."))
}
