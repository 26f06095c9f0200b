//! Teams of an organization.

use avala_types::{
    AddTeamMember, CreateTeam, OrganizationSlug, Team, TeamMember, TeamSlug, UpdateTeam, UpdateTeamMemberRole, UserUid,
};

use super::Organizations;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Teams.
impl Organizations {
    /// Creates a team (`POST /organizations/{slug}/teams/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::CreateTeam;
    ///
    /// let team = CreateTeam::new("Labelers").description("The night shift");
    /// let team = avala.organizations().create_team("acme", &team).await?;
    /// println!("{}: {:?} members", team.name, team.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_team(&self, slug: impl Into<OrganizationSlug>, team: &CreateTeam) -> Call<Team> {
        let endpoint = Endpoint::post("organizations.create_team", "/organizations/{slug}/teams/");
        self.avala.call(endpoint, &[slug.into().as_str()]).json(team)
    }

    /// Lists the teams of an organization (`GET /organizations/{slug}/teams/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut teams = avala.organizations().list_teams("acme").items();
    /// while let Some(team) = teams.next().await {
    ///     let team = team?;
    ///     println!("{}: {:?} members", team.name, team.member_count);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_teams(&self, slug: impl Into<OrganizationSlug>) -> List<Team> {
        let endpoint = Endpoint::get("organizations.list_teams", "/organizations/{slug}/teams/");
        self.avala.list(endpoint, &[slug.into().as_str()])
    }

    /// Gets a team (`GET /organizations/{slug}/teams/{team_slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let team = avala.organizations().get_team("acme", "labelers").await?;
    /// println!("{}: {:?} members", team.name, team.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_team(&self, slug: impl Into<OrganizationSlug>, team: impl Into<TeamSlug>) -> Call<Team> {
        let endpoint = Endpoint::get("organizations.get_team", TEAM);
        self.avala.call(endpoint, &[slug.into().as_str(), team.into().as_str()])
    }

    /// Updates a team (`PATCH /organizations/{slug}/teams/{team_slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::UpdateTeam;
    ///
    /// let changes = UpdateTeam::default().name("Night shift");
    /// let team = avala.organizations().update_team("acme", "labelers", &changes).await?;
    /// println!("{}: {:?} members", team.name, team.member_count);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_team(
        &self,
        slug: impl Into<OrganizationSlug>,
        team: impl Into<TeamSlug>,
        changes: &UpdateTeam,
    ) -> Call<Team> {
        let endpoint = Endpoint::patch("organizations.update_team", TEAM);
        self.avala.call(endpoint, &[slug.into().as_str(), team.into().as_str()]).json(changes)
    }

    /// Deletes a team (`DELETE /organizations/{slug}/teams/{team_slug}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.organizations().delete_team("acme", "labelers").await {
    ///     Ok(()) => println!("deleted"),
    ///     Err(error) if error.is_not_found() => println!("there is no such team"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_team(&self, slug: impl Into<OrganizationSlug>, team: impl Into<TeamSlug>) -> Call<()> {
        let endpoint = Endpoint::delete("organizations.delete_team", TEAM);
        self.avala.command(endpoint, &[slug.into().as_str(), team.into().as_str()])
    }

    /// Adds a member of the organization to a team (`POST /organizations/{slug}/teams/{team_slug}/members/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{AddTeamMember, TeamRole};
    ///
    /// let member = AddTeamMember::new("u1").role(TeamRole::Lead);
    /// let member = avala.organizations().add_team_member("acme", "labelers", &member).await?;
    /// println!("{:?}: {:?}", member.username, member.role);
    /// # Ok(())
    /// # }
    /// ```
    pub fn add_team_member(
        &self,
        slug: impl Into<OrganizationSlug>,
        team: impl Into<TeamSlug>,
        member: &AddTeamMember,
    ) -> Call<TeamMember> {
        let endpoint = Endpoint::post("organizations.add_team_member", TEAM_MEMBERS);
        self.avala.call(endpoint, &[slug.into().as_str(), team.into().as_str()]).json(member)
    }

    /// Lists the members of a team (`GET /organizations/{slug}/teams/{team_slug}/members/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut members = avala.organizations().list_team_members("acme", "labelers").items();
    /// while let Some(member) = members.next().await {
    ///     let member = member?;
    ///     println!("{:?}: {:?}", member.username, member.role);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_team_members(&self, slug: impl Into<OrganizationSlug>, team: impl Into<TeamSlug>) -> List<TeamMember> {
        let endpoint = Endpoint::get("organizations.list_team_members", TEAM_MEMBERS);
        self.avala.list(endpoint, &[slug.into().as_str(), team.into().as_str()])
    }

    /// Updates the role of a team member
    /// (`PATCH /organizations/{slug}/teams/{team_slug}/members/{user_uid}/role/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{TeamRole, UpdateTeamMemberRole};
    ///
    /// let role = UpdateTeamMemberRole::new(TeamRole::Lead);
    /// avala.organizations().update_team_member_role("acme", "labelers", "u1", &role).await?;
    /// println!("u1 leads the team");
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_team_member_role(
        &self,
        slug: impl Into<OrganizationSlug>,
        team: impl Into<TeamSlug>,
        user: impl Into<UserUid>,
        role: &UpdateTeamMemberRole,
    ) -> Call<()> {
        let route = "/organizations/{slug}/teams/{team_slug}/members/{user_uid}/role/";
        let endpoint = Endpoint::patch("organizations.update_team_member_role", route);
        self.avala.command(endpoint, &[slug.into().as_str(), team.into().as_str(), user.into().as_str()]).json(role)
    }

    /// Removes a member from a team (`DELETE /organizations/{slug}/teams/{team_slug}/members/{user_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.organizations().remove_team_member("acme", "labelers", "u1").await {
    ///     Ok(()) => println!("removed"),
    ///     Err(error) if error.is_not_found() => println!("there is no such team member"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove_team_member(
        &self,
        slug: impl Into<OrganizationSlug>,
        team: impl Into<TeamSlug>,
        user: impl Into<UserUid>,
    ) -> Call<()> {
        let route = "/organizations/{slug}/teams/{team_slug}/members/{user_uid}/";
        let endpoint = Endpoint::delete("organizations.remove_team_member", route);
        self.avala.command(endpoint, &[slug.into().as_str(), team.into().as_str(), user.into().as_str()])
    }
}

const TEAM: &str = "/organizations/{slug}/teams/{team_slug}/";
const TEAM_MEMBERS: &str = "/organizations/{slug}/teams/{team_slug}/members/";
