//! Exports.

use crate::id::{DatasetUid, ExportUid, ProjectUid, SliceUid};
use crate::json::Json;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Status of an export.
    pub enum ExportStatus {
        /// Requested.
        Requested = "requested",
        /// Queued.
        Pending = "pending",
        /// Being written.
        Processing = "processing",
        /// Ready for download.
        Exported = "exported",
        /// Ready for download; used by newer deployments.
        Completed = "completed",
        /// Failed.
        Failed = "failed",
    }

    /// Format of an export.
    pub enum ExportFormat {
        /// Avala JSON.
        AvalaJsonExternal = "avala-json-external",
        /// Text files for YOLO.
        Yolo = "YOLO",
    }
}

impl ExportStatus {
    /// Returns whether the export has a terminal status. An unknown status is not terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Exported | Self::Completed | Self::Failed)
    }
}

model! {
    /// An export: annotations in a downloadable file.
    #[derive(Eq, Hash)]
    pub struct Export {
        required {
            /// Unique identifier (UID).
            uid: ExportUid,
        }
        optional {
            /// Status.
            status: Option<ExportStatus>,
            /// Presigned download URL, set when the export is completed. It needs no key and expires.
            download_url: Option<String>,
            /// Request time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
            /// Display name.
            name: Option<String>,
            /// File format.
            format: Option<ExportFormat>,
            /// Number of tasks.
            total_task_count: Option<u64>,
            /// Number of exported tasks.
            exported_task_count: Option<u64>,
            /// Datasets.
            datasets: Vec<DatasetUid>,
            /// Slices.
            slices: Vec<SliceUid>,
            /// Projects.
            projects: Vec<ProjectUid>,
            /// Organization, in any form.
            organization: Option<Json>,
        }
    }
}

impl Export {
    /// Returns whether the status is terminal: completed or failed.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.status.as_ref().is_some_and(ExportStatus::is_terminal)
    }
}

model! {
    /// Payload that creates an export (`POST /exports/`): of one project, one dataset, or lists of resources.
    ///
    /// ```
    /// use avala_types::{CreateExport, ExportFormat};
    ///
    /// let of_a_project = CreateExport::project("770a9600");
    /// assert_eq!(serde_json::to_string(&of_a_project)?, r#"{"project":"770a9600"}"#);
    ///
    /// let of_several = CreateExport::lists("March", ExportFormat::Yolo).projects(["770a9600", "880b0700"]);
    /// assert_eq!(
    ///     serde_json::to_string(&of_several)?,
    ///     r#"{"name":"March","format":"YOLO","datasets":[],"projects":["770a9600","880b0700"],"slices":[]}"#
    /// );
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct CreateExport {
        required {}
        optional {
            /// Project.
            project: Option<ProjectUid>,
            /// Dataset.
            dataset: Option<DatasetUid>,
            /// Display name.
            name: Option<String>,
            /// File format.
            format: Option<ExportFormat>,
            /// Datasets.
            datasets: Option<Vec<DatasetUid>>,
            /// Projects.
            projects: Option<Vec<ProjectUid>>,
            /// Slices.
            slices: Option<Vec<SliceUid>>,
            /// Excluded tasks, as the query of a task list.
            filter_query_string: Option<String>,
        }
    }
}

impl CreateExport {
    /// Creates an export of one project.
    #[must_use]
    pub fn project(uid: impl Into<ProjectUid>) -> Self {
        Self { project: Some(uid.into()), ..Self::default() }
    }

    /// Creates an export of one dataset.
    #[must_use]
    pub fn dataset(uid: impl Into<DatasetUid>) -> Self {
        Self { dataset: Some(uid.into()), ..Self::default() }
    }

    /// Creates an export of several resources, from three empty lists.
    #[must_use]
    pub fn lists(name: impl Into<String>, format: impl Into<ExportFormat>) -> Self {
        Self {
            datasets: Some(Vec::new()),
            projects: Some(Vec::new()),
            slices: Some(Vec::new()),
            ..Self::default().name(name).format(format)
        }
    }

    /// Sets the display name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the file format.
    #[must_use]
    pub fn format(mut self, format: impl Into<ExportFormat>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// Sets the datasets.
    #[must_use]
    pub fn datasets<U: Into<DatasetUid>>(mut self, uids: impl IntoIterator<Item = U>) -> Self {
        self.datasets = Some(uids.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the projects.
    #[must_use]
    pub fn projects<U: Into<ProjectUid>>(mut self, uids: impl IntoIterator<Item = U>) -> Self {
        self.projects = Some(uids.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the slices.
    #[must_use]
    pub fn slices<U: Into<SliceUid>>(mut self, uids: impl IntoIterator<Item = U>) -> Self {
        self.slices = Some(uids.into_iter().map(Into::into).collect());
        self
    }

    /// Excludes tasks by the query of a task list, such as `status=completed`.
    #[must_use]
    pub fn filter_query_string(mut self, query: impl Into<String>) -> Self {
        self.filter_query_string = Some(query.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_ends_in_three_ways_and_in_no_way_that_is_new() {
        let ends = |text: &str| ExportStatus::from(text).is_terminal();
        assert!(["exported", "completed", "failed"].into_iter().all(ends));
        assert!(!["requested", "pending", "processing", "verifying", ""].into_iter().any(ends));
        assert!(!Export::new("e1").is_terminal());
    }
}
