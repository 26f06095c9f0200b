//! Members of an organization.

use crate::id::{OwnerName, UserUid};
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Role of a member in an organization.
    pub enum OrganizationRole {
        /// Owner: all permissions; there is one.
        Owner = "owner",
        /// Administrator: all permissions except a transfer of ownership.
        Admin = "admin",
        /// Member.
        Member = "member",
    }
}

model! {
    /// A member of an organization.
    #[derive(Eq, Hash)]
    pub struct OrganizationMember {
        required {
            /// User.
            user_uid: UserUid,
        }
        optional {
            /// Account name.
            username: Option<OwnerName>,
            /// Email address of the user.
            email: Option<String>,
            /// Name of the user.
            full_name: Option<String>,
            /// Image URL.
            picture: Option<String>,
            /// Role of the user.
            role: Option<OrganizationRole>,
            /// Start time of the membership.
            created_at: Option<Timestamp>,
            /// Last activity of the user; sent only to managers of the organization.
            last_active_at: Option<Timestamp>,
            /// Time when the user joined the organization.
            joined_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that changes the role of a member (`PATCH /organizations/{slug}/members/{user_uid}/role/`).
    #[derive(Eq, Hash)]
    pub struct UpdateMemberRole {
        required {
            /// New role.
            role: OrganizationRole,
        }
        optional {}
    }
}

payload! {
    /// Payload that transfers an organization to another owner (`POST /organizations/{slug}/transfer-ownership/`).
    #[derive(Eq, Hash)]
    pub struct TransferOwnership {
        required {
            /// New owner.
            new_owner_uid: UserUid,
        }
        optional {}
    }
}
