//! One organization, addressed by its slug.

use avala_types::{
    AddTeamMember, CreateInvitation, CreateTeam, Invitation, InvitationUid, Organization, OrganizationMember,
    OrganizationSlug, Team, TeamMember, TeamSlug, TransferOwnership, UpdateMemberRole, UpdateOrganization, UpdateTeam,
    UpdateTeamMemberRole, UserUid,
};

use super::{InvitationFilters, MemberFilters, Organizations};
use crate::avala::Avala;
use crate::call::Call;
use crate::list::List;

/// One organization, addressed by its slug. Created by [`Avala::organization`].
///
/// Creating it sends nothing. Each method is a short form of the method that its documentation names.
#[must_use = "a handle sends nothing until one of its calls is awaited"]
#[derive(Clone, Debug)]
pub struct OrganizationHandle {
    organizations: Organizations,
    slug: OrganizationSlug,
}

impl Avala {
    /// Addresses an organization by its slug.
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let mut teams = acme.teams().items();
    /// while let Some(team) = teams.next().await {
    ///     println!("{}", team?.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn organization(&self, slug: impl Into<OrganizationSlug>) -> OrganizationHandle {
        OrganizationHandle { organizations: self.organizations(), slug: slug.into() }
    }
}

impl OrganizationHandle {
    /// Returns the slug of the organization.
    #[must_use]
    pub fn slug(&self) -> &OrganizationSlug {
        &self.slug
    }

    /// Gets the organization: [`Organizations::get`].
    pub fn get(&self) -> Call<Organization> {
        self.organizations.get(&self.slug)
    }

    /// Updates the organization: [`Organizations::update`].
    pub fn update(&self, changes: &UpdateOrganization) -> Call<Organization> {
        self.organizations.update(&self.slug, changes)
    }

    /// Deletes the organization: [`Organizations::delete`].
    pub fn delete(&self) -> Call<()> {
        self.organizations.delete(&self.slug)
    }

    /// Leaves the organization: [`Organizations::leave`].
    pub fn leave(&self) -> Call<()> {
        self.organizations.leave(&self.slug)
    }

    /// Transfers the organization to another member: [`Organizations::transfer_ownership`].
    pub fn transfer_ownership(&self, to: &TransferOwnership) -> Call<()> {
        self.organizations.transfer_ownership(&self.slug, to)
    }

    /// Creates an invitation: [`Organizations::create_invitation`].
    pub fn invite(&self, invitation: &CreateInvitation) -> Call<Invitation> {
        self.organizations.create_invitation(&self.slug, invitation)
    }

    /// Lists the invitations: [`Organizations::list_invitations`].
    pub fn invitations(&self) -> List<Invitation, InvitationFilters> {
        self.organizations.list_invitations(&self.slug)
    }

    /// Resends an invitation: [`Organizations::resend_invitation`].
    pub fn resend_invitation(&self, invitation: impl Into<InvitationUid>) -> Call<()> {
        self.organizations.resend_invitation(&self.slug, invitation)
    }

    /// Cancels an invitation: [`Organizations::cancel_invitation`].
    pub fn cancel_invitation(&self, invitation: impl Into<InvitationUid>) -> Call<()> {
        self.organizations.cancel_invitation(&self.slug, invitation)
    }

    /// Lists the members: [`Organizations::list_members`].
    pub fn members(&self) -> List<OrganizationMember, MemberFilters> {
        self.organizations.list_members(&self.slug)
    }

    /// Updates the role of a member: [`Organizations::update_member_role`].
    pub fn update_member_role(&self, user: impl Into<UserUid>, role: &UpdateMemberRole) -> Call<()> {
        self.organizations.update_member_role(&self.slug, user, role)
    }

    /// Removes a member: [`Organizations::remove_member`].
    pub fn remove_member(&self, user: impl Into<UserUid>) -> Call<()> {
        self.organizations.remove_member(&self.slug, user)
    }

    /// Creates a team: [`Organizations::create_team`].
    pub fn create_team(&self, team: &CreateTeam) -> Call<Team> {
        self.organizations.create_team(&self.slug, team)
    }

    /// Lists the teams: [`Organizations::list_teams`].
    pub fn teams(&self) -> List<Team> {
        self.organizations.list_teams(&self.slug)
    }

    /// Gets a team: [`Organizations::get_team`].
    pub fn team(&self, team: impl Into<TeamSlug>) -> Call<Team> {
        self.organizations.get_team(&self.slug, team)
    }

    /// Updates a team: [`Organizations::update_team`].
    pub fn update_team(&self, team: impl Into<TeamSlug>, changes: &UpdateTeam) -> Call<Team> {
        self.organizations.update_team(&self.slug, team, changes)
    }

    /// Deletes a team: [`Organizations::delete_team`].
    pub fn delete_team(&self, team: impl Into<TeamSlug>) -> Call<()> {
        self.organizations.delete_team(&self.slug, team)
    }

    /// Adds a member to a team: [`Organizations::add_team_member`].
    pub fn add_team_member(&self, team: impl Into<TeamSlug>, member: &AddTeamMember) -> Call<TeamMember> {
        self.organizations.add_team_member(&self.slug, team, member)
    }

    /// Lists the members of a team: [`Organizations::list_team_members`].
    pub fn team_members(&self, team: impl Into<TeamSlug>) -> List<TeamMember> {
        self.organizations.list_team_members(&self.slug, team)
    }

    /// Updates the role of a team member: [`Organizations::update_team_member_role`].
    pub fn update_team_member_role(
        &self,
        team: impl Into<TeamSlug>,
        user: impl Into<UserUid>,
        role: &UpdateTeamMemberRole,
    ) -> Call<()> {
        self.organizations.update_team_member_role(&self.slug, team, user, role)
    }

    /// Removes a member from a team: [`Organizations::remove_team_member`].
    pub fn remove_team_member(&self, team: impl Into<TeamSlug>, user: impl Into<UserUid>) -> Call<()> {
        self.organizations.remove_team_member(&self.slug, team, user)
    }
}
