//! Members of an organization.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{OwnerName, Timestamp, UserUid};

open_enum! {
    /// What a member may do in an organization.
    pub enum OrganizationRole {
        /// Everything; there is one owner.
        Owner = "owner",
        /// Everything but to give it away.
        Admin = "admin",
        /// Work in it.
        Member = "member",
    }
}

model! {
    /// A user in an organization.
    #[derive(Eq, Hash)]
    pub struct OrganizationMember {
        required {
            /// The user.
            user_uid: UserUid,
        }
        optional {
            /// The name of the account.
            username: Option<OwnerName>,
            /// Where the user gets mail.
            email: Option<String>,
            /// The name of the person.
            full_name: Option<String>,
            /// Where a picture is.
            picture: Option<String>,
            /// What the user may do.
            role: Option<OrganizationRole>,
            /// When the membership was made.
            created_at: Option<Timestamp>,
            /// When the user was last there; only managers of the organization are told.
            last_active_at: Option<Timestamp>,
            /// When the user came to the organization.
            joined_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// What a member may do from now on (`PATCH /organizations/{slug}/members/{user_uid}/role/`).
    #[derive(Eq, Hash)]
    pub struct UpdateMemberRole {
        required {
            /// The new role.
            role: OrganizationRole,
        }
        optional {}
    }
}

payload! {
    /// Who owns an organization from now on (`POST /organizations/{slug}/transfer-ownership/`).
    #[derive(Eq, Hash)]
    pub struct TransferOwnership {
        required {
            /// The new owner.
            new_owner_uid: UserUid,
        }
        optional {}
    }
}
