//! Auto-label jobs.

use avala_types::{AutoLabelJobStatus, ProjectUid};
use serde_json::json;

use crate::schema::AutoLabelJob;
use crate::state::clock;

pub(crate) struct AutoLabelJobRow {
    pub(crate) job: AutoLabelJob,
    pub(crate) project: ProjectUid,
}

/// Takes one step: pending, running through a third and two thirds of the items, completed.
pub(crate) fn advance(job: &mut AutoLabelJob) {
    let total = job.total_items;
    match job.status {
        Some(AutoLabelJobStatus::Pending) => {
            job.status = Some(AutoLabelJobStatus::Running);
            job.started_at = clock::now();
            job.processed_items = total / 3;
        }
        Some(AutoLabelJobStatus::Running) if job.processed_items < total * 2 / 3 => job.processed_items = total * 2 / 3,
        Some(AutoLabelJobStatus::Running) => {
            job.status = Some(AutoLabelJobStatus::Completed);
            job.completed_at = clock::now();
            job.processed_items = total;
            job.summary = Some(json!({ "annotations_created": if job.dry_run { 0 } else { total * 3 } }).into());
        }
        // The job has ended.
        _ => return,
    }
    // Every tenth item has no objects.
    job.skipped_items = job.processed_items / 10;
    job.successful_items = job.processed_items - job.skipped_items;
    job.progress_pct = Some(if total == 0 { 100.0 } else { job.processed_items as f64 * 100.0 / total as f64 });
}
