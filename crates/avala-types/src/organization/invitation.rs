//! Invitations to an organization.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{InvitationUid, OrganizationRole, OrganizationSlug, OwnerName, Timestamp};

open_enum! {
    /// What became of an invitation.
    pub enum InvitationStatus {
        /// Nothing yet.
        Pending = "pending",
        /// It was accepted.
        Accepted = "accepted",
        /// Its time is over.
        Expired = "expired",
        /// It was taken back.
        Cancelled = "cancelled",
    }
}

model! {
    /// An invitation to an organization.
    #[derive(Eq, Hash)]
    pub struct Invitation {
        required {
            /// Its identity.
            uid: InvitationUid,
            /// Who is invited.
            invited_email: String,
        }
        optional {
            /// The name of the organization, as people read it.
            organization_name: Option<String>,
            /// The name of the organization in addresses.
            organization_slug: Option<OrganizationSlug>,
            /// Who invites.
            invited_by_username: Option<OwnerName>,
            /// What the invited person may do then.
            role: Option<OrganizationRole>,
            /// What became of it.
            status: Option<InvitationStatus>,
            /// When its time is over.
            expires_at: Option<Timestamp>,
            /// Whether its time is over.
            is_expired: Option<bool>,
            /// Where it is accepted.
            accept_url: Option<String>,
            /// A link to it that can be passed on.
            copy_link: Option<String>,
            /// When it was made.
            created_at: Option<Timestamp>,
        }
    }
}

impl Invitation {
    /// Whether its time was over when the server answered: what `is_expired` says, or else its status.
    ///
    /// No clock of yours is asked.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.is_expired.unwrap_or(self.status == Some(InvitationStatus::Expired))
    }
}

payload! {
    /// A new invitation (`POST /organizations/{slug}/invitations/`).
    #[derive(Eq, Hash)]
    pub struct CreateInvitation {
        required {
            /// Who is invited.
            email: String,
        }
        optional {
            /// What the invited person may do then.
            role: OrganizationRole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_has_expired_when_the_server_says_so() {
        let mut invitation = Invitation::new("i1", "ada@example.com");
        assert!(!invitation.has_expired());
        invitation.status = Some(InvitationStatus::Expired);
        assert!(invitation.has_expired());
        invitation.is_expired = Some(false);
        assert!(!invitation.has_expired());
    }
}
