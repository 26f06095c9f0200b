//! Organizations, and their members, invitations and teams.

use avala_client::Avala;
use avala_client::types::{
    AddTeamMember, CreateInvitation, CreateOrganization, CreateTeam, TransferOwnership, UpdateMemberRole,
    UpdateOrganization, UpdateTeam, UpdateTeamMemberRole,
};

use crate::contract::case::{Case, id, paged};

pub(super) fn cases(avala: &Avala) -> Vec<Case> {
    organizations(avala).into_iter().chain(people(avala)).chain(teams(avala)).collect()
}

fn organizations(avala: &Avala) -> Vec<Case> {
    let organizations = avala.organizations();
    let slug = id("slug");
    let organization = CreateOrganization::new("n");
    let whole_organization = organization
        .clone()
        .description("d")
        .logo("l")
        .website("https://x")
        .industry("i")
        .email("e")
        .phone("p")
        .visibility("private");
    let changes = UpdateOrganization::default()
        .name("n")
        .description("d")
        .logo("l")
        .website("https://x")
        .handle("h")
        .industry("i")
        .email("e")
        .phone("p")
        .visibility("private");
    let transfer = TransferOwnership::new("u");
    vec![
        Case::new("organizations.create", organizations.create(&organization))
            .complete(organizations.create(&whole_organization)),
        Case::new("organizations.delete", organizations.delete(&slug)),
        Case::new("organizations.get", organizations.get(&slug)),
        Case::new("organizations.industry_choices", organizations.industry_choices()),
        Case::new("organizations.leave", organizations.leave(&slug)),
        Case::new("organizations.list", organizations.list())
            .complete(paged(organizations.list()))
            .complete(organizations.list().page(2)),
        Case::new("organizations.transfer_ownership", organizations.transfer_ownership(&slug, &transfer)),
        Case::new("organizations.update", organizations.update(&slug, &UpdateOrganization::default()))
            .complete(organizations.update(&slug, &changes)),
    ]
}

fn people(avala: &Avala) -> Vec<Case> {
    let organizations = avala.organizations();
    let (slug, user, invitation) = (id("slug"), id("user_uid"), id("invitation_uid"));
    let new_invitation = CreateInvitation::new("ada@example.com");
    let role = UpdateMemberRole::new("admin");
    vec![
        Case::new("organizations.accept_invitation", organizations.accept_invitation(id("uid"))),
        Case::new("organizations.cancel_invitation", organizations.cancel_invitation(&slug, &invitation)),
        Case::new("organizations.create_invitation", organizations.create_invitation(&slug, &new_invitation))
            .complete(organizations.create_invitation(&slug, &new_invitation.clone().role("admin"))),
        Case::new("organizations.list_invitations", organizations.list_invitations(&slug))
            .complete(paged(organizations.list_invitations(&slug)))
            .complete(organizations.list_invitations(&slug).page(2)),
        Case::new("organizations.list_members", organizations.list_members(&slug))
            .complete(paged(organizations.list_members(&slug)).role("admin").search("ada"))
            .complete(organizations.list_members(&slug).page(2)),
        Case::new("organizations.remove_member", organizations.remove_member(&slug, &user)),
        Case::new("organizations.resend_invitation", organizations.resend_invitation(&slug, &invitation)),
        Case::new("organizations.update_member_role", organizations.update_member_role(&slug, &user, &role)),
    ]
}

fn teams(avala: &Avala) -> Vec<Case> {
    let organizations = avala.organizations();
    let (slug, team, user) = (id("slug"), id("team_slug"), id("user_uid"));
    let new_team = CreateTeam::new("n");
    let changes = UpdateTeam::default().name("n").description("d").color("c");
    let member = AddTeamMember::new("u");
    let role = UpdateTeamMemberRole::new("lead");
    vec![
        Case::new("organizations.add_team_member", organizations.add_team_member(&slug, &team, &member))
            .complete(organizations.add_team_member(&slug, &team, &member.clone().role("lead"))),
        Case::new("organizations.create_team", organizations.create_team(&slug, &new_team))
            .complete(organizations.create_team(&slug, &new_team.clone().description("d").color("c"))),
        Case::new("organizations.delete_team", organizations.delete_team(&slug, &team)),
        Case::new("organizations.get_team", organizations.get_team(&slug, &team)),
        Case::new("organizations.list_team_members", organizations.list_team_members(&slug, &team))
            .complete(paged(organizations.list_team_members(&slug, &team))),
        Case::new("organizations.list_teams", organizations.list_teams(&slug))
            .complete(paged(organizations.list_teams(&slug))),
        Case::new("organizations.remove_team_member", organizations.remove_team_member(&slug, &team, &user)),
        Case::new("organizations.update_team", organizations.update_team(&slug, &team, &UpdateTeam::default()))
            .complete(organizations.update_team(&slug, &team, &changes)),
        Case::new(
            "organizations.update_team_member_role",
            organizations.update_team_member_role(&slug, &team, &user, &role),
        ),
    ]
}
