//! Projects, tasks and exports.

use avala_types::{
    DatasetUid, ExportFormat, ExportStatus, ExportUid, Json, OwnerName, ProjectStatus, ProjectUid, SliceUid,
    TaskStatus, TaskType, TaskUid, Timestamp, Visibility,
};

use super::record;

record! {
    /// Model `Export`.
    pub(crate) struct Export {
        required {
            uid: ExportUid,
        }
        optional {
            status: Option<ExportStatus>,
            download_url: Option<String>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
            name: Option<String>,
            format: Option<ExportFormat>,
            total_task_count: Option<u64>,
            exported_task_count: Option<u64>,
            datasets: Vec<DatasetUid>,
            slices: Vec<SliceUid>,
            projects: Vec<ProjectUid>,
            organization: Option<Json>,
        }
    }
}

record! {
    /// Model `Project`.
    pub(crate) struct Project {
        required {
            uid: ProjectUid,
            name: String,
        }
        optional {
            status: Option<ProjectStatus>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
            task_type: Option<TaskType>,
            is_active: Option<bool>,
            visibility: Option<Visibility>,
            is_imported: Option<bool>,
            owner_name: Option<OwnerName>,
            short_description: Option<String>,
            industry_icon: Option<String>,
        }
    }
}

record! {
    /// Model `Task`.
    pub(crate) struct Task {
        required {
            uid: TaskUid,
        }
        optional {
            task_type as "type": Option<TaskType>,
            name: Option<String>,
            status: Option<TaskStatus>,
            project: Option<ProjectUid>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}
