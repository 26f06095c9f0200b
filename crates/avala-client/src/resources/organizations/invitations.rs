//! Invitations to an organization.

use avala_types::{CreateInvitation, Invitation, InvitationUid, OrganizationSlug};

use super::Organizations;
use crate::call::Call;
use crate::endpoint::Endpoint;
use crate::filters::filters;
use crate::list::List;

/// Invitations.
impl Organizations {
    /// Creates an invitation to an organization (`POST /organizations/{slug}/invitations/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// use avala_client::types::{CreateInvitation, OrganizationRole};
    ///
    /// let invitation = CreateInvitation::new("grace@acme.example").role(OrganizationRole::Member);
    /// let invitation = avala.organizations().create_invitation("acme", &invitation).await?;
    /// println!("{}: {:?}", invitation.invited_email, invitation.status);
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_invitation(
        &self,
        slug: impl Into<OrganizationSlug>,
        invitation: &CreateInvitation,
    ) -> Call<Invitation> {
        let endpoint = Endpoint::post("organizations.create_invitation", "/organizations/{slug}/invitations/");
        self.avala.call(endpoint, &[slug.into().as_str()]).json(invitation)
    }

    /// Lists the invitations to an organization (`GET /organizations/{slug}/invitations/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let mut invitations = avala.organizations().list_invitations("acme").items();
    /// while let Some(invitation) = invitations.next().await {
    ///     let invitation = invitation?;
    ///     println!("{}: {:?}", invitation.invited_email, invitation.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_invitations(&self, slug: impl Into<OrganizationSlug>) -> List<Invitation, InvitationFilters> {
        let endpoint = Endpoint::get("organizations.list_invitations", "/organizations/{slug}/invitations/");
        self.avala.list(endpoint, &[slug.into().as_str()])
    }

    /// Resends an invitation (`POST /organizations/{slug}/invitations/{invitation_uid}/resend/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// avala.organizations().resend_invitation("acme", "inv1").await?;
    /// println!("sent again");
    /// # Ok(())
    /// # }
    /// ```
    pub fn resend_invitation(
        &self,
        slug: impl Into<OrganizationSlug>,
        invitation: impl Into<InvitationUid>,
    ) -> Call<()> {
        let route = "/organizations/{slug}/invitations/{invitation_uid}/resend/";
        let endpoint = Endpoint::post("organizations.resend_invitation", route);
        self.avala.command(endpoint, &[slug.into().as_str(), invitation.into().as_str()])
    }

    /// Cancels an invitation (`POST /organizations/{slug}/invitations/{invitation_uid}/cancel/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// match avala.organizations().cancel_invitation("acme", "inv1").await {
    ///     Ok(()) => println!("canceled"),
    ///     Err(error) if error.is_not_found() => println!("there is no such invitation"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_invitation(
        &self,
        slug: impl Into<OrganizationSlug>,
        invitation: impl Into<InvitationUid>,
    ) -> Call<()> {
        let route = "/organizations/{slug}/invitations/{invitation_uid}/cancel/";
        let endpoint = Endpoint::post("organizations.cancel_invitation", route);
        self.avala.command(endpoint, &[slug.into().as_str(), invitation.into().as_str()])
    }

    /// Accepts an invitation that you received (`POST /organizations/invitations/{uid}/accept/`).
    ///
    /// ```
    /// # async fn example(avala: avala_client::Avala) -> Result<(), avala_client::Error> {
    /// let invitation = avala.organizations().accept_invitation("inv1").await?;
    /// println!("{:?}: {:?}", invitation.organization_name, invitation.role);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accept_invitation(&self, uid: impl Into<InvitationUid>) -> Call<Invitation> {
        let endpoint = Endpoint::post("organizations.accept_invitation", "/organizations/invitations/{uid}/accept/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`Organizations::list_invitations`].
    pub enum InvitationFilters: Numbered {}
}
