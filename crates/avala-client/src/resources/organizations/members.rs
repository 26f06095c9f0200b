//! Members of an organization.

use avala_types::{Cursor, OrganizationMember, OrganizationRole, OrganizationSlug, UpdateMemberRole, UserUid};

use super::Organizations;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::list::List;

/// Members.
impl Organizations {
    /// Lists the members of an organization (`GET /organizations/{slug}/members/`).
    pub fn list_members(&self, slug: impl Into<OrganizationSlug>) -> List<OrganizationMember, MemberFilters> {
        let endpoint = Endpoint::get("organizations.list_members", "/organizations/{slug}/members/");
        self.avala.list(endpoint, &[slug.into().as_str()])
    }

    /// Updates what a member may do (`PATCH /organizations/{slug}/members/{user_uid}/role/`).
    pub fn update_member_role(
        &self,
        slug: impl Into<OrganizationSlug>,
        user: impl Into<UserUid>,
        role: &UpdateMemberRole,
    ) -> Call<()> {
        let route = "/organizations/{slug}/members/{user_uid}/role/";
        let endpoint = Endpoint::patch("organizations.update_member_role", route);
        self.avala.command(endpoint, &[slug.into().as_str(), user.into().as_str()]).json(role)
    }

    /// Deletes a member from an organization (`DELETE /organizations/{slug}/members/{user_uid}/`).
    pub fn remove_member(&self, slug: impl Into<OrganizationSlug>, user: impl Into<UserUid>) -> Call<()> {
        let endpoint = Endpoint::delete("organizations.remove_member", "/organizations/{slug}/members/{user_uid}/");
        self.avala.command(endpoint, &[slug.into().as_str(), user.into().as_str()])
    }
}

/// The filters of [`Organizations::list_members`].
#[derive(Debug)]
pub enum MemberFilters {}

impl<T> List<T, MemberFilters> {
    /// Starts at this page, in place of a [`cursor`](List::cursor); the first one is 1.
    pub fn page(self, number: u64) -> Self {
        self.cursor(Cursor::page(number))
    }

    /// Only members with this role.
    pub fn role(self, role: impl Into<OrganizationRole>) -> Self {
        self.param("role", role.into().as_str())
    }

    /// Only members whom this text finds.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.param("search", text)
    }
}
