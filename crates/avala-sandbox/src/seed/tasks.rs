//! Tasks, assigned to the projects in turn.

use avala_types::TaskStatus;

use super::values::minutes;
use crate::schema::Task;
use crate::state::tables::Tables;

const COUNT: usize = 320;

pub(super) fn add(tables: &mut Tables) {
    for (index, project) in (0..COUNT).zip(tables.projects.rows().cycle()) {
        let mut task = Task::new("");
        task.task_type = project.task_type.clone();
        task.name = Some(format!("{} {index:03}", project.name));
        // Five and the number of projects have no common factor: every project has tasks of every status.
        task.status = Some(match index % 5 {
            0 | 1 => TaskStatus::Completed,
            2 => TaskStatus::InProgress,
            _ => TaskStatus::Pending,
        });
        task.project = Some(project.uid.clone());
        task.created_at = minutes(index * 7);
        task.updated_at = minutes(index * 7 + 240);
        tables.tasks.add(|uid| {
            task.uid = uid.into();
            task
        });
    }
}
