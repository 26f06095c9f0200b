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
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// assert_eq!(avala.organization("acme").slug().as_str(), "acme");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn slug(&self) -> &OrganizationSlug {
        &self.slug
    }

    /// Gets the organization: [`Organizations::get`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let organization = acme.get().await?;
    /// println!("{}: {:?} members", organization.name, organization.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self) -> Call<Organization> {
        self.organizations.get(&self.slug)
    }

    /// Updates the organization: [`Organizations::update`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateOrganization;
    ///
    /// let acme = avala.organization("acme");
    /// let changes = UpdateOrganization::default().website("https://acme.example");
    /// let organization = acme.update(&changes).await?;
    /// println!("{}: {:?}", organization.name, organization.website);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(&self, changes: &UpdateOrganization) -> Call<Organization> {
        self.organizations.update(&self.slug, changes)
    }

    /// Deletes the organization: [`Organizations::delete`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// match acme.delete().await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such organization"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete(&self) -> Call<()> {
        self.organizations.delete(&self.slug)
    }

    /// Leaves the organization: [`Organizations::leave`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// avala.organization("acme").leave().await?;
    /// println!("no longer a member");
    /// # Ok(())
    /// # }
    /// ```
    pub fn leave(&self) -> Call<()> {
        self.organizations.leave(&self.slug)
    }

    /// Transfers the organization to another member: [`Organizations::transfer_ownership`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::TransferOwnership;
    ///
    /// let acme = avala.organization("acme");
    /// acme.transfer_ownership(&TransferOwnership::new("u2")).await?;
    /// println!("my role is now {:?}", acme.get().await?.role);
    /// # Ok(())
    /// # }
    /// ```
    pub fn transfer_ownership(&self, to: &TransferOwnership) -> Call<()> {
        self.organizations.transfer_ownership(&self.slug, to)
    }

    /// Creates an invitation: [`Organizations::create_invitation`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateInvitation, OrganizationRole};
    ///
    /// let acme = avala.organization("acme");
    /// let invitation = CreateInvitation::new("grace@acme.example").role(OrganizationRole::Member);
    /// let invitation = acme.create_invitation(&invitation).await?;
    /// println!("{}: {:?}", invitation.invited_email, invitation.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_invitation(&self, invitation: &CreateInvitation) -> Call<Invitation> {
        self.organizations.create_invitation(&self.slug, invitation)
    }

    #[doc(hidden)] // The former name of `create_invitation`.
    pub fn invite(&self, invitation: &CreateInvitation) -> Call<Invitation> {
        self.create_invitation(invitation)
    }

    /// Lists the invitations: [`Organizations::list_invitations`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let mut invitations = acme.invitations().items();
    /// while let Some(invitation) = invitations.next().await {
    ///     let invitation = invitation?;
    ///     println!("{}: {:?}", invitation.invited_email, invitation.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn invitations(&self) -> List<Invitation, InvitationFilters> {
        self.organizations.list_invitations(&self.slug)
    }

    /// Resends an invitation: [`Organizations::resend_invitation`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// avala.organization("acme").resend_invitation("inv1").await?;
    /// println!("sent again");
    /// # Ok(())
    /// # }
    /// ```
    pub fn resend_invitation(&self, invitation: impl Into<InvitationUid>) -> Call<()> {
        self.organizations.resend_invitation(&self.slug, invitation)
    }

    /// Cancels an invitation: [`Organizations::cancel_invitation`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// match acme.cancel_invitation("inv1").await {
    ///     Ok(()) => println!("canceled"),
    ///     Err(error) if error.is_not_found() => println!("there is no such invitation"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_invitation(&self, invitation: impl Into<InvitationUid>) -> Call<()> {
        self.organizations.cancel_invitation(&self.slug, invitation)
    }

    /// Lists the members: [`Organizations::list_members`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let mut members = acme.members().items();
    /// while let Some(member) = members.next().await {
    ///     let member = member?;
    ///     println!("{:?}: {:?}", member.email, member.role);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn members(&self) -> List<OrganizationMember, MemberFilters> {
        self.organizations.list_members(&self.slug)
    }

    /// Updates the role of a member: [`Organizations::update_member_role`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{OrganizationRole, UpdateMemberRole};
    ///
    /// avala.organization("acme").update_member_role("u1", &UpdateMemberRole::new(OrganizationRole::Admin)).await?;
    /// println!("u1 is an admin");
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_member_role(&self, user: impl Into<UserUid>, role: &UpdateMemberRole) -> Call<()> {
        self.organizations.update_member_role(&self.slug, user, role)
    }

    /// Removes a member: [`Organizations::remove_member`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// match acme.remove_member("u1").await {
    ///     Ok(()) => println!("removed"),
    ///     Err(error) if error.is_not_found() => println!("there is no such member"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove_member(&self, user: impl Into<UserUid>) -> Call<()> {
        self.organizations.remove_member(&self.slug, user)
    }

    /// Creates a team: [`Organizations::create_team`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::CreateTeam;
    ///
    /// let acme = avala.organization("acme");
    /// let team = CreateTeam::new("Labelers").description("The night shift");
    /// let team = acme.create_team(&team).await?;
    /// println!("{}: {:?} members", team.name, team.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_team(&self, team: &CreateTeam) -> Call<Team> {
        self.organizations.create_team(&self.slug, team)
    }

    /// Lists the teams: [`Organizations::list_teams`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let mut teams = acme.teams().items();
    /// while let Some(team) = teams.next().await {
    ///     let team = team?;
    ///     println!("{}: {:?} members", team.name, team.member_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn teams(&self) -> List<Team> {
        self.organizations.list_teams(&self.slug)
    }

    /// Gets a team: [`Organizations::get_team`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let team = acme.team("labelers").await?;
    /// println!("{}: {:?} members", team.name, team.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn team(&self, team: impl Into<TeamSlug>) -> Call<Team> {
        self.organizations.get_team(&self.slug, team)
    }

    /// Updates a team: [`Organizations::update_team`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateTeam;
    ///
    /// let acme = avala.organization("acme");
    /// let changes = UpdateTeam::default().name("Night shift");
    /// let team = acme.update_team("labelers", &changes).await?;
    /// println!("{}: {:?} members", team.name, team.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_team(&self, team: impl Into<TeamSlug>, changes: &UpdateTeam) -> Call<Team> {
        self.organizations.update_team(&self.slug, team, changes)
    }

    /// Deletes a team: [`Organizations::delete_team`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// match acme.delete_team("labelers").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such team"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_team(&self, team: impl Into<TeamSlug>) -> Call<()> {
        self.organizations.delete_team(&self.slug, team)
    }

    /// Adds a member to a team: [`Organizations::add_team_member`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AddTeamMember, TeamRole};
    ///
    /// let acme = avala.organization("acme");
    /// let member = AddTeamMember::new("u1").role(TeamRole::Lead);
    /// let member = acme.add_team_member("labelers", &member).await?;
    /// println!("{:?}: {:?}", member.username, member.role);
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_team_member(&self, team: impl Into<TeamSlug>, member: &AddTeamMember) -> Call<TeamMember> {
        self.organizations.add_team_member(&self.slug, team, member)
    }

    /// Lists the members of a team: [`Organizations::list_team_members`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// let mut members = acme.team_members("labelers").items();
    /// while let Some(member) = members.next().await {
    ///     let member = member?;
    ///     println!("{:?}: {:?}", member.username, member.role);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn team_members(&self, team: impl Into<TeamSlug>) -> List<TeamMember> {
        self.organizations.list_team_members(&self.slug, team)
    }

    /// Updates the role of a team member: [`Organizations::update_team_member_role`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{TeamRole, UpdateTeamMemberRole};
    ///
    /// let role = UpdateTeamMemberRole::new(TeamRole::Lead);
    /// avala.organization("acme").update_team_member_role("labelers", "u1", &role).await?;
    /// println!("u1 leads the team");
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_team_member_role(
        &self,
        team: impl Into<TeamSlug>,
        user: impl Into<UserUid>,
        role: &UpdateTeamMemberRole,
    ) -> Call<()> {
        self.organizations.update_team_member_role(&self.slug, team, user, role)
    }

    /// Removes a member from a team: [`Organizations::remove_team_member`].
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let acme = avala.organization("acme");
    /// match acme.remove_team_member("labelers", "u1").await {
    ///     Ok(()) => println!("removed"),
    ///     Err(error) if error.is_not_found() => println!("there is no such team member"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove_team_member(&self, team: impl Into<TeamSlug>, user: impl Into<UserUid>) -> Call<()> {
        self.organizations.remove_team_member(&self.slug, team, user)
    }
}
