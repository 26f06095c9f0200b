//! Permissions of the caller.

use crate::model::model;

model! {
    /// Permissions of the caller's credentials (`GET /users/me/permissions/`).
    #[derive(Eq, Hash)]
    pub struct UserPermissions {
        required {}
        optional {
            /// Type of the credentials, in the server's words.
            account_type as "type": Option<String>,
            /// Whether the caller belongs to the staff.
            is_staff_privileged: Option<bool>,
            /// OAuth scopes, such as `datasets.read`.
            scopes: Vec<String>,
            /// Names of the caller's permissions.
            capabilities: Vec<String>,
            /// Names of the tool sets that the caller may use.
            toolsets: Vec<String>,
        }
    }
}
