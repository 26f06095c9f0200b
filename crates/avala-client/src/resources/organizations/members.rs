//! Members of an organization.

use avala_types::{OrganizationMember, OrganizationRole, OrganizationSlug, UpdateMemberRole, UserUid};

use super::Organizations;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Members.
impl Organizations {
    /// Lists the members of an organization (`GET /organizations/{slug}/members/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::OrganizationRole;
    ///
    /// let mut members = avala.organizations().list_members("acme").role(OrganizationRole::Admin).items();
    /// while let Some(member) = members.next().await {
    ///     let member = member?;
    ///     println!("{:?}: {:?}", member.email, member.role);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_members(&self, slug: impl Into<OrganizationSlug>) -> List<OrganizationMember, MemberFilters> {
        let endpoint = Endpoint::get("organizations.list_members", "/organizations/{slug}/members/");
        self.avala.list(endpoint, &[slug.into().as_str()])
    }

    /// Updates the role of a member (`PATCH /organizations/{slug}/members/{user_uid}/role/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{OrganizationRole, UpdateMemberRole};
    ///
    /// let role = UpdateMemberRole::new(OrganizationRole::Admin);
    /// avala.organizations().update_member_role("acme", "u1", &role).await?;
    /// println!("u1 is an admin");
    /// # Ok(())
    /// # }
    /// ```
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

    /// Removes a member from an organization (`DELETE /organizations/{slug}/members/{user_uid}/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.organizations().remove_member("acme", "u1").await {
    ///     Ok(()) => println!("removed"),
    ///     Err(error) if error.is_not_found() => println!("there is no such member"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn remove_member(&self, slug: impl Into<OrganizationSlug>, user: impl Into<UserUid>) -> Call<()> {
        let endpoint = Endpoint::delete("organizations.remove_member", "/organizations/{slug}/members/{user_uid}/");
        self.avala.command(endpoint, &[slug.into().as_str(), user.into().as_str()])
    }
}

filters! {
    /// Filters of [`Organizations::list_members`].
    pub enum MemberFilters: Numbered {
        /// Lists only members with this role.
        fn role(self, role: impl Into<OrganizationRole>) {
            self.param("role", role.into().as_str())
        }

        /// Lists only members that match this text.
        fn search(self, text: impl Into<String>) {
            self.param("search", text)
        }
    }
}
