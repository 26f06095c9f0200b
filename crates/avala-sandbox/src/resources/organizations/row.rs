//! An organization as the sandbox keeps it.

use avala_types::{
    Invitation, Organization, OrganizationMember, OrganizationRole, OrganizationSlug, OwnerName, Plan, Team,
    TeamMember, TeamSlug, Timestamp, UserUid,
};

use crate::error::ApiError;
use crate::resources::Tables;
use crate::resources::accounts::User;
use crate::table::Table;

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
    fn new(organization: Organization) -> Self {
        let scope = |kind: &str| format!("{kind} of {}", organization.uid);
        Self {
            members: Table::new(&scope("members")),
            invitations: Table::new(&scope("invitations")),
            teams: Table::new(&scope("teams")),
            organization,
        }
    }

    /// The name that it owns things under.
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

    /// The organization as a user sees it, with everything counted.
    pub(super) fn view(&self, tables: &Tables, caller: &OwnerName) -> Organization {
        let mut view = self.organization.clone();
        let handle = Some(self.handle());
        let count = |owners: &mut dyn Iterator<Item = &Option<OwnerName>>| {
            Some(owners.filter(|owner| **owner == handle).count() as u64)
        };
        view.member_count = Some(self.members.len() as u64);
        view.team_count = Some(self.teams.len() as u64);
        view.dataset_count = count(&mut tables.datasets.rows().map(|row| &row.dataset.owner_name));
        view.project_count = count(&mut tables.projects.rows().map(|project| &project.owner_name));
        view.slice_count = count(&mut tables.slices.rows().map(|row| &row.slice.owner_name));
        if let Ok(member) = self.members.find(|member| member.username.as_ref() == Some(caller)) {
            view.role = member.role.clone();
            view.joined_at = member.joined_at;
        }
        view
    }

    /// The team with this slug, or 404.
    pub(super) fn team(&self, slug: &TeamSlug) -> Result<&TeamRow, ApiError> {
        self.teams.find(|row| row.team.slug.as_ref() == Some(slug))
    }

    /// The team with this slug for a change, or 404.
    pub(super) fn team_mut(&mut self, slug: &TeamSlug) -> Result<&mut TeamRow, ApiError> {
        self.teams.find_mut(|row| row.team.slug.as_ref() == Some(slug))
    }
}

impl TeamRow {
    /// The team with its members counted.
    pub(super) fn view(&self) -> Team {
        let mut view = self.team.clone();
        view.member_count = Some(self.members.len() as u64);
        view
    }
}

impl Tables {
    /// Adds an organization with its owner, and returns its slug.
    pub(crate) fn add_organization(
        &mut self,
        mut organization: Organization,
        owner: &User,
        created_at: Option<Timestamp>,
    ) -> OrganizationSlug {
        organization.plan = Some(Plan::Basic);
        organization.is_active = Some(true);
        organization.slug_edits_remaining = Some(2);
        organization.created_at = created_at;
        organization.updated_at = created_at;
        let row = self.organizations.add(|uid| {
            organization.uid = uid.into();
            OrganizationRow::new(organization)
        });
        row.add_member(owner, OrganizationRole::Owner, created_at);
        row.organization.slug.clone()
    }

    /// The organization with this slug, or 404.
    pub(crate) fn organization(&self, slug: &OrganizationSlug) -> Result<&OrganizationRow, ApiError> {
        self.organizations.find(|row| row.organization.slug == *slug)
    }

    /// The organization with this slug for a change, or 404.
    pub(crate) fn organization_mut(&mut self, slug: &OrganizationSlug) -> Result<&mut OrganizationRow, ApiError> {
        self.organizations.find_mut(|row| row.organization.slug == *slug)
    }
}
