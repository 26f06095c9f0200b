//! Organizations and their members.

use avala_client::Avala;
use avala_client::types::{
    AddTeamMember, CreateInvitation, CreateOrganization, CreateTeam, OrganizationRole, TeamRole, TeamSlug, Visibility,
};

use super::first;
use crate::Failure;
use crate::record::Record;

/// An organization of the demo data, with members.
const SEEDED: &str = "northwind-labs";

pub(super) async fn organization(avala: &Avala) -> Result<Record, Failure> {
    let organization = CreateOrganization::new("From Rust")
        .description("An organization")
        .website("https://rust.example")
        .industry("robotics")
        .email("hello@rust.example")
        .phone("+1 555 0101")
        .visibility(Visibility::Private);
    let made = avala.organizations().create(&organization).await?;
    Record::new("organization", [made.slug.as_str()], &organization)
}

pub(super) async fn invitation(avala: &Avala) -> Result<Record, Failure> {
    let invitation = CreateInvitation::new("guest@rust.example").role(OrganizationRole::Admin);
    let made = avala.organizations().create_invitation(SEEDED, &invitation).await?;
    Ok(Record::new("invitation", [SEEDED, made.uid.as_str()], &invitation)?.renamed("email", "invited_email"))
}

pub(super) async fn team(avala: &Avala) -> Result<Record, Failure> {
    let team = CreateTeam::new("From Rust").description("A team").color("#dea584");
    let slug = create_team(avala, &team).await?;
    Record::new("team", [SEEDED, slug.as_str()], &team)
}

pub(super) async fn team_member(avala: &Avala) -> Result<Record, Failure> {
    let slug = create_team(avala, &CreateTeam::new("Rust members")).await?;
    let user = first(avala.organizations().list_members(SEEDED).items()).await?.user_uid;
    let member = AddTeamMember::new(&user).role(TeamRole::Lead);
    avala.organizations().add_team_member(SEEDED, &slug, &member).await?;
    Record::new("team_member", [SEEDED, slug.as_str(), user.as_str()], &member)
}

async fn create_team(avala: &Avala, team: &CreateTeam) -> Result<TeamSlug, Failure> {
    let made = avala.organizations().create_team(SEEDED, team).await?;
    Ok(made.slug.ok_or("the team has no slug")?)
}
