//! Values of enumerated fields that the API accepts, as its documentation lists them.
//!
//! Declared here and not taken from `avala-types`, so that a value that is missing there is not refused here too.

pub(crate) const AGENT_ACTION: &[&str] = &["approve", "reject", "flag", "skip"];
pub(crate) const ALERT_CHANNEL_TYPE: &[&str] = &["email", "webhook", "slack"];
pub(crate) const ANNOTATION_ISSUE_STATUS: &[&str] = &[
    "open",
    "resolved",
    "closed",
    "relabeling",
    "in_review",
    "completed",
    "cant_reproduce",
    "awaiting_feedback",
    "no_action_taken",
];
pub(crate) const AUTO_LABEL_MODEL_TYPE: &[&str] = &["sam3", "yolo"];
pub(crate) const DATA_TYPE: &[&str] = &["image", "video", "lidar", "mcap", "splat", "image_3d", "pointcloud"];
pub(crate) const DEVICE_STATUS: &[&str] = &["online", "offline", "error", "maintenance"];
pub(crate) const DEVICE_TYPE: &[&str] = &["sensor", "camera", "lidar"];
pub(crate) const EVENT_TYPE: &[&str] = &[
    "dataset.created",
    "dataset.updated",
    "dataset.deleted",
    "export.completed",
    "export.failed",
    "task.completed",
    "result.submitted",
    "result.accepted",
    "result.rejected",
    "quality.alert",
];
pub(crate) const EXPORT_FORMAT: &[&str] = &["avala-json-external", "YOLO"];
pub(crate) const FLEET_EVENT_TYPE: &[&str] = &["error", "warning", "info", "state_change", "anomaly", "custom"];
pub(crate) const FLEET_SEVERITY: &[&str] = &["info", "low", "medium", "high", "warning", "critical"];
pub(crate) const INFERENCE_PROVIDER_TYPE: &[&str] = &["sagemaker", "http", "openai", "anthropic", "custom"];
pub(crate) const QUALITY_METRIC: &[&str] = &[
    "issue_rate",
    "acceptance_rate",
    "rejection_rate",
    "mean_resolution_time",
    "critical_issue_count",
    "iou",
    "accuracy",
];
pub(crate) const QUALITY_OPERATOR: &[&str] = &["gt", "gte", "lt", "lte", "eq"];
pub(crate) const QUALITY_SEVERITY: &[&str] = &["warning", "critical", "low", "medium", "high"];
pub(crate) const RECORDING_STATUS: &[&str] =
    &["uploading", "recording", "processing", "ready", "completed", "error", "archived"];
pub(crate) const S3_AUTH_METHOD: &[&str] = &["access_key", "iam_role"];
pub(crate) const STORAGE_PROVIDER: &[&str] = &["aws_s3", "gc_storage", "google_cloud_storage"];
pub(crate) const TEAM_ROLE: &[&str] = &["lead", "member"];
pub(crate) const VISIBILITY: &[&str] = &["private", "unlisted", "public"];
