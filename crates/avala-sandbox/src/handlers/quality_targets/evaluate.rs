//! Metrics of a project, computed from the data of the sandbox.

use avala_types::{
    AgentAction, AnnotationIssueStatus, EventType, ProjectUid, QualityMetric, QualityOperator, TaskStatus,
};
use axum::extract::{Path, State};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::response::Json;
use crate::schema::{AgentExecution, AnnotationIssue, QualityTarget, QualityTargetEvaluation};
use crate::state::clock;
use crate::state::tables::Tables;

/// Evaluates the active targets of a project, and sends an event to webhooks for each missed one.
pub(super) async fn evaluate(
    State(app): State<App>,
    Path(project): Path<ProjectUid>,
) -> ApiResult<Vec<QualityTargetEvaluation>> {
    let mut tables = app.tables();
    tables.projects.get(&project)?;
    let values = Values::measure(&mut tables, &project)?;

    let mut evaluations = Vec::new();
    let mut alerts = Vec::new();
    for row in tables.quality_targets.rows_mut().filter(|row| row.project == project) {
        if row.target.is_active == Some(false) {
            continue;
        }
        let evaluation = evaluate_one(&mut row.target, &values);
        if evaluation.is_breached && row.target.notify_webhook != Some(false) {
            alerts.push(row.target.clone());
        }
        evaluations.push(evaluation);
    }
    for target in alerts {
        app.announce(&mut tables, &EventType::QualityAlert, &target);
    }
    Ok(Json(evaluations))
}

fn evaluate_one(target: &mut QualityTarget, values: &Values) -> QualityTargetEvaluation {
    let value = values.of(&target.metric);
    target.last_value = Some(value);
    target.last_evaluated_at = clock::now();
    target.is_breached = !is_met(&target.operator, value, target.threshold);
    if target.is_breached {
        target.breach_count += 1;
        target.last_breached_at = target.last_evaluated_at;
    }
    let QualityTarget { uid, name, metric, threshold, operator, .. } = target.clone();
    let mut evaluation = QualityTargetEvaluation::new(uid, name, metric, threshold, operator, value);
    evaluation.is_breached = target.is_breached;
    evaluation.severity = target.severity.clone();
    evaluation
}

/// Returns whether a value meets a target. An operator that the sandbox does not know counts as met.
fn is_met(operator: &QualityOperator, value: f64, threshold: f64) -> bool {
    match operator {
        QualityOperator::Gt => value > threshold,
        QualityOperator::Gte => value >= threshold,
        QualityOperator::Lt => value < threshold,
        QualityOperator::Lte => value <= threshold,
        QualityOperator::Eq => (value - threshold).abs() < f64::EPSILON,
        _ => true,
    }
}

/// A value for each metric.
struct Values {
    issue_rate: f64,
    acceptance_rate: f64,
    rejection_rate: f64,
    mean_resolution_seconds: f64,
    critical_issues: f64,
    iou: f64,
    accuracy: f64,
}

impl Values {
    fn measure(tables: &mut Tables, project: &ProjectUid) -> Result<Self, ApiError> {
        let consensus = tables.consensus(project)?.summary();
        let is_of_project = |issue: &&AnnotationIssue| issue.project.as_ref().is_some_and(|of| of.uid == *project);
        let issues: Vec<_> = tables.annotation_issues.rows().map(|row| &row.issue).filter(is_of_project).collect();
        let tasks: Vec<_> = tables.tasks.rows().filter(|task| task.project.as_ref() == Some(project)).collect();
        let accepted = tasks.iter().filter(|task| task.status == Some(TaskStatus::Completed)).count();
        let uids: Vec<_> = tasks.iter().map(|task| &task.uid).collect();
        let is_rejected = |execution: &&AgentExecution| {
            execution.action == Some(AgentAction::Reject)
                && execution.task.as_ref().is_some_and(|task| uids.contains(&task))
        };
        let rejected = tables.agent_executions.rows().filter(is_rejected).count();
        let critical = issues.iter().filter(|issue| issue.severity.as_deref() == Some("critical"));
        let critical = critical.filter(|issue| issue.status == Some(AnnotationIssueStatus::Open));
        Ok(Self {
            issue_rate: share(issues.len(), tasks.len()),
            acceptance_rate: share(accepted, tasks.len()),
            rejection_rate: share(rejected, tasks.len()),
            mean_resolution_seconds: mean_resolution_seconds(&issues),
            critical_issues: critical.count() as f64,
            iou: consensus.mean_score,
            accuracy: share(consensus.items_with_consensus as usize, consensus.total_items as usize),
        })
    }

    fn of(&self, metric: &QualityMetric) -> f64 {
        match metric {
            QualityMetric::IssueRate => self.issue_rate,
            QualityMetric::AcceptanceRate => self.acceptance_rate,
            QualityMetric::RejectionRate => self.rejection_rate,
            QualityMetric::MeanResolutionTime => self.mean_resolution_seconds,
            QualityMetric::CriticalIssueCount => self.critical_issues,
            QualityMetric::Iou => self.iou,
            QualityMetric::Accuracy => self.accuracy,
            // There is no other metric: targets are validated when they are created.
            _ => 0.0,
        }
    }
}

fn share(part: usize, all: usize) -> f64 {
    if all == 0 { 0.0 } else { (part as f64 / all as f64 * 1e4).round() / 1e4 }
}

fn mean_resolution_seconds(issues: &[&AnnotationIssue]) -> f64 {
    let times = issues
        .iter()
        .filter_map(|issue| Some((issue.closed_at?.unix_seconds() - issue.created_at?.unix_seconds()) as f64));
    let times: Vec<f64> = times.collect();
    if times.is_empty() { 0.0 } else { times.iter().sum::<f64>() / times.len() as f64 }
}
