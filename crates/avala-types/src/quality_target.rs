//! Quality targets: how good the work in a project has to be.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{QualityTargetUid, Timestamp};

open_enum! {
    /// What is measured.
    pub enum QualityMetric {
        /// The share of annotations with issues.
        IssueRate = "issue_rate",
        /// The share of results that were accepted.
        AcceptanceRate = "acceptance_rate",
        /// The share of results that were rejected.
        RejectionRate = "rejection_rate",
        /// How long it takes to resolve an issue, on average.
        MeanResolutionTime = "mean_resolution_time",
        /// How many critical issues there are.
        CriticalIssueCount = "critical_issue_count",
        /// The overlap of shapes.
        Iou = "iou",
        /// The share of annotations that are right.
        Accuracy = "accuracy",
    }

    /// How a value is compared with a threshold.
    pub enum QualityOperator {
        /// It has to be greater.
        Gt = "gt",
        /// It has to be greater or equal.
        Gte = "gte",
        /// It has to be less.
        Lt = "lt",
        /// It has to be less or equal.
        Lte = "lte",
        /// It has to be equal.
        Eq = "eq",
    }

    /// How much it matters that a target is missed.
    pub enum QualitySeverity {
        /// It may become a problem.
        Warning = "warning",
        /// It cannot wait.
        Critical = "critical",
        /// A little.
        Low = "low",
        /// Somewhat.
        Medium = "medium",
        /// Much.
        High = "high",
    }
}

impl QualityOperator {
    /// Whether a value compares with a threshold as it has to; `None` when this version does not know the operator.
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
    /// How good the work in a project has to be, and whether it is.
    pub struct QualityTarget {
        required {
            /// Its identity.
            uid: QualityTargetUid,
            /// Its name, as people read it.
            name: String,
            /// What is measured.
            metric: QualityMetric,
            /// How it is compared with the threshold.
            operator: QualityOperator,
            /// The threshold, in the unit of the metric.
            threshold: f64,
        }
        optional {
            /// How much it matters that it is missed.
            severity: Option<QualitySeverity>,
            /// Whether it is measured.
            is_active: Option<bool>,
            /// Whether webhooks are told when it is missed.
            notify_webhook: Option<bool>,
            /// Who gets mail when it is missed.
            notify_emails: Vec<String>,
            /// When it was last measured.
            last_evaluated_at: Option<Timestamp>,
            /// What was measured then, in the unit of the metric.
            last_value: Option<f64>,
            /// Whether it was missed then.
            is_breached: bool,
            /// How many times it was missed.
            breach_count: u64,
            /// When it was last missed.
            last_breached_at: Option<Timestamp>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

impl QualityTarget {
    /// Whether a value, in the unit of the metric, meets the target; `None` when this version does not know its
    /// operator.
    #[must_use]
    pub fn is_met_by(&self, value: f64) -> Option<bool> {
        self.operator.holds(value, self.threshold)
    }
}

model! {
    /// A quality target, measured now.
    pub struct QualityTargetEvaluation {
        required {
            /// The target.
            uid: QualityTargetUid,
            /// Its name, as people read it.
            name: String,
            /// What is measured.
            metric: QualityMetric,
            /// The threshold, in the unit of the metric.
            threshold: f64,
            /// How the value is compared with the threshold.
            operator: QualityOperator,
            /// What was measured, in the unit of the metric.
            current_value: f64,
        }
        optional {
            /// Whether the target is missed.
            is_breached: bool,
            /// How much it matters that it is missed.
            severity: Option<QualitySeverity>,
        }
    }
}

payload! {
    /// A new quality target (`POST /projects/{project_uid}/quality-targets/`).
    pub struct CreateQualityTarget {
        required {
            /// Its name, as people read it.
            name: String,
            /// What is measured.
            metric: QualityMetric,
            /// The threshold, in the unit of the metric.
            threshold: f64,
        }
        optional {
            /// How the value is compared with the threshold.
            operator: QualityOperator,
            /// How much it matters that it is missed.
            severity: QualitySeverity,
            /// Whether it is measured.
            is_active: bool,
            /// Whether webhooks are told when it is missed.
            notify_webhook: bool,
        }
        lists {
            /// Who gets mail when it is missed.
            notify_emails: String,
        }
    }
}

payload! {
    /// What changes in a quality target (`PATCH /projects/{project_uid}/quality-targets/{uid}/`).
    pub struct UpdateQualityTarget {
        required {}
        optional {
            /// Its name, as people read it.
            name: String,
            /// What is measured.
            metric: QualityMetric,
            /// The threshold, in the unit of the metric.
            threshold: f64,
            /// How the value is compared with the threshold.
            operator: QualityOperator,
            /// Whether it is measured.
            is_active: bool,
            /// Whether webhooks are told when it is missed.
            notify_webhook: bool,
        }
        lists {
            /// Who gets mail when it is missed.
            notify_emails: String,
        }
        patch {
            /// How much it matters that it is missed.
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
