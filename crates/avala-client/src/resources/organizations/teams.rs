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
    pub fn create_team(&self, slug: impl Into<OrganizationSlug>, team: &CreateTeam) -> Call<Team> {
        let endpoint = Endpoint::post("organizations.create_team", "/organizations/{slug}/teams/");
        self.avala.call(endpoint, &[slug.into().as_str()]).json(team)
    }

    /// Lists the teams of an organization (`GET /organizations/{slug}/teams/`).
    pub fn list_teams(&self, slug: impl Into<OrganizationSlug>) -> List<Team> {
        let endpoint = Endpoint::get("organizations.list_teams", "/organizations/{slug}/teams/");
        self.avala.list(endpoint, &[slug.into().as_str()])
    }

    /// Gets a team (`GET /organizations/{slug}/teams/{team_slug}/`).
    pub fn get_team(&self, slug: impl Into<OrganizationSlug>, team: impl Into<TeamSlug>) -> Call<Team> {
        let endpoint = Endpoint::get("organizations.get_team", TEAM);
        self.avala.call(endpoint, &[slug.into().as_str(), team.into().as_str()])
    }

    /// Updates a team (`PATCH /organizations/{slug}/teams/{team_slug}/`).
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
    pub fn delete_team(&self, slug: impl Into<OrganizationSlug>, team: impl Into<TeamSlug>) -> Call<()> {
        let endpoint = Endpoint::delete("organizations.delete_team", TEAM);
        self.avala.command(endpoint, &[slug.into().as_str(), team.into().as_str()])
    }

    /// Adds a member of the organization to a team (`POST /organizations/{slug}/teams/{team_slug}/members/`).
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
    pub fn list_team_members(&self, slug: impl Into<OrganizationSlug>, team: impl Into<TeamSlug>) -> List<TeamMember> {
        let endpoint = Endpoint::get("organizations.list_team_members", TEAM_MEMBERS);
        self.avala.list(endpoint, &[slug.into().as_str(), team.into().as_str()])
    }

    /// Updates the role of a team member
    /// (`PATCH /organizations/{slug}/teams/{team_slug}/members/{user_uid}/role/`).
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
