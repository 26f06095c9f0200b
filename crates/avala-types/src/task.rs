//! Tasks.

use crate::id::{ProjectUid, TaskUid};
use crate::model::model;
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Task type.
    pub enum TaskType {
        /// Image annotation.
        ImageAnnotation = "image-annotation",
        /// Video annotation.
        VideoAnnotation = "video-annotation",
        /// Point cloud annotation.
        PointCloudAnnotation = "point-cloud-annotation",
        /// Object detection in point clouds.
        PointCloudObjects = "point-cloud-objects",
    }

    /// Status of a task.
    pub enum TaskStatus {
        /// Not started.
        Pending = "pending",
        /// In progress.
        InProgress = "in_progress",
        /// Completed.
        Completed = "completed",
    }
}

model! {
    /// A task of a project.
    #[derive(Eq, Hash)]
    pub struct Task {
        required {
            /// Unique identifier (UID).
            uid: TaskUid,
        }
        optional {
            /// Task type.
            task_type as "type": Option<TaskType>,
            /// Display name.
            name: Option<String>,
            /// Status.
            status: Option<TaskStatus>,
            /// Project.
            project: Option<ProjectUid>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}
