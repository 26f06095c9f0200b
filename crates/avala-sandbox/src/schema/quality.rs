//! Annotation issues, consensus and quality targets.

use avala_types::{
    AnnotationIssueStatus, ConsensusConfigUid, ConsensusScoreType, ConsensusScoreUid, DataType, IssueProblemUid,
    IssueToolUid, IssueUid, ItemUid, Json, ObjectUid, OwnerName, ProjectUid, QualityMetric, QualityOperator,
    QualitySeverity, QualityTargetUid, SequenceUid, Timestamp,
};

use super::record;

record! {
    /// Model `AnnotationIssue`.
    pub(crate) struct AnnotationIssue {
        required {
            uid: IssueUid,
        }
        optional {
            dataset_item_uid: Option<ItemUid>,
            sequence_uid: Option<SequenceUid>,
            project: Option<AnnotationIssueProject>,
            reporter: Option<AnnotationIssueReporter>,
            priority: Option<String>,
            severity: Option<String>,
            description: Option<String>,
            status: Option<AnnotationIssueStatus>,
            tool: Option<AnnotationIssueTool>,
            problem: Option<AnnotationIssueProblem>,
            wrong_class: Option<String>,
            correct_class: Option<String>,
            should_re_annotate: Option<bool>,
            should_delete: Option<bool>,
            frames_affected: Option<String>,
            coordinates: Option<Json>,
            query_params: Option<Json>,
            created_at: Option<Timestamp>,
            closed_at: Option<Timestamp>,
            object_uid: Option<ObjectUid>,
        }
    }
}

record! {
    /// Model `AnnotationIssueMetrics`.
    pub(crate) struct AnnotationIssueMetrics {
        required {}
        optional {
            status_count: Option<Json>,
            priority_count: Option<Json>,
            severity_count: Option<Json>,
            mean_seconds_close_time_all: Option<u64>,
            mean_seconds_close_time_customer: Option<u64>,
            mean_unresolved_issue_age_all: Option<u64>,
            mean_unresolved_issue_age_customer: Option<u64>,
            object_count_by_annotation_issue_problem_uid: Option<Json>,
        }
    }
}

record! {
    /// Model `AnnotationIssueProblem`.
    pub(crate) struct AnnotationIssueProblem {
        required {
            uid: IssueProblemUid,
            title: String,
        }
        optional {}
    }
}

record! {
    /// Model `AnnotationIssueProject`.
    pub(crate) struct AnnotationIssueProject {
        required {
            uid: ProjectUid,
            name: String,
        }
        optional {}
    }
}

record! {
    /// Model `AnnotationIssueReporter`.
    pub(crate) struct AnnotationIssueReporter {
        required {}
        optional {
            username: Option<OwnerName>,
            picture: Option<String>,
            full_name: Option<String>,
            reporter_type as "type": Option<String>,
            is_staff: Option<bool>,
        }
    }
}

record! {
    /// Model `AnnotationIssueTool`.
    pub(crate) struct AnnotationIssueTool {
        required {
            uid: IssueToolUid,
            name: String,
        }
        optional {
            is_default as "default": Option<bool>,
        }
    }
}

record! {
    /// Model `AnnotationIssueToolDetail`.
    pub(crate) struct AnnotationIssueToolDetail {
        required {
            uid: IssueToolUid,
            name: String,
        }
        optional {
            dataset_type: Option<DataType>,
            is_default as "default": Option<bool>,
            problems: Vec<AnnotationIssueProblem>,
        }
    }
}

record! {
    /// Model `ConsensusComputeResult`.
    pub(crate) struct ConsensusComputeResult {
        required {}
        optional {
            status: Option<String>,
            message: Option<String>,
        }
    }
}

record! {
    /// Model `ConsensusConfig`.
    pub(crate) struct ConsensusConfig {
        required {
            uid: ConsensusConfigUid,
        }
        optional {
            iou_threshold: Option<f64>,
            min_agreement_ratio: Option<f64>,
            min_annotations: Option<u64>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `ConsensusScore`.
    pub(crate) struct ConsensusScore {
        required {
            uid: ConsensusScoreUid,
            dataset_item_uid: ItemUid,
            task_name: String,
            score: f64,
            annotator_count: u64,
        }
        optional {
            score_type: Option<ConsensusScoreType>,
            details: Option<Json>,
            created_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `ConsensusSummary`.
    pub(crate) struct ConsensusSummary {
        required {
            mean_score: f64,
            median_score: f64,
            min_score: f64,
            max_score: f64,
            total_items: u64,
            items_with_consensus: u64,
        }
        optional {
            score_distribution: Option<Json>,
            by_task_name: Option<Json>,
        }
    }
}

record! {
    /// Model `QualityTarget`.
    pub(crate) struct QualityTarget {
        required {
            uid: QualityTargetUid,
            name: String,
            metric: QualityMetric,
            operator: QualityOperator,
            threshold: f64,
        }
        optional {
            severity: Option<QualitySeverity>,
            is_active: Option<bool>,
            notify_webhook: Option<bool>,
            notify_emails: Vec<String>,
            last_evaluated_at: Option<Timestamp>,
            last_value: Option<f64>,
            is_breached: bool,
            breach_count: u64,
            last_breached_at: Option<Timestamp>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `QualityTargetEvaluation`.
    pub(crate) struct QualityTargetEvaluation {
        required {
            uid: QualityTargetUid,
            name: String,
            metric: QualityMetric,
            threshold: f64,
            operator: QualityOperator,
            current_value: f64,
        }
        optional {
            is_breached: bool,
            severity: Option<QualitySeverity>,
        }
    }
}
