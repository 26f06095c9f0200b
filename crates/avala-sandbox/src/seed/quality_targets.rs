//! Quality targets: some of each project are met, and some are not.

use avala_types::{QualityMetric, QualityOperator, QualitySeverity};

use super::values::minutes;
use crate::schema::QualityTarget;
use crate::state::quality_target::QualityTargetRow;
use crate::state::tables::Tables;

pub(super) fn add(tables: &mut Tables) {
    use QualityMetric::{AcceptanceRate, CriticalIssueCount, Iou, IssueRate};
    use QualityOperator::{Gte, Lte};
    use QualitySeverity::{Critical, Warning};
    let targets = [
        ("Results accepted", AcceptanceRate, Gte, 0.9, Critical),
        ("Boxes overlap", Iou, Gte, 0.6, Warning),
        ("Few issues", IssueRate, Lte, 0.7, Warning),
        ("No critical issues", CriticalIssueCount, Lte, 0.0, Critical),
    ];
    let projects: Vec<_> = tables.projects.rows().take(3).map(|project| project.uid.clone()).collect();
    for (turn, project) in projects.into_iter().enumerate() {
        for (index, (name, metric, operator, threshold, severity)) in targets.clone().into_iter().enumerate() {
            tables.quality_targets.add(|uid| {
                let mut target = QualityTarget::new(uid, name, metric, operator, threshold);
                target.severity = Some(severity);
                target.is_active = Some(true);
                target.notify_webhook = Some(true);
                target.notify_emails = vec!["quality@acme.example".to_owned()];
                target.created_at = minutes(turn * 100 + index);
                target.updated_at = minutes(turn * 100 + index);
                QualityTargetRow { target, project: project.clone() }
            });
        }
    }
}
