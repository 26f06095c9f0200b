//! Exports.

use avala_types::{EventType, ExportStatus};

use crate::schema::{Export, Task};
use crate::state::tables::Tables;

/// The name of an export that fails, for tests of clients.
const FAILS: &str = "fail";

/// Contents of an export: the tasks of its projects, and the items of its datasets and slices, each as a task.
pub(crate) fn count_tasks(tables: &Tables, export: &Export) -> u64 {
    let is_covered = |task: &&Task| task.project.as_ref().is_some_and(|project| export.projects.contains(project));
    let tasks = tables.tasks.rows().filter(is_covered).count() as u64;
    let datasets = tables.datasets.rows().map(|row| &row.dataset);
    let items: u64 =
        datasets.filter(|dataset| export.datasets.contains(&dataset.uid)).map(|dataset| dataset.item_count).sum();
    let slices = tables.slices.rows().map(|row| &row.slice);
    let slices = slices.filter(|slice| export.slices.contains(&slice.uid)).filter_map(|slice| slice.item_count);
    tasks + items + slices.sum::<u64>()
}

/// Returns whether an export has ended, successfully or not.
pub(crate) fn is_over(export: &Export) -> bool {
    matches!(export.status, Some(ExportStatus::Exported | ExportStatus::Completed | ExportStatus::Failed))
}

/// Takes one step: requested, pending, processing until all tasks are written, exported. An export whose name is
/// [`FAILS`] fails instead. Returns the event of this step, if it has one.
pub(crate) fn advance(export: &mut Export) -> Option<EventType> {
    let total = export.total_task_count.unwrap_or_default();
    let written = export.exported_task_count.unwrap_or_default();
    match export.status {
        Some(ExportStatus::Requested) => export.status = Some(ExportStatus::Pending),
        Some(ExportStatus::Pending) => {
            export.status = Some(ExportStatus::Processing);
            export.exported_task_count = Some(total / 3);
        }
        Some(ExportStatus::Processing) if export.name.as_deref() == Some(FAILS) => {
            export.status = Some(ExportStatus::Failed);
            return Some(EventType::ExportFailed);
        }
        Some(ExportStatus::Processing) if written < total * 2 / 3 => export.exported_task_count = Some(total * 2 / 3),
        Some(ExportStatus::Processing) => {
            export.status = Some(ExportStatus::Exported);
            export.exported_task_count = Some(total);
            return Some(EventType::ExportCompleted);
        }
        // The export has ended.
        _ => {}
    }
    None
}
