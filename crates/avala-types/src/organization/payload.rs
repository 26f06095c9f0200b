//! Payloads that create and update an organization.

use crate::id::OwnerName;
use crate::model::payload;
use crate::visibility::Visibility;

payload! {
    /// Payload that creates an organization (`POST /organizations/`).
    #[derive(Eq, Hash)]
    pub struct CreateOrganization {
        required {
            /// Display name.
            name: String,
        }
        optional {
            /// Short description.
            description: String,
            /// Logo.
            logo: String,
            /// Website URL.
            website: String,
            /// Industry.
            industry: String,
            /// Email address.
            email: String,
            /// Phone number.
            phone: String,
            /// Visibility.
            visibility: Visibility,
        }
    }
}

payload! {
    /// Update of an organization (`PATCH /organizations/{slug}/`).
    ///
    /// ```
    /// use avala_types::{Patch, UpdateOrganization};
    ///
    /// let update = UpdateOrganization::default().website("https://acme.example").phone(Patch::Null);
    /// assert_eq!(serde_json::to_string(&update)?, r#"{"website":"https://acme.example","phone":null}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct UpdateOrganization {
        required {}
        optional {
            /// Display name.
            name: String,
            /// Visibility.
            visibility: Visibility,
        }
        patch {
            /// Short description.
            description: String,
            /// Logo.
            logo: String,
            /// Website URL.
            website: String,
            /// Owner name.
            handle: OwnerName,
            /// Industry.
            industry: String,
            /// Email address.
            email: String,
            /// Phone number.
            phone: String,
        }
    }
}
