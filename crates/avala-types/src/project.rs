//! Projects.

use crate::model::model;
use crate::open_enum::open_enum;
use crate::{OwnerName, ProjectUid, TaskType, Timestamp, Visibility};

open_enum! {
    /// Where a project is in its life.
    pub enum ProjectStatus {
        /// It waits for its approval.
        PendingApproval = "pending-approval",
        /// It is being worked on.
        Active = "active",
        /// It rests.
        Paused = "paused",
        /// It was given up.
        Canceled = "canceled",
        /// It is kept for reference.
        Archived = "archived",
        /// Its work is done.
        Completed = "completed",
    }
}

model! {
    /// A project: datasets, and the work to be done on them.
    #[derive(Eq, Hash)]
    pub struct Project {
        required {
            /// Its identity.
            uid: ProjectUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// Where it is in its life.
            status: Option<ProjectStatus>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
            /// The kind of work.
            task_type: Option<TaskType>,
            /// Whether it is being worked on.
            is_active: Option<bool>,
            /// Who can see it.
            visibility: Option<Visibility>,
            /// Whether its annotations come from elsewhere.
            is_imported: Option<bool>,
            /// Who owns it.
            owner_name: Option<OwnerName>,
            /// What it is about, in a sentence.
            short_description: Option<String>,
            /// The icon of its industry.
            industry_icon: Option<String>,
        }
    }
}
