//! Tasks.

use crate::model::model;
use crate::open_enum::open_enum;
use crate::{ProjectUid, TaskUid, Timestamp};

open_enum! {
    /// The kind of work that a task asks for.
    pub enum TaskType {
        /// Annotating images.
        ImageAnnotation = "image-annotation",
        /// Annotating videos.
        VideoAnnotation = "video-annotation",
        /// Annotating point clouds.
        PointCloudAnnotation = "point-cloud-annotation",
        /// Finding objects in point clouds.
        PointCloudObjects = "point-cloud-objects",
    }

    /// How far a task is.
    pub enum TaskStatus {
        /// Nobody has begun.
        Pending = "pending",
        /// Somebody is at it.
        InProgress = "in_progress",
        /// It is done.
        Completed = "completed",
    }
}

model! {
    /// A piece of work in a project.
    #[derive(Eq, Hash)]
    pub struct Task {
        required {
            /// Its identity.
            uid: TaskUid,
        }
        optional {
            /// The kind of work.
            task_type as "type": Option<TaskType>,
            /// Its name, as people read it.
            name: Option<String>,
            /// How far it is.
            status: Option<TaskStatus>,
            /// The project that it belongs to.
            project: Option<ProjectUid>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}
