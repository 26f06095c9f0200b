//! Exports.

use crate::model::model;
use crate::open_enum::open_enum;
use crate::{DatasetUid, ExportUid, Json, ProjectUid, SliceUid, Timestamp};

open_enum! {
    /// How far an export is.
    pub enum ExportStatus {
        /// It was asked for.
        Requested = "requested",
        /// It waits for its turn.
        Pending = "pending",
        /// It is being written.
        Processing = "processing",
        /// It is there to be downloaded.
        Exported = "exported",
        /// It is there to be downloaded; the word of newer deployments.
        Completed = "completed",
        /// It could not be written.
        Failed = "failed",
    }

    /// The format of an export.
    pub enum ExportFormat {
        /// Avala's own JSON.
        AvalaJsonExternal = "avala-json-external",
        /// Text files for YOLO.
        Yolo = "YOLO",
    }
}

impl ExportStatus {
    /// Whether the export will not change any more. A status that this version does not know is not an end.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Exported | Self::Completed | Self::Failed)
    }
}

model! {
    /// Annotations, written to a file that can be downloaded.
    #[derive(Eq, Hash)]
    pub struct Export {
        required {
            /// Its identity.
            uid: ExportUid,
        }
        optional {
            /// How far it is.
            status: Option<ExportStatus>,
            /// Where the file is, once it is written. The address opens it without a key, for a while.
            download_url: Option<String>,
            /// When it was asked for.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
            /// Its name, as people read it.
            name: Option<String>,
            /// The format of the file.
            format: Option<ExportFormat>,
            /// How many tasks it covers.
            total_task_count: Option<u64>,
            /// How many of them are written.
            exported_task_count: Option<u64>,
            /// The datasets that it covers.
            datasets: Vec<DatasetUid>,
            /// The slices that it covers.
            slices: Vec<SliceUid>,
            /// The projects that it covers.
            projects: Vec<ProjectUid>,
            /// The organization that it belongs to, in whatever form the server sends.
            organization: Option<Json>,
        }
    }
}

impl Export {
    /// Whether it will not change any more: written or failed.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.status.as_ref().is_some_and(ExportStatus::is_terminal)
    }
}

model! {
    /// A new export (`POST /exports/`): of one project, of one dataset, or of lists of several things.
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
            /// The one project that it covers.
            project: Option<ProjectUid>,
            /// The one dataset that it covers.
            dataset: Option<DatasetUid>,
            /// Its name, as people read it.
            name: Option<String>,
            /// The format of the file.
            format: Option<ExportFormat>,
            /// The datasets that it covers.
            datasets: Option<Vec<DatasetUid>>,
            /// The projects that it covers.
            projects: Option<Vec<ProjectUid>>,
            /// The slices that it covers.
            slices: Option<Vec<SliceUid>>,
            /// What is left out: the query of a task list.
            filter_query_string: Option<String>,
        }
    }
}

impl CreateExport {
    /// An export of one project.
    #[must_use]
    pub fn project(uid: impl Into<ProjectUid>) -> Self {
        Self { project: Some(uid.into()), ..Self::default() }
    }

    /// An export of one dataset.
    #[must_use]
    pub fn dataset(uid: impl Into<DatasetUid>) -> Self {
        Self { dataset: Some(uid.into()), ..Self::default() }
    }

    /// An export of several things, which start as three empty lists.
    #[must_use]
    pub fn lists(name: impl Into<String>, format: impl Into<ExportFormat>) -> Self {
        Self {
            datasets: Some(Vec::new()),
            projects: Some(Vec::new()),
            slices: Some(Vec::new()),
            ..Self::default().name(name).format(format)
        }
    }

    /// Names the export.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Chooses the format of the file.
    #[must_use]
    pub fn format(mut self, format: impl Into<ExportFormat>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// Covers these datasets.
    #[must_use]
    pub fn datasets<U: Into<DatasetUid>>(mut self, uids: impl IntoIterator<Item = U>) -> Self {
        self.datasets = Some(uids.into_iter().map(Into::into).collect());
        self
    }

    /// Covers these projects.
    #[must_use]
    pub fn projects<U: Into<ProjectUid>>(mut self, uids: impl IntoIterator<Item = U>) -> Self {
        self.projects = Some(uids.into_iter().map(Into::into).collect());
        self
    }

    /// Covers these slices.
    #[must_use]
    pub fn slices<U: Into<SliceUid>>(mut self, uids: impl IntoIterator<Item = U>) -> Self {
        self.slices = Some(uids.into_iter().map(Into::into).collect());
        self
    }

    /// Leaves out what the query of a task list leaves out, as `status=completed`.
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
