//! Teams of an organization.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{OrganizationSlug, OrganizationUid, OwnerName, TeamSlug, TeamUid, Timestamp, UserUid};

open_enum! {
    /// What a member may do in a team.
    pub enum TeamRole {
        /// Lead it.
        Lead = "lead",
        /// Work in it.
        Member = "member",
    }
}

model! {
    /// Members of an organization who work together.
    #[derive(Eq, Hash)]
    pub struct Team {
        required {
            /// Its identity.
            uid: TeamUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// Its name in addresses.
            slug: Option<TeamSlug>,
            /// What it is for.
            description: Option<String>,
            /// The color that it is shown in.
            color: Option<String>,
            /// The organization.
            organization_uid: Option<OrganizationUid>,
            /// The name of the organization, as people read it.
            organization_name: Option<String>,
            /// The name of the organization in addresses.
            organization_slug: Option<OrganizationSlug>,
            /// How many members it has.
            member_count: Option<u64>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// A user in a team.
    #[derive(Eq, Hash)]
    pub struct TeamMember {
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
            role: Option<TeamRole>,
            /// When the membership was made.
            created_at: Option<Timestamp>,
            /// When the user came to the team.
            joined_at: Option<Timestamp>,
        }
    }
}

payload! {
    /// A new team (`POST /organizations/{slug}/teams/`).
    #[derive(Eq, Hash)]
    pub struct CreateTeam {
        required {
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// What it is for.
            description: String,
            /// The color that it is shown in.
            color: String,
        }
    }
}

payload! {
    /// What changes in a team (`PATCH /organizations/{slug}/teams/{team_slug}/`).
    #[derive(Eq, Hash)]
    pub struct UpdateTeam {
        required {}
        optional {
            /// Its name, as people read it.
            name: String,
        }
        patch {
            /// What it is for.
            description: String,
            /// The color that it is shown in.
            color: String,
        }
    }
}

payload! {
    /// A new member of a team (`POST /organizations/{slug}/teams/{team_slug}/members/`).
    #[derive(Eq, Hash)]
    pub struct AddTeamMember {
        required {
            /// The user, who is in the organization.
            user_uid: UserUid,
        }
        optional {
            /// What the user may do.
            role: TeamRole,
        }
    }
}

payload! {
    /// What a member of a team may do from now on
    /// (`PATCH /organizations/{slug}/teams/{team_slug}/members/{user_uid}/role/`).
    #[derive(Eq, Hash)]
    pub struct UpdateTeamMemberRole {
        required {
            /// The new role.
            role: TeamRole,
        }
        optional {}
    }
}
