//! Auto-label jobs, some in each state.

use avala_types::{AutoLabelJobStatus, AutoLabelModelType};
use serde_json::json;

use super::values::minutes;
use crate::schema::AutoLabelJob;
use crate::state::auto_label_job::AutoLabelJobRow;
use crate::state::tables::Tables;

const COUNT: usize = 10;

pub(super) fn add(tables: &mut Tables) {
    use AutoLabelJobStatus::{Canceled, Completed, Failed, Pending, Running};
    let statuses = [Completed, Running, Failed, Canceled, Pending];
    let projects: Vec<_> = tables.projects.rows().map(|project| project.uid.clone()).collect();
    let turns = statuses.iter().cycle().zip(projects.iter().cycle());
    for (index, (status, project)) in (0..COUNT).zip(turns) {
        let processed = match status {
            Completed => 40,
            Running => 13,
            Failed => 7,
            Canceled => 21,
            _ => 0,
        };
        tables.auto_label_jobs.add(|uid| {
            let mut job = AutoLabelJob::new(uid);
            job.model_type = Some(if index % 3 == 2 { AutoLabelModelType::Yolo } else { AutoLabelModelType::Sam3 });
            job.confidence_threshold = Some(0.5 + index as f64 * 0.04);
            job.labels = vec!["forklift".to_owned(), "pallet".to_owned()];
            job.dry_run = index % 4 == 3;
            job.total_items = 40;
            job.processed_items = processed;
            job.skipped_items = processed / 10;
            job.successful_items = processed - job.skipped_items;
            job.progress_pct = Some(processed as f64 * 2.5);
            job.error_message = (*status == Failed).then(|| "The model ran out of memory.".to_owned());
            job.summary = (*status == Completed).then(|| json!({ "annotations_created": 120 }).into());
            job.started_at = if *status == Pending { None } else { minutes(index * 700 + 1) };
            job.completed_at =
                if job.started_at.is_some() && *status != Running { minutes(index * 700 + 9) } else { None };
            job.created_at = minutes(index * 700);
            job.status = Some(status.clone());
            AutoLabelJobRow { job, project: project.clone() }
        });
    }
}
