//! An organization as the sandbox keeps it.

use avala_types::{CreateTeam, OrganizationRole, OwnerName, TeamRole, TeamSlug, Timestamp, UserUid};

use crate::error::ApiError;
use crate::schema::{Invitation, Organization, OrganizationMember, Team, TeamMember};
use crate::state::accounts::User;
use crate::state::slug::free_slug;
use crate::state::table::Table;

pub(crate) struct OrganizationRow {
    pub(crate) organization: Organization,
    pub(crate) members: Table<OrganizationMember>,
    pub(crate) invitations: Table<Invitation>,
    pub(crate) teams: Table<TeamRow>,
}

pub(crate) struct TeamRow {
    pub(crate) team: Team,
    pub(crate) members: Table<TeamMember>,
}

impl OrganizationRow {
    pub(crate) fn new(organization: Organization) -> Self {
        let scope = |kind: &str| format!("{kind} of {}", organization.uid);
        Self {
            members: Table::new(&scope("members")),
            invitations: Table::new(&scope("invitations")),
            teams: Table::new(&scope("teams")),
            organization,
        }
    }

    /// Returns the owner name.
    pub(crate) fn handle(&self) -> OwnerName {
        self.organization.handle.clone().unwrap_or_else(|| self.organization.slug.as_str().into())
    }

    pub(crate) fn is_called(&self, name: &OwnerName) -> bool {
        self.organization.handle.as_ref() == Some(name)
    }

    pub(crate) fn member(&self, user: &UserUid) -> Result<&OrganizationMember, ApiError> {
        self.members.find(|member| member.user_uid == *user)
    }

    pub(crate) fn add_member(&mut self, user: &User, role: OrganizationRole, joined_at: Option<Timestamp>) {
        let mut member = OrganizationMember::new(&user.uid);
        member.username = Some(user.name.clone());
        member.email = Some(user.email.clone());
        member.full_name = Some(user.full_name());
        member.role = Some(role);
        member.created_at = joined_at;
        member.joined_at = joined_at;
        self.members.add(|_| member);
    }

    /// Returns the team with this slug, or 404.
    pub(crate) fn team(&self, slug: &TeamSlug) -> Result<&TeamRow, ApiError> {
        self.teams.find(|row| row.team.slug.as_ref() == Some(slug))
    }

    /// Returns the team with this slug for a change, or 404.
    pub(crate) fn team_mut(&mut self, slug: &TeamSlug) -> Result<&mut TeamRow, ApiError> {
        self.teams.find_mut(|row| row.team.slug.as_ref() == Some(slug))
    }
}

impl TeamRow {
    /// Returns the team with the count of its members.
    pub(crate) fn view(&self) -> Team {
        let mut view = self.team.clone();
        view.member_count = Some(self.members.len() as u64);
        view
    }
}

impl OrganizationRow {
    /// Adds an invitation, with the fields about the organization and its own address.
    pub(crate) fn add_invitation(&mut self, mut invitation: Invitation, url: &str) -> Invitation {
        invitation.organization_name = Some(self.organization.name.clone());
        invitation.organization_slug = Some(self.organization.slug.clone());
        let added = self.invitations.add(|uid| {
            let link = format!("{url}/invitations/{uid}");
            invitation.uid = uid.into();
            invitation.accept_url = Some(format!("{link}/accept"));
            invitation.copy_link = Some(link);
            invitation
        });
        added.clone()
    }
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

impl TeamRow {
    pub(crate) fn add_member(
        &mut self,
        member: &OrganizationMember,
        role: TeamRole,
        joined_at: Option<Timestamp>,
    ) -> TeamMember {
        let mut added = TeamMember::new(&member.user_uid);
        added.username = member.username.clone();
        added.email = member.email.clone();
        added.full_name = member.full_name.clone();
        added.role = Some(role);
        added.created_at = joined_at;
        added.joined_at = joined_at;
        self.members.add(|_| added).clone()
    }
}
