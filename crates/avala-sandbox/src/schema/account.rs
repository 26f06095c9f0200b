//! Accounts.

use avala_types::{OwnerName, Secret, UserUid};

use super::record;

record! {
    /// Model `SignupResponse`.
    pub(crate) struct SignupResponse {
        required {
            user: SignupUser,
            api_key: Secret,
        }
        optional {}
    }
}

record! {
    /// Model `SignupUser`.
    pub(crate) struct SignupUser {
        required {
            uid: UserUid,
            username: OwnerName,
        }
        optional {
            email: Option<String>,
            first_name: Option<String>,
            last_name: Option<String>,
            in_waitlist: Option<bool>,
        }
    }
}

record! {
    /// Model `UserPermissions`.
    pub(crate) struct UserPermissions {
        required {}
        optional {
            account_type as "type": Option<String>,
            is_staff_privileged: Option<bool>,
            scopes: Option<Vec<String>>,
            capabilities: Option<Vec<String>>,
            toolsets: Option<Vec<String>>,
        }
    }
}
