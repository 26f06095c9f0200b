//! Auto-label jobs: annotations made by a model.

use crate::id::AutoLabelJobUid;
use crate::json::Json;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Status of an auto-label job.
    pub enum AutoLabelJobStatus {
        /// Queued.
        Pending = "pending",
        /// Running.
        Running = "running",
        /// Completed.
        Completed = "completed",
        /// Failed.
        Failed = "failed",
        /// Stopped.
        Canceled = "canceled",
    }

    /// Type of an auto-label model.
    pub enum AutoLabelModelType {
        /// Segment Anything 3.
        Sam3 = "sam3",
        /// YOLO.
        Yolo = "yolo",
    }
}

impl AutoLabelJobStatus {
    /// Returns whether the job has a terminal status. An unknown status is not terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }
}

model! {
    /// An auto-label job: a model annotates the items of a project.
    pub struct AutoLabelJob {
        required {
            /// Unique identifier (UID).
            uid: AutoLabelJobUid,
        }
        optional {
            /// Status.
            status: Option<AutoLabelJobStatus>,
            /// Model type.
            model_type: Option<AutoLabelModelType>,
            /// Confidence threshold of the model, 0 to 1.
            confidence_threshold: Option<f64>,
            /// Labels to create; all labels if empty.
            labels: Vec<String>,
            /// Whether annotations are discarded.
            dry_run: Option<bool>,
            /// Number of items.
            total_items: Option<u64>,
            /// Number of processed items.
            processed_items: Option<u64>,
            /// Number of annotated items.
            successful_items: Option<u64>,
            /// Number of failed items.
            failed_items: Option<u64>,
            /// Number of skipped items.
            skipped_items: Option<u64>,
            /// Progress in percent, 0 to 100.
            progress_pct: Option<f64>,
            /// Error message.
            error_message: Option<String>,
            /// Summary of the result, a free-form object.
            summary: Option<Json>,
            /// Start time.
            started_at: Option<Timestamp>,
            /// End time.
            completed_at: Option<Timestamp>,
            /// Creation time.
            created_at: Option<Timestamp>,
        }
    }
}

impl AutoLabelJob {
    /// Returns whether the status is terminal: completed, failed or canceled.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.status.as_ref().is_some_and(AutoLabelJobStatus::is_terminal)
    }

    /// Progress from 0 to 1: the server's value, or else the share of processed items.
    ///
    /// `None` if the server sent no value and the number of items is unknown.
    #[must_use]
    pub fn progress(&self) -> Option<f64> {
        let total = self.total_items.filter(|total| *total > 0);
        let counted = || Some(self.processed_items? as f64 / total? as f64);
        let fraction = self.progress_pct.map(|percent| percent / 100.0).or_else(counted)?;
        Some(fraction.clamp(0.0, 1.0))
    }
}

payload! {
    /// Payload that creates an auto-label job (`POST /projects/{project_uid}/auto-label/`).
    pub struct CreateAutoLabelJob {
        required {}
        optional {
            /// Model type.
            model_type: AutoLabelModelType,
            /// Confidence threshold of the model, 0 to 1.
            confidence_threshold: f64,
            /// Whether annotations are discarded.
            dry_run: bool,
        }
        lists {
            /// Labels to create.
            labels: String,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_ends_in_three_ways_and_in_no_way_that_is_new() {
        let ends = |text: &str| AutoLabelJobStatus::from(text).is_terminal();
        assert!(["completed", "failed", "canceled"].into_iter().all(ends));
        assert!(!["pending", "running", "paused", ""].into_iter().any(ends));
        assert!(!AutoLabelJob::new("j1").is_terminal());
    }

    #[test]
    fn progress_is_what_the_server_says_or_what_can_be_counted() {
        let mut job = AutoLabelJob::new("j1");
        assert_eq!(job.progress(), None);
        (job.processed_items, job.total_items) = (Some(1), Some(4));
        assert_eq!(job.progress(), Some(0.25));
        job.progress_pct = Some(50.0);
        assert_eq!(job.progress(), Some(0.5));
        job.progress_pct = Some(100.4);
        assert_eq!(job.progress(), Some(1.0));
    }
}
