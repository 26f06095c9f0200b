//! Who can see a thing.

use crate::open_enum::open_enum;

open_enum! {
    /// Who can see a dataset, a project or a slice.
    pub enum Visibility {
        /// Only its owner and the members of its organization.
        Private = "private",
        /// Whoever knows its address.
        Unlisted = "unlisted",
        /// Everybody.
        Public = "public",
    }
}
