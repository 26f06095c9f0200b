//! Writes resources of a project.

use avala_client::Avala;
use avala_client::types::{
    AutoLabelModelType, CreateAutoLabelJob, CreateExport, CreateQualityTarget, ProjectUid, QualityMetric,
    QualityOperator, QualitySeverity, UpdateConsensusConfig,
};
use serde_json::json;

use super::first;
use crate::Failure;
use crate::record::Record;

/// Returns an export. The other client's model has none of its set fields, so the export is compared by its creation
/// time.
pub(super) async fn export(avala: &Avala) -> Result<Record, Failure> {
    let made = avala.exports().create(&CreateExport::project(project(avala).await?)).await?;
    Record::new("export", [made.uid.as_str()], &json!({ "created_at": made.created_at }))
}

pub(super) async fn quality_target(avala: &Avala) -> Result<Record, Failure> {
    let project = project(avala).await?;
    let target = CreateQualityTarget::new("From Rust", QualityMetric::IssueRate, 0.05)
        .operator(QualityOperator::Lte)
        .severity(QualitySeverity::Critical)
        .notify_webhook(true)
        .notify_emails(["quality@rust.example"]);
    let made = avala.quality_targets().create(&project, &target).await?;
    Record::new("quality_target", [project.as_str(), made.uid.as_str()], &target)
}

pub(super) async fn consensus_config(avala: &Avala) -> Result<Record, Failure> {
    let project = project(avala).await?;
    let changes = UpdateConsensusConfig::default().iou_threshold(0.65).min_agreement_ratio(0.55).min_annotations(4);
    avala.consensus().update_config(&project, &changes).await?;
    Record::new("consensus_config", [project.as_str()], &changes)
}

pub(super) async fn auto_label_job(avala: &Avala) -> Result<Record, Failure> {
    let job = CreateAutoLabelJob::default()
        .model_type(AutoLabelModelType::Yolo)
        .confidence_threshold(0.7)
        .labels(["pallet", "rack"])
        .dry_run(true);
    let made = avala.auto_label_jobs().create(project(avala).await?, &job).await?;
    Record::new("auto_label_job", [made.uid.as_str()], &job)
}

/// Returns a project of the demo data.
async fn project(avala: &Avala) -> Result<ProjectUid, Failure> {
    Ok(first(avala.projects().list().items()).await?.uid)
}
