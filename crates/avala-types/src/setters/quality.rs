//! Setters of the models of reviews and measurements.

use super::setters;
use crate::annotation_issue::{
    AnnotationIssue, AnnotationIssueMetrics, AnnotationIssueProblem, AnnotationIssueProject, AnnotationIssueReporter,
    AnnotationIssueStatus, AnnotationIssueTool, AnnotationIssueToolDetail,
};
use crate::auto_label_job::{AutoLabelJob, AutoLabelJobStatus, AutoLabelModelType};
use crate::consensus::{ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusScoreType, ConsensusSummary};
use crate::dataset::DataType;
use crate::id::{
    AutoLabelJobUid, ConsensusConfigUid, ConsensusScoreUid, IssueProblemUid, IssueToolUid, IssueUid, ItemUid,
    ObjectUid, OwnerName, ProjectUid, QualityTargetUid, SequenceUid,
};
use crate::json::Json;
use crate::quality_target::{QualityMetric, QualityOperator, QualitySeverity, QualityTarget, QualityTargetEvaluation};
use crate::timestamp::Timestamp;

setters! {
    AnnotationIssue {
        with_uid uid: IssueUid,
        with_dataset_item_uid dataset_item_uid: Option<ItemUid>,
        with_sequence_uid sequence_uid: Option<SequenceUid>,
        with_project project: Option<AnnotationIssueProject>,
        with_reporter reporter: Option<AnnotationIssueReporter>,
        with_priority priority: Option<String>,
        with_severity severity: Option<String>,
        with_description description: Option<String>,
        with_status status: Option<AnnotationIssueStatus>,
        with_tool tool: Option<AnnotationIssueTool>,
        with_problem problem: Option<AnnotationIssueProblem>,
        with_wrong_class wrong_class: Option<String>,
        with_correct_class correct_class: Option<String>,
        with_should_re_annotate should_re_annotate: Option<bool>,
        with_should_delete should_delete: Option<bool>,
        with_frames_affected frames_affected: Option<String>,
        with_coordinates coordinates: Option<Json>,
        with_query_params query_params: Option<Json>,
        with_created_at created_at: Option<Timestamp>,
        with_closed_at closed_at: Option<Timestamp>,
        with_object_uid object_uid: Option<ObjectUid>,
    }

    AnnotationIssueProject {
        with_uid uid: ProjectUid,
        with_name name: String,
    }

    AnnotationIssueReporter {
        with_username username: Option<OwnerName>,
        with_picture picture: Option<String>,
        with_full_name full_name: Option<String>,
        with_reporter_type reporter_type as "type": Option<String>,
        with_is_staff is_staff: Option<bool>,
    }

    AnnotationIssueTool {
        with_uid uid: IssueToolUid,
        with_name name: String,
        with_is_default is_default as "default": Option<bool>,
    }

    AnnotationIssueProblem {
        with_uid uid: IssueProblemUid,
        with_title title: String,
    }

    AnnotationIssueToolDetail {
        with_uid uid: IssueToolUid,
        with_name name: String,
        with_dataset_type dataset_type: Option<DataType>,
        with_is_default is_default as "default": Option<bool>,
        with_problems problems: Vec<AnnotationIssueProblem>,
    }

    AnnotationIssueMetrics {
        with_status_count status_count: Option<Json>,
        with_priority_count priority_count: Option<Json>,
        with_severity_count severity_count: Option<Json>,
        with_mean_seconds_close_time_all mean_seconds_close_time_all: Option<u64>,
        with_mean_seconds_close_time_customer mean_seconds_close_time_customer: Option<u64>,
        with_mean_unresolved_issue_age_all mean_unresolved_issue_age_all: Option<u64>,
        with_mean_unresolved_issue_age_customer mean_unresolved_issue_age_customer: Option<u64>,
        with_object_count_by_annotation_issue_problem_uid object_count_by_annotation_issue_problem_uid: Option<Json>,
    }

    AutoLabelJob {
        with_uid uid: AutoLabelJobUid,
        with_status status: Option<AutoLabelJobStatus>,
        with_model_type model_type: Option<AutoLabelModelType>,
        with_confidence_threshold confidence_threshold: Option<f64>,
        with_labels labels: Vec<String>,
        with_dry_run dry_run: Option<bool>,
        with_total_items total_items: Option<u64>,
        with_processed_items processed_items: Option<u64>,
        with_successful_items successful_items: Option<u64>,
        with_failed_items failed_items: Option<u64>,
        with_skipped_items skipped_items: Option<u64>,
        with_progress_pct progress_pct: Option<f64>,
        with_error_message error_message: Option<String>,
        with_summary summary: Option<Json>,
        with_started_at started_at: Option<Timestamp>,
        with_completed_at completed_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
    }

    ConsensusSummary {
        with_mean_score mean_score: f64,
        with_median_score median_score: f64,
        with_min_score min_score: f64,
        with_max_score max_score: f64,
        with_total_items total_items: u64,
        with_items_with_consensus items_with_consensus: u64,
        with_score_distribution score_distribution: Option<Json>,
        with_by_task_name by_task_name: Option<Json>,
    }

    ConsensusScore {
        with_uid uid: ConsensusScoreUid,
        with_dataset_item_uid dataset_item_uid: ItemUid,
        with_task_name task_name: String,
        with_score score: f64,
        with_annotator_count annotator_count: u64,
        with_score_type score_type: Option<ConsensusScoreType>,
        with_details details: Option<Json>,
        with_created_at created_at: Option<Timestamp>,
    }

    ConsensusConfig {
        with_uid uid: ConsensusConfigUid,
        with_iou_threshold iou_threshold: Option<f64>,
        with_min_agreement_ratio min_agreement_ratio: Option<f64>,
        with_min_annotations min_annotations: Option<u64>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    ConsensusComputeResult {
        with_status status: Option<String>,
        with_message message: Option<String>,
    }

    QualityTarget {
        with_uid uid: QualityTargetUid,
        with_name name: String,
        with_metric metric: QualityMetric,
        with_operator operator: QualityOperator,
        with_threshold threshold: f64,
        with_severity severity: Option<QualitySeverity>,
        with_is_active is_active: Option<bool>,
        with_notify_webhook notify_webhook: Option<bool>,
        with_notify_emails notify_emails: Vec<String>,
        with_last_evaluated_at last_evaluated_at: Option<Timestamp>,
        with_last_value last_value: Option<f64>,
        with_is_breached is_breached: Option<bool>,
        with_breach_count breach_count: Option<u64>,
        with_last_breached_at last_breached_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    QualityTargetEvaluation {
        with_uid uid: QualityTargetUid,
        with_name name: String,
        with_metric metric: QualityMetric,
        with_threshold threshold: f64,
        with_operator operator: QualityOperator,
        with_current_value current_value: f64,
        with_is_breached is_breached: bool,
        with_severity severity: Option<QualitySeverity>,
    }
}
