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
    pub fn create_invitation(
        &self,
        slug: impl Into<OrganizationSlug>,
        invitation: &CreateInvitation,
    ) -> Call<Invitation> {
        let endpoint = Endpoint::post("organizations.create_invitation", "/organizations/{slug}/invitations/");
        self.avala.call(endpoint, &[slug.into().as_str()]).json(invitation)
    }

    /// Lists the invitations to an organization (`GET /organizations/{slug}/invitations/`).
    pub fn list_invitations(&self, slug: impl Into<OrganizationSlug>) -> List<Invitation, InvitationFilters> {
        let endpoint = Endpoint::get("organizations.list_invitations", "/organizations/{slug}/invitations/");
        self.avala.list(endpoint, &[slug.into().as_str()])
    }

    /// Resends an invitation (`POST /organizations/{slug}/invitations/{invitation_uid}/resend/`).
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
    pub fn accept_invitation(&self, uid: impl Into<InvitationUid>) -> Call<Invitation> {
        let endpoint = Endpoint::post("organizations.accept_invitation", "/organizations/invitations/{uid}/accept/");
        self.avala.call(endpoint, &[uid.into().as_str()])
    }
}

filters! {
    /// Filters of [`Organizations::list_invitations`].
    pub enum InvitationFilters: Numbered {}
}
