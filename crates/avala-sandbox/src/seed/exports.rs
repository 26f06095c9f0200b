//! Exports, one in each state.

use avala_types::{DatasetUid, ExportFormat, ExportStatus, ProjectUid};

use super::values::minutes;
use crate::schema::Export;
use crate::state::tables::Tables;

pub(super) fn add(tables: &mut Tables) {
    use ExportStatus::{Exported, Failed, Pending, Processing, Requested};
    let statuses = [Exported, Failed, Processing, Pending, Requested];
    let projects: Vec<ProjectUid> = tables.projects.rows().map(|project| project.uid.clone()).collect();
    let datasets: Vec<DatasetUid> = tables.datasets.rows().map(|row| row.dataset.uid.clone()).collect();
    for (index, status) in statuses.into_iter().enumerate() {
        let mut export = Export::new("");
        export.name = Some(format!("Weekly export {}", index + 1));
        export.format =
            Some(if index.is_multiple_of(2) { ExportFormat::AvalaJsonExternal } else { ExportFormat::Yolo });
        export.projects = projects.iter().skip(index).take(1).cloned().collect();
        export.datasets = datasets.iter().skip(index).take(index % 2).cloned().collect();
        export.total_task_count = Some(40);
        export.exported_task_count = match status {
            Exported => Some(40),
            Processing => Some(13),
            Failed => Some(5),
            _ => None,
        };
        export.created_at = minutes(index * 10_080);
        export.updated_at = minutes(index * 10_080 + 15);
        tables.exports.add(|uid| {
            export.uid = uid.into();
            export.status = Some(status);
            export
        });
    }
}
