//! Organizations, members, teams and invitations.

use avala_types::{
    InvitationStatus, InvitationUid, OrganizationRole, OrganizationSlug, OrganizationUid, OwnerName, Plan, TeamRole,
    TeamSlug, TeamUid, Timestamp, UserUid, Visibility,
};

use super::record;

record! {
    /// Model `Invitation`.
    pub(crate) struct Invitation {
        required {
            uid: InvitationUid,
            invited_email: String,
        }
        optional {
            organization_name: Option<String>,
            organization_slug: Option<OrganizationSlug>,
            invited_by_username: Option<OwnerName>,
            role: Option<OrganizationRole>,
            status: Option<InvitationStatus>,
            expires_at: Option<Timestamp>,
            is_expired: Option<bool>,
            accept_url: Option<String>,
            copy_link: Option<String>,
            created_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `Organization`.
    pub(crate) struct Organization {
        required {
            uid: OrganizationUid,
            name: String,
            slug: OrganizationSlug,
        }
        optional {
            handle: Option<OwnerName>,
            description: Option<String>,
            readme: Option<String>,
            logo: Option<String>,
            website: Option<String>,
            industry: Option<String>,
            organization_type: Option<String>,
            x_url: Option<String>,
            hugging_face_url: Option<String>,
            github_url: Option<String>,
            linkedin_url: Option<String>,
            email: Option<String>,
            phone: Option<String>,
            visibility: Option<Visibility>,
            plan: Option<Plan>,
            is_verified: bool,
            is_active: Option<bool>,
            member_count: Option<u64>,
            team_count: Option<u64>,
            dataset_count: Option<u64>,
            project_count: Option<u64>,
            slice_count: Option<u64>,
            role: Option<OrganizationRole>,
            joined_at: Option<Timestamp>,
            slug_edits_remaining: Option<u64>,
            allowed_domains: Vec<String>,
            billing_status: Option<String>,
            public_slug: Option<String>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
            logo_url: Option<String>,
        }
    }
}

record! {
    /// Model `OrganizationMember`.
    pub(crate) struct OrganizationMember {
        required {
            user_uid: UserUid,
        }
        optional {
            username: Option<OwnerName>,
            email: Option<String>,
            full_name: Option<String>,
            picture: Option<String>,
            role: Option<OrganizationRole>,
            created_at: Option<Timestamp>,
            last_active_at: Option<Timestamp>,
            joined_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `Team`.
    pub(crate) struct Team {
        required {
            uid: TeamUid,
            name: String,
        }
        optional {
            slug: Option<TeamSlug>,
            description: Option<String>,
            color: Option<String>,
            organization_uid: Option<OrganizationUid>,
            organization_name: Option<String>,
            organization_slug: Option<OrganizationSlug>,
            member_count: Option<u64>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `TeamMember`.
    pub(crate) struct TeamMember {
        required {
            user_uid: UserUid,
        }
        optional {
            username: Option<OwnerName>,
            email: Option<String>,
            full_name: Option<String>,
            picture: Option<String>,
            role: Option<TeamRole>,
            created_at: Option<Timestamp>,
            joined_at: Option<Timestamp>,
        }
    }
}
