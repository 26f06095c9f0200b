//! Settings of a project: quality, consensus and auto-labelling.

use avala_types::*;

use super::sample::{CLEARED, LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    let target = CreateQualityTarget::new("Annahmequote", QualityMetric::AcceptanceRate, 0.97);
    let full = target
        .clone()
        .operator(QualityOperator::Gte)
        .severity(QualitySeverity::Critical)
        .is_active(true)
        .notify_webhook(false)
        .notify_emails(["qs@nordlicht-robotik.de"]);
    let update = UpdateQualityTarget::default()
        .name("Annahmequote Nacht")
        .metric("label_entropy")
        .threshold(0.985)
        .operator(QualityOperator::Gt)
        .is_active(false)
        .notify_webhook(true)
        .notify_emails(Vec::<String>::new())
        .severity(QualitySeverity::Low);
    let cleared = UpdateQualityTarget::default().severity(Patch::Null);
    let consensus = UpdateConsensusConfig::default();
    let job = CreateAutoLabelJob::default();
    let full_job = job
        .clone()
        .model_type(AutoLabelModelType::Sam3)
        .confidence_threshold(0.65)
        .dry_run(true)
        .labels(["pallet", "Gitterbox"]);
    vec![
        body("quality_targets.create", [(LEAST, target), (MOST, full)]),
        body("quality_targets.update", [(LEAST, UpdateQualityTarget::default()), (MOST, update), (CLEARED, cleared)]),
        body(
            "consensus.update_config",
            [
                (LEAST, consensus.clone()),
                (MOST, consensus.iou_threshold(0.55).min_agreement_ratio(0.6667).min_annotations(3)),
            ],
        ),
        body("auto_label_jobs.create", [(LEAST, job), (MOST, full_job)]),
    ]
}
