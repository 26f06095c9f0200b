//! Files of exports.

use avala_types::ExportUid;
use bytes::Bytes;
use serde_json::json;

use crate::schema::Task;
use crate::state::tables::Tables;

impl Tables {
    /// Returns the file of an export: its tasks, and the items of its datasets.
    pub(crate) fn export_file(&self, uid: &ExportUid) -> Option<Bytes> {
        let export = self.exports.get(uid).ok()?;
        let is_covered = |task: &&Task| task.project.as_ref().is_some_and(|project| export.projects.contains(project));
        let tasks: Vec<_> = self.tasks.rows().filter(is_covered).collect();
        let datasets = self.datasets.rows().filter(|row| export.datasets.contains(&row.dataset.uid));
        let items: Vec<_> = datasets.flat_map(|row| row.items.rows()).collect();
        let file = json!({ "uid": export.uid, "format": export.format, "tasks": tasks, "items": items });
        serde_json::to_vec(&file).ok().map(Bytes::from)
    }
}
