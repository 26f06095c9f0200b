//! Organizations, their members and their teams.

use avala_types::*;

use super::sample::{CLEARED, LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    [organizations(), members(), teams()].into_iter().flatten().collect()
}

fn organizations() -> Vec<Sample> {
    let organization = CreateOrganization::new("Nordlicht Robotik GmbH");
    let full = organization
        .clone()
        .description("Autonomous forklifts for cold stores")
        .logo("org/nl/logo.svg")
        .website("https://nordlicht-robotik.de")
        .industry("logistics")
        .email("hallo@nordlicht-robotik.de")
        .phone("+49 40 555 0199")
        .visibility(Visibility::Public);
    let update = UpdateOrganization::default()
        .name("Nordlicht")
        .visibility("members")
        .description("Forklifts that see in the dark")
        .logo("org/nl/logo-2.svg")
        .website("https://nordlicht.example")
        .handle("nordlicht-2")
        .industry("robotics")
        .email("office@nordlicht.example")
        .phone("+49 40 555 0100");
    let cleared = UpdateOrganization::default()
        .description(Patch::Null)
        .logo(Patch::Null)
        .website(Patch::Null)
        .handle(Patch::Null)
        .industry(Patch::Null)
        .email(Patch::Null)
        .phone(Patch::Null);
    let transfer = TransferOwnership::new("usr-ada");
    vec![
        body("organizations.create", [(LEAST, organization), (MOST, full)]),
        body("organizations.update", [(LEAST, UpdateOrganization::default()), (MOST, update), (CLEARED, cleared)]),
        body("organizations.transfer_ownership", [(LEAST, transfer.clone()), (MOST, transfer)]),
    ]
}

fn members() -> Vec<Sample> {
    let invitation = CreateInvitation::new("björn@nordlicht-robotik.de");
    let role = UpdateMemberRole::new(OrganizationRole::Admin);
    vec![
        body(
            "organizations.create_invitation",
            [(LEAST, invitation.clone()), (MOST, invitation.role(OrganizationRole::Member))],
        ),
        body("organizations.update_member_role", [(LEAST, role.clone()), (MOST, role)]),
    ]
}

fn teams() -> Vec<Sample> {
    let team = CreateTeam::new("Qualitätssicherung");
    let full = team.clone().description("Reviews everything that leaves").color("#2f855a");
    let update = UpdateTeam::default().name("QS").description("Reviews").color("#276749");
    let cleared = UpdateTeam::default().description(Patch::Null).color(Patch::Null);
    let member = AddTeamMember::new("usr-olaf");
    let role = UpdateTeamMemberRole::new("observer");
    vec![
        body("organizations.create_team", [(LEAST, team), (MOST, full)]),
        body("organizations.update_team", [(LEAST, UpdateTeam::default()), (MOST, update), (CLEARED, cleared)]),
        body("organizations.add_team_member", [(LEAST, member.clone()), (MOST, member.role(TeamRole::Lead))]),
        body("organizations.update_team_member_role", [(LEAST, role.clone()), (MOST, role)]),
    ]
}
