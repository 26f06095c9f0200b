//! Lookups and changes of organizations across tables.

use avala_types::{OrganizationRole, OrganizationSlug, OwnerName, Plan, Timestamp};

use crate::error::ApiError;
use crate::schema::Organization;
use crate::state::accounts::User;
use crate::state::organization::OrganizationRow;
use crate::state::tables::Tables;

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

    /// Returns the organization with this slug, or 404.
    pub(crate) fn organization(&self, slug: &OrganizationSlug) -> Result<&OrganizationRow, ApiError> {
        self.organizations.find(|row| row.organization.slug == *slug)
    }

    /// Returns the organization with this slug for a change, or 404.
    pub(crate) fn organization_mut(&mut self, slug: &OrganizationSlug) -> Result<&mut OrganizationRow, ApiError> {
        self.organizations.find_mut(|row| row.organization.slug == *slug)
    }
}

impl OrganizationRow {
    /// Returns the organization for a user, with all counts.
    pub(crate) fn view(&self, tables: &Tables, caller: &OwnerName) -> Organization {
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
}
