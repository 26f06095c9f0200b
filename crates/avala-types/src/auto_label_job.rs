//! Auto-label jobs: annotations made by a model.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{AutoLabelJobUid, Json, Timestamp};

open_enum! {
    /// How far an auto-label job is.
    pub enum AutoLabelJobStatus {
        /// It waits for its turn.
        Pending = "pending",
        /// The model is at it.
        Running = "running",
        /// It is done.
        Completed = "completed",
        /// It could not be done.
        Failed = "failed",
        /// It was stopped.
        Canceled = "canceled",
    }

    /// The kind of model that makes the annotations.
    pub enum AutoLabelModelType {
        /// Segment Anything 3.
        Sam3 = "sam3",
        /// YOLO.
        Yolo = "yolo",
    }
}

impl AutoLabelJobStatus {
    /// Whether the job will not change any more. A status that this version does not know is not an end.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Canceled)
    }
}

model! {
    /// The annotation of a project's items by a model.
    pub struct AutoLabelJob {
        required {
            /// Its identity.
            uid: AutoLabelJobUid,
        }
        optional {
            /// How far it is.
            status: Option<AutoLabelJobStatus>,
            /// The kind of model.
            model_type: Option<AutoLabelModelType>,
            /// How sure the model must be of an annotation, from 0 to 1.
            confidence_threshold: Option<f64>,
            /// The only labels that it makes; all of them when there is none.
            labels: Vec<String>,
            /// Whether its annotations are thrown away.
            dry_run: bool,
            /// How many items it has.
            total_items: u64,
            /// How many of them it is done with.
            processed_items: u64,
            /// How many of them were annotated.
            successful_items: u64,
            /// How many of them could not be annotated.
            failed_items: u64,
            /// How many of them were left out.
            skipped_items: u64,
            /// How far it is in percent, from 0 to 100.
            progress_pct: Option<f64>,
            /// Why it could not be done.
            error_message: Option<String>,
            /// What came out of it: a free-form object.
            summary: Option<Json>,
            /// When the model began.
            started_at: Option<Timestamp>,
            /// When it ended.
            completed_at: Option<Timestamp>,
            /// When it was made.
            created_at: Option<Timestamp>,
        }
    }
}

impl AutoLabelJob {
    /// Whether it will not change any more: done, failed or stopped.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.status.as_ref().is_some_and(AutoLabelJobStatus::is_terminal)
    }

    /// How far it is, from 0 to 1: what the server says, or else the share of its items that it is done with.
    ///
    /// `None` where the server has not said and does not know its items yet.
    #[must_use]
    pub fn progress(&self) -> Option<f64> {
        let counted = || (self.total_items > 0).then(|| self.processed_items as f64 / self.total_items as f64);
        let fraction = self.progress_pct.map(|percent| percent / 100.0).or_else(counted)?;
        Some(fraction.clamp(0.0, 1.0))
    }
}

payload! {
    /// A new auto-label job (`POST /projects/{project_uid}/auto-label/`).
    pub struct CreateAutoLabelJob {
        required {}
        optional {
            /// The kind of model.
            model_type: AutoLabelModelType,
            /// How sure the model must be of an annotation, from 0 to 1.
            confidence_threshold: f64,
            /// Whether its annotations are thrown away.
            dry_run: bool,
        }
        lists {
            /// The only labels that it makes.
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
        (job.processed_items, job.total_items) = (1, 4);
        assert_eq!(job.progress(), Some(0.25));
        job.progress_pct = Some(50.0);
        assert_eq!(job.progress(), Some(0.5));
        job.progress_pct = Some(100.4);
        assert_eq!(job.progress(), Some(1.0));
    }
}
