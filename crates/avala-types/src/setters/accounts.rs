//! Setters of the models of accounts, organizations and tasks.

use super::setters;
use crate::account::{SignupResponse, SignupUser};
use crate::id::{
    InvitationUid, OrganizationSlug, OrganizationUid, OwnerName, ProjectUid, TaskUid, TeamSlug, TeamUid, UserUid,
};
use crate::organization::{
    Invitation, InvitationStatus, Organization, OrganizationMember, OrganizationRole, Plan, Team, TeamMember, TeamRole,
};
use crate::project::{Project, ProjectStatus};
use crate::secret::Secret;
use crate::task::{Task, TaskStatus, TaskType};
use crate::timestamp::Timestamp;
use crate::user_permissions::UserPermissions;
use crate::visibility::Visibility;

setters! {
    SignupResponse {
        with_user user: SignupUser,
        with_api_key api_key: Secret,
    }

    SignupUser {
        with_uid uid: UserUid,
        with_username username: OwnerName,
        with_email email: Option<String>,
        with_first_name first_name: Option<String>,
        with_last_name last_name: Option<String>,
        with_in_waitlist in_waitlist: Option<bool>,
    }

    Invitation {
        with_uid uid: InvitationUid,
        with_invited_email invited_email: String,
        with_organization_name organization_name: Option<String>,
        with_organization_slug organization_slug: Option<OrganizationSlug>,
        with_invited_by_username invited_by_username: Option<OwnerName>,
        with_role role: Option<OrganizationRole>,
        with_status status: Option<InvitationStatus>,
        with_expires_at expires_at: Option<Timestamp>,
        with_is_expired is_expired: Option<bool>,
        with_accept_url accept_url: Option<String>,
        with_copy_link copy_link: Option<String>,
        with_created_at created_at: Option<Timestamp>,
    }

    OrganizationMember {
        with_user_uid user_uid: UserUid,
        with_username username: Option<OwnerName>,
        with_email email: Option<String>,
        with_full_name full_name: Option<String>,
        with_picture picture: Option<String>,
        with_role role: Option<OrganizationRole>,
        with_created_at created_at: Option<Timestamp>,
        with_last_active_at last_active_at: Option<Timestamp>,
        with_joined_at joined_at: Option<Timestamp>,
    }

    Organization {
        with_uid uid: OrganizationUid,
        with_name name: String,
        with_slug slug: OrganizationSlug,
        with_handle handle: Option<OwnerName>,
        with_description description: Option<String>,
        with_readme readme: Option<String>,
        with_logo logo: Option<String>,
        with_website website: Option<String>,
        with_industry industry: Option<String>,
        with_organization_type organization_type: Option<String>,
        with_x_url x_url: Option<String>,
        with_hugging_face_url hugging_face_url: Option<String>,
        with_github_url github_url: Option<String>,
        with_linkedin_url linkedin_url: Option<String>,
        with_email email: Option<String>,
        with_phone phone: Option<String>,
        with_visibility visibility: Option<Visibility>,
        with_plan plan: Option<Plan>,
        with_is_verified is_verified: Option<bool>,
        with_is_active is_active: Option<bool>,
        with_member_count member_count: Option<u64>,
        with_team_count team_count: Option<u64>,
        with_dataset_count dataset_count: Option<u64>,
        with_project_count project_count: Option<u64>,
        with_slice_count slice_count: Option<u64>,
        with_role role: Option<OrganizationRole>,
        with_joined_at joined_at: Option<Timestamp>,
        with_slug_edits_remaining slug_edits_remaining: Option<u64>,
        with_allowed_domains allowed_domains: Vec<String>,
        with_billing_status billing_status: Option<String>,
        with_public_slug public_slug: Option<String>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_logo_url logo_url: Option<String>,
    }

    Team {
        with_uid uid: TeamUid,
        with_name name: String,
        with_slug slug: Option<TeamSlug>,
        with_description description: Option<String>,
        with_color color: Option<String>,
        with_organization_uid organization_uid: Option<OrganizationUid>,
        with_organization_name organization_name: Option<String>,
        with_organization_slug organization_slug: Option<OrganizationSlug>,
        with_member_count member_count: Option<u64>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    TeamMember {
        with_user_uid user_uid: UserUid,
        with_username username: Option<OwnerName>,
        with_email email: Option<String>,
        with_full_name full_name: Option<String>,
        with_picture picture: Option<String>,
        with_role role: Option<TeamRole>,
        with_created_at created_at: Option<Timestamp>,
        with_joined_at joined_at: Option<Timestamp>,
    }

    Project {
        with_uid uid: ProjectUid,
        with_name name: String,
        with_status status: Option<ProjectStatus>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_task_type task_type: Option<TaskType>,
        with_is_active is_active: Option<bool>,
        with_visibility visibility: Option<Visibility>,
        with_is_imported is_imported: Option<bool>,
        with_owner_name owner_name: Option<OwnerName>,
        with_short_description short_description: Option<String>,
        with_industry_icon industry_icon: Option<String>,
    }

    Task {
        with_uid uid: TaskUid,
        with_task_type task_type as "type": Option<TaskType>,
        with_name name: Option<String>,
        with_status status: Option<TaskStatus>,
        with_project project: Option<ProjectUid>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    UserPermissions {
        with_account_type account_type as "type": Option<String>,
        with_is_staff_privileged is_staff_privileged: Option<bool>,
        with_scopes scopes: Vec<String>,
        with_capabilities capabilities: Vec<String>,
        with_toolsets toolsets: Vec<String>,
    }
}
