//! Organizations, their members, teams and invitations.

mod invitation;
mod member;
mod payload;
mod team;

pub use invitation::{CreateInvitation, Invitation, InvitationStatus};
pub use member::{OrganizationMember, OrganizationRole, TransferOwnership, UpdateMemberRole};
pub use payload::{CreateOrganization, UpdateOrganization};
pub use team::{AddTeamMember, CreateTeam, Team, TeamMember, TeamRole, UpdateTeam, UpdateTeamMemberRole};

use crate::id::{OrganizationSlug, OrganizationUid, OwnerName};
use crate::model::model;
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;
use crate::visibility::Visibility;

open_enum! {
    /// Subscription plan of an organization.
    pub enum Plan {
        /// Basic plan.
        Basic = "basic",
        /// Team plan.
        Pro = "pro",
        /// Enterprise plan.
        Enterprise = "enterprise",
    }
}

model! {
    /// An organization.
    #[derive(Eq, Hash)]
    pub struct Organization {
        required {
            /// Unique identifier (UID).
            uid: OrganizationUid,
            /// Display name.
            name: String,
            /// URL slug.
            slug: OrganizationSlug,
        }
        optional {
            /// Owner name.
            handle: Option<OwnerName>,
            /// Short description.
            description: Option<String>,
            /// Long description.
            readme: Option<String>,
            /// Logo as it was set.
            logo: Option<String>,
            /// Website URL.
            website: Option<String>,
            /// Industry.
            industry: Option<String>,
            /// Organization type, free text.
            organization_type: Option<String>,
            /// X (Twitter) URL.
            x_url: Option<String>,
            /// Hugging Face URL.
            hugging_face_url: Option<String>,
            /// GitHub URL.
            github_url: Option<String>,
            /// LinkedIn URL.
            linkedin_url: Option<String>,
            /// Email address.
            email: Option<String>,
            /// Phone number.
            phone: Option<String>,
            /// Visibility.
            visibility: Option<Visibility>,
            /// Subscription plan.
            plan: Option<Plan>,
            /// Whether the organization is verified.
            is_verified: Option<bool>,
            /// Whether it is active.
            is_active: Option<bool>,
            /// Number of members.
            member_count: Option<u64>,
            /// Number of teams.
            team_count: Option<u64>,
            /// Number of owned datasets.
            dataset_count: Option<u64>,
            /// Number of owned projects.
            project_count: Option<u64>,
            /// Number of owned slices.
            slice_count: Option<u64>,
            /// Your role.
            role: Option<OrganizationRole>,
            /// Time when you joined.
            joined_at: Option<Timestamp>,
            /// Number of remaining slug changes.
            slug_edits_remaining: Option<u64>,
            /// Email domains whose users may join.
            allowed_domains: Vec<String>,
            /// Billing status, free text.
            billing_status: Option<String>,
            /// Slug in public URLs.
            public_slug: Option<String>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
            /// Logo URL.
            logo_url: Option<String>,
        }
    }
}
