//! Teams of an organization.

use crate::id::{OrganizationSlug, OrganizationUid, OwnerName, TeamSlug, TeamUid, UserUid};
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Role of a member in a team.
    pub enum TeamRole {
        /// Team lead.
        Lead = "lead",
        /// Member.
        Member = "member",
    }
}

model! {
    /// A team of an organization.
    #[derive(Eq, Hash)]
    pub struct Team {
        required {
            /// Unique identifier (UID).
            uid: TeamUid,
            /// Display name.
            name: String,
        }
        optional {
            /// URL slug.
            slug: Option<TeamSlug>,
            /// Description.
            description: Option<String>,
            /// Display color.
            color: Option<String>,
            /// Organization.
            organization_uid: Option<OrganizationUid>,
            /// Display name of the organization.
            organization_name: Option<String>,
            /// URL slug of the organization.
            organization_slug: Option<OrganizationSlug>,
            /// Number of members.
            member_count: Option<u64>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// A member of a team.
    #[derive(Eq, Hash)]
    pub struct TeamMember {
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
            role: Option<TeamRole>,
            /// Start time of the membership.
            created_at: Option<Timestamp>,
            /// Time when the user joined the team.
            joined_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// Payload that creates a team (`POST /organizations/{slug}/teams/`).
    #[derive(Eq, Hash)]
    pub struct CreateTeam {
        required {
            /// Display name.
            name: String,
        }
        optional {
            /// Description.
            description: String,
            /// Display color.
            color: String,
        }
    }
}

payload! {
    /// Update of a team (`PATCH /organizations/{slug}/teams/{team_slug}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateTeam {
        required {}
        optional {
            /// Display name.
            name: String,
        }
        patch {
            /// Description.
            description: String,
            /// Display color.
            color: String,
        }
    }
}

payload! {
    /// Payload that adds a member to a team (`POST /organizations/{slug}/teams/{team_slug}/members/`).
    #[derive(Eq, Hash)]
    pub struct AddTeamMember {
        required {
            /// A user of the organization.
            user_uid: UserUid,
        }
        optional {
            /// Role of the user.
            role: TeamRole,
        }
    }
}

payload! {
    /// Payload that changes the role of a team member
    /// (`PATCH /organizations/{slug}/teams/{team_slug}/members/{user_uid}/role/`).
    #[derive(Eq, Hash)]
    pub struct UpdateTeamMemberRole {
        required {
            /// New role.
            role: TeamRole,
        }
        optional {}
    }
}
