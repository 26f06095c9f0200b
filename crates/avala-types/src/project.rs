//! Projects.

use crate::id::{OwnerName, ProjectUid};
use crate::model::model;
use crate::open_enum::open_enum;
use crate::task::TaskType;
use crate::timestamp::Timestamp;
use crate::visibility::Visibility;

open_enum! {
    /// Status of a project.
    pub enum ProjectStatus {
        /// Waiting for approval.
        PendingApproval = "pending-approval",
        /// In progress.
        Active = "active",
        /// Paused.
        Paused = "paused",
        /// Canceled.
        Canceled = "canceled",
        /// Archived.
        Archived = "archived",
        /// Completed.
        Completed = "completed",
    }
}

model! {
    /// A project: datasets and the tasks on them.
    #[derive(Eq, Hash)]
    pub struct Project {
        required {
            /// Unique identifier (UID).
            uid: ProjectUid,
            /// Display name.
            name: String,
        }
        optional {
            /// Status.
            status: Option<ProjectStatus>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
            /// Task type.
            task_type: Option<TaskType>,
            /// Whether the project is active.
            is_active: Option<bool>,
            /// Visibility.
            visibility: Option<Visibility>,
            /// Whether annotations are imported.
            is_imported: Option<bool>,
            /// Owner.
            owner_name: Option<OwnerName>,
            /// Short description.
            short_description: Option<String>,
            /// Icon of the industry.
            industry_icon: Option<String>,
        }
    }
}
