//! Visibility of datasets, projects and slices.

use crate::open_enum::open_enum;

open_enum! {
    /// Visibility of a dataset, project or slice.
    pub enum Visibility {
        /// Visible to the owner and the members of the organization.
        Private = "private",
        /// Visible to everyone with the URL.
        Unlisted = "unlisted",
        /// Visible to everyone.
        Public = "public",
    }
}
