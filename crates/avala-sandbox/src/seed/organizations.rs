//! The organization that every sandbox has, and its members.

use avala_types::{CreateTeam, InvitationStatus, OrganizationRole, TeamRole, Visibility};

use super::values::minutes;
use crate::demo;
use crate::error::ApiError;
use crate::schema::{Invitation, Organization, OrganizationMember};
use crate::state::tables::Tables;

const COLLEAGUES: [(&str, &str, &str); 8] = [
    ("bo-berg", "Bo", "Berg"),
    ("cleo-costa", "Cleo", "Costa"),
    ("dai-dang", "Dai", "Dang"),
    ("eve-eriksen", "Eve", "Eriksen"),
    ("femi-falade", "Femi", "Falade"),
    ("gus-garcia", "Gus", "Garcia"),
    ("hana-hori", "Hana", "Hori"),
    ("ivo-ilic", "Ivo", "Ilic"),
];

/// Adds the organization that every sandbox has, with its owner.
pub(super) fn add_first(tables: &mut Tables) -> Result<(), ApiError> {
    add_one(tables, "Northwind Labs", demo::ORGANIZATION, demo::OWNER)
}

pub(super) fn add(tables: &mut Tables, url: &str) -> Result<(), ApiError> {
    add_one(tables, "Harbor Group", "harbor-group", demo::OTHER_OWNER)?;
    add_one(tables, "Acme Research", "acme-research", demo::OWNER)?;

    let colleagues = COLLEAGUES.map(|(name, first_name, last_name)| {
        tables.accounts.add(name, &format!("{name}@northwind.example"), first_name, last_name)
    });
    let other = tables.accounts.named(&demo::OTHER_OWNER.into())?.clone();
    let row = tables.organization_mut(&demo::ORGANIZATION.into())?;
    row.add_member(&other, OrganizationRole::Admin, minutes(60));
    for (index, user) in colleagues.iter().enumerate() {
        let role = if index == 0 { OrganizationRole::Admin } else { OrganizationRole::Member };
        row.add_member(user, role, minutes(index * 1440));
    }

    let members: Vec<OrganizationMember> = row.members.rows().cloned().collect();
    for (index, (name, color)) in
        [("Labelling", "#2f6fde"), ("Review", "#d9822b"), ("Robots", "#0f9960")].into_iter().enumerate()
    {
        let payload = CreateTeam::new(name).description(format!("The {name} team.")).color(color);
        let team = row.add_team(payload, minutes(index * 300));
        for (place, member) in members.iter().skip(index * 3).take(4).enumerate() {
            let role = if place == 0 { TeamRole::Lead } else { TeamRole::Member };
            team.add_member(member, role, minutes(index * 300 + place));
        }
    }

    use InvitationStatus::{Accepted, Cancelled, Expired, Pending};
    for (index, status) in [Pending, Accepted, Expired, Cancelled, Pending, Pending].into_iter().enumerate() {
        let mut invitation = Invitation::new("", format!("guest-{}@northwind.example", index + 1));
        invitation.invited_by_username = Some(demo::OWNER.into());
        invitation.role = Some(if index == 4 { OrganizationRole::Admin } else { OrganizationRole::Member });
        invitation.is_expired = Some(status == Expired);
        invitation.status = Some(status);
        invitation.created_at = minutes(index * 600);
        invitation.expires_at = minutes(index * 600 + 7 * 1440);
        row.add_invitation(invitation, url);
    }
    Ok(())
}

fn add_one(tables: &mut Tables, name: &str, handle: &str, owner: &str) -> Result<(), ApiError> {
    let mut organization = Organization::new("", name, handle);
    organization.handle = Some(handle.into());
    organization.description = Some(format!("{name}, and what its robots drop."));
    organization.industry = Some("robotics".to_owned());
    organization.website = Some(format!("https://{handle}.example"));
    organization.visibility = Some(Visibility::Private);
    let owner = tables.accounts.named(&owner.into())?.clone();
    tables.add_organization(organization, &owner, minutes(0));
    Ok(())
}
