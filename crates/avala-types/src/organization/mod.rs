//! Organizations, and who is in them.

mod invitation;
mod member;
mod payload;
mod team;

pub use invitation::{CreateInvitation, Invitation, InvitationStatus};
pub use member::{OrganizationMember, OrganizationRole, TransferOwnership, UpdateMemberRole};
pub use payload::{CreateOrganization, UpdateOrganization};
pub use team::{AddTeamMember, CreateTeam, Team, TeamMember, TeamRole, UpdateTeam, UpdateTeamMemberRole};

use crate::model::model;
use crate::open_enum::open_enum;
use crate::{OrganizationSlug, OrganizationUid, OwnerName, Timestamp, Visibility};

open_enum! {
    /// What an organization pays for.
    pub enum Plan {
        /// The smallest plan.
        Basic = "basic",
        /// The plan for teams.
        Pro = "pro",
        /// The plan for companies.
        Enterprise = "enterprise",
    }
}

model! {
    /// People who own things together.
    #[derive(Eq, Hash)]
    pub struct Organization {
        required {
            /// Its identity.
            uid: OrganizationUid,
            /// Its name, as people read it.
            name: String,
            /// Its name in addresses.
            slug: OrganizationSlug,
        }
        optional {
            /// The name that it owns things under.
            handle: Option<OwnerName>,
            /// What it is, in a few sentences.
            description: Option<String>,
            /// What it is, at length.
            readme: Option<String>,
            /// Its logo, as it was set.
            logo: Option<String>,
            /// Where its website is.
            website: Option<String>,
            /// The industry that it works in.
            industry: Option<String>,
            /// The kind of organization, in the server's words.
            organization_type: Option<String>,
            /// Where it is on X.
            x_url: Option<String>,
            /// Where it is on Hugging Face.
            hugging_face_url: Option<String>,
            /// Where it is on GitHub.
            github_url: Option<String>,
            /// Where it is on `LinkedIn`.
            linkedin_url: Option<String>,
            /// Where it gets mail.
            email: Option<String>,
            /// Where it can be called.
            phone: Option<String>,
            /// Who can see it.
            visibility: Option<Visibility>,
            /// What it pays for.
            plan: Option<Plan>,
            /// Whether Avala knows that it is who it says.
            is_verified: bool,
            /// Whether it can be used.
            is_active: Option<bool>,
            /// How many members it has.
            member_count: Option<u64>,
            /// How many teams it has.
            team_count: Option<u64>,
            /// How many datasets it owns.
            dataset_count: Option<u64>,
            /// How many projects it owns.
            project_count: Option<u64>,
            /// How many slices it owns.
            slice_count: Option<u64>,
            /// What you are in it.
            role: Option<OrganizationRole>,
            /// When you came to it.
            joined_at: Option<Timestamp>,
            /// How many times its name in addresses can still be changed.
            slug_edits_remaining: Option<u64>,
            /// The mail domains whose users may join it.
            allowed_domains: Vec<String>,
            /// Whether it has paid, in the server's words.
            billing_status: Option<String>,
            /// Its name in public addresses.
            public_slug: Option<String>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
            /// Where its logo is.
            logo_url: Option<String>,
        }
    }
}
