//! What is sent to make and to change an organization.

use crate::model::payload;
use crate::{OwnerName, Visibility};

payload! {
    /// A new organization (`POST /organizations/`).
    #[derive(Eq, Hash)]
    pub struct CreateOrganization {
        required {
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// What it is, in a few sentences.
            description: String,
            /// Its logo.
            logo: String,
            /// Where its website is.
            website: String,
            /// The industry that it works in.
            industry: String,
            /// Where it gets mail.
            email: String,
            /// Where it can be called.
            phone: String,
            /// Who can see it.
            visibility: Visibility,
        }
    }
}

payload! {
    /// What changes in an organization (`PATCH /organizations/{slug}/`).
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
            /// Its name, as people read it.
            name: String,
            /// Who can see it.
            visibility: Visibility,
        }
        patch {
            /// What it is, in a few sentences.
            description: String,
            /// Its logo.
            logo: String,
            /// Where its website is.
            website: String,
            /// The name that it owns things under.
            handle: OwnerName,
            /// The industry that it works in.
            industry: String,
            /// Where it gets mail.
            email: String,
            /// Where it can be called.
            phone: String,
        }
    }
}
