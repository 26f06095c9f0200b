//! The health of a dataset.

use avala_types::{DataType, DatasetStatus};
use axum::extract::{Path, State};

use super::path::ByName;
use crate::app::App;
use crate::error::ApiResult;
use crate::response::Json;
use crate::schema::{DatasetHealth, SequenceHealth};
use crate::state::dataset::SequenceRow;

pub(super) async fn get_health(State(app): State<App>, Path((owner, slug)): ByName) -> ApiResult<DatasetHealth> {
    let tables = app.tables();
    let row = tables.dataset(&owner, &slug)?;
    let dataset = &row.dataset;

    let data_type = dataset.data_type.clone().unwrap_or(DataType::Image);
    let mut health = DatasetHealth::new(&dataset.uid, &dataset.slug, data_type);
    health.dataset_status = dataset.status.clone();
    health.is_sequence = dataset.is_sequence.unwrap_or_default();
    health.item_count = dataset.item_count;
    health.sequence_count = row.sequences.len() as u64;
    health.sequences = row.sequences.rows().map(sequence_health).collect();
    health.total_frames = health.sequences.iter().map(|sequence| sequence.frame_count).sum();
    health.s3_prefix = Some(format!("s3://avala-sandbox/{owner}/{slug}/"));
    health.last_updated_at = dataset.updated_at;
    if dataset.status != Some(DatasetStatus::Created) {
        health.issues.push("The files of the dataset are still being read.".to_owned());
    }
    for sequence in health.sequences.iter().filter(|sequence| sequence.frame_count == 0) {
        health.issues.push(format!("Sequence {} has no frames.", sequence.uid));
    }
    health.ingest_ok = health.issues.is_empty();
    Ok(Json(health))
}

fn sequence_health(row: &SequenceRow) -> SequenceHealth {
    let sequence = &row.sequence;
    let mut health = SequenceHealth::new(&sequence.uid);
    health.key = sequence.key.clone();
    health.status = sequence.status.clone();
    health.frame_count = sequence.number_of_frames.unwrap_or_default();
    health.has_lidar_calibration = sequence.lidar_calibration_enabled.unwrap_or_default();
    health.has_camera_calibration = sequence.camera_calibration_enabled.unwrap_or_default();
    health
}
