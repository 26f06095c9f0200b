//! Projects.

use avala_types::{ProjectStatus, TaskType, Visibility};

use super::values::minutes;
use crate::demo;
use crate::schema::Project;
use crate::state::tables::Tables;

pub(super) fn add(tables: &mut Tables) {
    use ProjectStatus::{Active, Archived, Canceled, Completed, Paused, PendingApproval};
    use TaskType::{ImageAnnotation, PointCloudAnnotation, PointCloudObjects, VideoAnnotation};
    let projects = [
        ("Forklift detection", Active, ImageAnnotation, demo::OWNER),
        ("Pallet segmentation", Active, ImageAnnotation, demo::OWNER),
        ("Aisle obstacles", Paused, PointCloudObjects, demo::OWNER),
        ("Free space in point clouds", PendingApproval, PointCloudAnnotation, demo::OWNER),
        ("Dock activity", Completed, VideoAnnotation, demo::OWNER),
        ("Safety vests", Archived, ImageAnnotation, demo::OWNER),
        ("Crane hooks", Active, VideoAnnotation, demo::OTHER_OWNER),
        ("Gripper poses", Canceled, ImageAnnotation, demo::ORGANIZATION),
    ];
    for (index, (name, status, task_type, owner)) in projects.into_iter().enumerate() {
        let mut project = Project::new("", name);
        project.is_active = Some(status == Active);
        project.status = Some(status);
        project.task_type = Some(task_type);
        project.visibility = Some(if owner == demo::OTHER_OWNER { Visibility::Public } else { Visibility::Private });
        project.is_imported = Some(false);
        project.owner_name = Some(owner.into());
        project.short_description = Some(format!("{name} for the robots of {owner}."));
        project.industry_icon = Some("logistics".to_owned());
        project.created_at = minutes(index * 1440);
        // Older projects have later updates, so that the two orders differ.
        project.updated_at = minutes((30 - index) * 1440);
        tables.projects.add(|uid| {
            project.uid = uid.into();
            project
        });
    }
}
