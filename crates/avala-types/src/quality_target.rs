//! Quality targets: the required quality of the work in a project.

use crate::id::QualityTargetUid;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Metric.
    pub enum QualityMetric {
        /// Share of annotations with issues.
        IssueRate = "issue_rate",
        /// Share of accepted results.
        AcceptanceRate = "acceptance_rate",
        /// Share of rejected results.
        RejectionRate = "rejection_rate",
        /// Mean time to resolve an issue.
        MeanResolutionTime = "mean_resolution_time",
        /// Number of critical issues.
        CriticalIssueCount = "critical_issue_count",
        /// Intersection over union (IoU).
        Iou = "iou",
        /// Share of correct annotations.
        Accuracy = "accuracy",
    }

    /// Comparison operator of a value and a threshold.
    pub enum QualityOperator {
        /// Greater than the threshold.
        Gt = "gt",
        /// Greater than or equal to the threshold.
        Gte = "gte",
        /// Less than the threshold.
        Lt = "lt",
        /// Less than or equal to the threshold.
        Lte = "lte",
        /// Equal to the threshold.
        Eq = "eq",
    }

    /// Severity of a missed target.
    pub enum QualitySeverity {
        /// Warning.
        Warning = "warning",
        /// Critical.
        Critical = "critical",
        /// Low.
        Low = "low",
        /// Medium.
        Medium = "medium",
        /// High.
        High = "high",
    }
}

impl QualityOperator {
    /// Compares a value with a threshold; `None` if this version does not know the operator.
    #[must_use]
    pub fn holds(&self, value: f64, threshold: f64) -> Option<bool> {
        match self {
            Self::Gt => Some(value > threshold),
            Self::Gte => Some(value >= threshold),
            Self::Lt => Some(value < threshold),
            Self::Lte => Some(value <= threshold),
            Self::Eq => Some(value == threshold),
            Self::Other(_) => None,
        }
    }
}

model! {
    /// A quality target of a project, with its last evaluation.
    pub struct QualityTarget {
        required {
            /// Unique identifier (UID).
            uid: QualityTargetUid,
            /// Display name.
            name: String,
            /// Metric.
            metric: QualityMetric,
            /// Comparison operator.
            operator: QualityOperator,
            /// Threshold, in the unit of the metric.
            threshold: f64,
        }
        optional {
            /// Severity of a missed target.
            severity: Option<QualitySeverity>,
            /// Whether the target is active.
            is_active: Option<bool>,
            /// Whether webhooks are notified when the target is missed.
            notify_webhook: Option<bool>,
            /// Email addresses notified when the target is missed.
            notify_emails: Vec<String>,
            /// Time of the last evaluation.
            last_evaluated_at: Option<Timestamp>,
            /// Value of the last evaluation, in the unit of the metric.
            last_value: Option<f64>,
            /// Whether the target was missed at the last evaluation.
            is_breached: Option<bool>,
            /// Number of times the target was missed.
            breach_count: Option<u64>,
            /// Time when the target was last missed.
            last_breached_at: Option<Timestamp>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

impl QualityTarget {
    /// Returns whether a value, in the unit of the metric, meets the target; `None` if this version does not know the
    /// operator.
    #[must_use]
    pub fn is_met_by(&self, value: f64) -> Option<bool> {
        self.operator.holds(value, self.threshold)
    }
}

model! {
    /// Evaluation of a quality target.
    pub struct QualityTargetEvaluation {
        required {
            /// Quality target.
            uid: QualityTargetUid,
            /// Display name.
            name: String,
            /// Metric.
            metric: QualityMetric,
            /// Threshold, in the unit of the metric.
            threshold: f64,
            /// Comparison operator of value and threshold.
            operator: QualityOperator,
            /// Measured value, in the unit of the metric.
            current_value: f64,
        }
        optional {
            /// Whether the target is missed.
            is_breached: bool,
            /// Severity of a missed target.
            severity: Option<QualitySeverity>,
        }
    }
}

payload! {
    /// Payload that creates a quality target (`POST /projects/{project_uid}/quality-targets/`).
    pub struct CreateQualityTarget {
        required {
            /// Display name.
            name: String,
            /// Metric.
            metric: QualityMetric,
            /// Threshold, in the unit of the metric.
            threshold: f64,
        }
        optional {
            /// Comparison operator of value and threshold.
            operator: QualityOperator,
            /// Severity of a missed target.
            severity: QualitySeverity,
            /// Whether the target is active.
            is_active: bool,
            /// Whether webhooks are notified when the target is missed.
            notify_webhook: bool,
        }
        lists {
            /// Email addresses notified when the target is missed.
            notify_emails: String,
        }
    }
}

payload! {
    /// Update of a quality target (`PATCH /projects/{project_uid}/quality-targets/{uid}/`).
    pub struct UpdateQualityTarget {
        required {}
        optional {
            /// Display name.
            name: String,
            /// Metric.
            metric: QualityMetric,
            /// Threshold, in the unit of the metric.
            threshold: f64,
            /// Comparison operator of value and threshold.
            operator: QualityOperator,
            /// Whether the target is active.
            is_active: bool,
            /// Whether webhooks are notified when the target is missed.
            notify_webhook: bool,
        }
        lists {
            /// Email addresses notified when the target is missed.
            notify_emails: String,
        }
        patch {
            /// Severity of a missed target.
            severity: QualitySeverity,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_compares_below_at_and_above_the_threshold() {
        for (operator, expected) in [
            ("gt", [false, false, true]),
            ("gte", [false, true, true]),
            ("lt", [true, false, false]),
            ("lte", [true, true, false]),
            ("eq", [false, true, false]),
        ] {
            let target = QualityTarget::new("q1", "n", QualityMetric::Accuracy, operator, 0.9);
            assert_eq!([0.8, 0.9, 1.0].map(|value| target.is_met_by(value)), expected.map(Some), "{operator}");
        }
        assert_eq!(QualityOperator::from("between").holds(1.0, 1.0), None);
    }
}
