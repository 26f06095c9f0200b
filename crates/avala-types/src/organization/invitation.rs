//! Invitations to an organization.

use crate::id::{InvitationUid, OrganizationSlug, OwnerName};
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::organization::OrganizationRole;
use crate::timestamp::Timestamp;

open_enum! {
    /// Status of an invitation.
    pub enum InvitationStatus {
        /// Waiting for acceptance.
        Pending = "pending",
        /// Accepted.
        Accepted = "accepted",
        /// Expired.
        Expired = "expired",
        /// Withdrawn.
        Cancelled = "cancelled",
    }
}

model! {
    /// An invitation to an organization.
    #[derive(Eq, Hash)]
    pub struct Invitation {
        required {
            /// Unique identifier (UID).
            uid: InvitationUid,
            /// Invited email address.
            invited_email: String,
        }
        optional {
            /// Display name of the organization.
            organization_name: Option<String>,
            /// URL slug of the organization.
            organization_slug: Option<OrganizationSlug>,
            /// Inviting user.
            invited_by_username: Option<OwnerName>,
            /// Role after acceptance.
            role: Option<OrganizationRole>,
            /// Status.
            status: Option<InvitationStatus>,
            /// Expiry time.
            expires_at: Option<Timestamp>,
            /// Whether it has expired.
            is_expired: Option<bool>,
            /// Acceptance URL.
            accept_url: Option<String>,
            /// Shareable link.
            copy_link: Option<String>,
            /// Creation time.
            created_at: Option<Timestamp>,
        }
    }
}

impl Invitation {
    /// Returns whether the invitation had expired when the server responded: `is_expired`, or else the status.
    ///
    /// The local clock is not used.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.is_expired.unwrap_or(self.status == Some(InvitationStatus::Expired))
    }
}

payload! {
    /// Payload that creates an invitation (`POST /organizations/{slug}/invitations/`).
    #[derive(Eq, Hash)]
    pub struct CreateInvitation {
        required {
            /// Invited email address.
            email: String,
        }
        optional {
            /// Role after acceptance.
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
