//! Files of exports.

use avala_types::ExportUid;
use bytes::Bytes;
use serde_json::json;

use crate::schema::Task;
use crate::state::storage::links::Links;
use crate::state::storage::{Content, Generated};
use crate::state::tables::Tables;

/// Separator between the content of an export and its padding.
const PADDING: &str = ",\"padding\":\"";

impl Tables {
    /// Returns the file of an export: its tasks, and the items of its datasets.
    ///
    /// It is padded if the settings request it, and stays JSON.
    pub(crate) fn export_file(&self, uid: &ExportUid, links: &Links) -> Option<Content> {
        let export = self.exports.get(uid).ok()?;
        let is_covered = |task: &&Task| task.project.as_ref().is_some_and(|project| export.projects.contains(project));
        let tasks: Vec<_> = self.tasks.rows().filter(is_covered).collect();
        let datasets = self.datasets.rows().filter(|row| export.datasets.contains(&row.dataset.uid));
        let items: Vec<_> = datasets.flat_map(|row| row.items.rows()).map(|item| links.item(item)).collect();
        let file = json!({ "uid": export.uid, "format": export.format, "tasks": tasks, "items": items });
        let text = serde_json::to_string(&file).ok()?;
        let padded = self.storage.export_size.filter(|size| *size > (text.len() + PADDING.len() + 1) as u64);
        Some(match (padded, text.strip_suffix('}')) {
            (Some(length), Some(open)) => {
                let start = Bytes::from(format!("{open}{PADDING}"));
                Content::Generated(Generated { start, end: Bytes::from_static(b"\"}"), length, seed: 0 })
            }
            _ => Content::Bytes(text.into()),
        })
    }
}
