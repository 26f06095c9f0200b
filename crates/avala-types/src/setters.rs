//! Setters of models: `with_name` sets the field `name`, in an expression.
//!
//! A list, because macros cannot make a name of two. A unit test compares it with the models.

use std::collections::BTreeMap;

use crate::account::{SignupResponse, SignupUser};
use crate::agent::{Agent, AgentAction, AgentExecution, ExecutionStatus};
use crate::annotation_issue::{
    AnnotationIssue, AnnotationIssueMetrics, AnnotationIssueProblem, AnnotationIssueProject, AnnotationIssueReporter,
    AnnotationIssueStatus, AnnotationIssueTool, AnnotationIssueToolDetail,
};
use crate::auto_label_job::{AutoLabelJob, AutoLabelJobStatus, AutoLabelModelType};
use crate::connection_test::{AgentTest, AlertChannelTest, InferenceProviderTest, StorageConfigTest, WebhookTest};
use crate::consensus::{ConsensusComputeResult, ConsensusConfig, ConsensusScore, ConsensusScoreType, ConsensusSummary};
use crate::dataset::{
    AutonomyLevel, CameraCalibration, DataType, Dataset, DatasetCalibration, DatasetFrame, DatasetHealth, DatasetItem,
    DatasetSequence, DatasetStatus, EvaluationMembership, FrameImage, OutcomeLabel, OutcomeSource, SequenceHealth,
    SequenceOutcome,
};
use crate::export::{CreateExport, Export, ExportFormat, ExportStatus};
use crate::fleet::{
    AlertChannelType, AlertStatus, CreatedFleetEvents, DeviceStatus, DeviceType, FinalizationCode, FinalizationStage,
    FinalizationState, FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetEventType, FleetRecording,
    FleetRule, FleetSeverity, GenerationState, ManagedFinalization, ManagedFinalizeResponse, ManagedFleetUploadStatus,
    ManagedGeneration, ManagedMultipart, ManagedOriginal, ManagedPart, ManagedPartGrant, ManagedPartGrants,
    ManagedProgress, ManagedUploadProtocol, RecordingStatus, UploadConfirmResponse, UploadFinalizeResponse,
    UploadProgress, UploadSession, UploadSessionStatus, UploadStatusResponse, UploadUrlEntry, UploadUrlsResponse,
};
use crate::geometry::{Quat, Vec3};
use crate::id::{
    AgentUid, AlertChannelUid, AlertUid, AutoLabelJobUid, ConsensusConfigUid, ConsensusScoreUid, DatasetSlug,
    DatasetUid, DeviceUid, EventUid, ExecutionUid, ExportUid, FinalizationUid, GenerationUid, GrantUid,
    InferenceProviderUid, InvitationUid, IssueProblemUid, IssueToolUid, IssueUid, ItemUid, ModelUid, ObjectUid,
    OrganizationSlug, OrganizationUid, OriginalUid, OwnerName, ProjectUid, PublicObjectUid, PublicationUid,
    QualityTargetUid, RecordingUid, ResultUid, RevisionUid, RuleUid, SequenceOutcomeUid, SequenceUid, SliceSlug,
    SliceUid, StorageConfigUid, TaskUid, TeamSlug, TeamUid, UploadSessionUid, UploadUid, UserUid, WebhookDeliveryUid,
    WebhookUid,
};
use crate::inference_provider::{InferenceProvider, InferenceProviderType, ProjectRef};
use crate::json::Json;
use crate::manual_upload::{
    AllowedMimes, FormUpload, ManualUploadSession, SignedPart, SignedParts, UploadMethod, UploadQuota, UploadedPart,
};
use crate::ml_model::Model;
use crate::organization::{
    Invitation, InvitationStatus, Organization, OrganizationMember, OrganizationRole, Plan, Team, TeamMember, TeamRole,
};
use crate::project::{Project, ProjectStatus};
use crate::public_dataset::{
    PublicManifest, PublicObject, PublicObjectGrant, PublicObjectPage, PublicOrigin, PublicProvider, PublicRevision,
    PublicRights,
};
use crate::quality_target::{QualityMetric, QualityOperator, QualitySeverity, QualityTarget, QualityTargetEvaluation};
use crate::secret::{Secret, SecretJson};
use crate::setter::SetterArgument;
use crate::slice::{Slice, SliceItem};
use crate::storage_config::{S3AuthMethod, StorageConfig, StorageConfigSetupInfo, StorageProvider};
use crate::task::{Task, TaskStatus, TaskType};
use crate::timestamp::Timestamp;
use crate::user_permissions::UserPermissions;
use crate::visibility::Visibility;
use crate::webhook::{Webhook, WebhookDelivery, WebhookDeliveryStatus};
use crate::webhook_event::{EventType, WebhookEvent};

/// Declares the setters of models: `with_name name "wire name": type`.
macro_rules! setters {
    ($( $model:ident { $( $setter:ident $field:ident $(as $wire:literal)? : $ty:ty, )* } )*) => {$(
        impl $model {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                ///
                /// A value of an unexpected form that `extra` kept for the field is dropped.
                #[must_use]
                pub fn $setter<Kind>(mut self, value: impl SetterArgument<$ty, Kind>) -> Self {
                    self.$field = value.into_field();
                    self.extra.remove(crate::model::wire!($field $($wire)?));
                    self
                }
            )*

            /// Sets a field that this version does not know.
            #[must_use]
            pub fn with_extra(mut self, name: impl Into<String>, value: impl Into<crate::json::Json>) -> Self {
                self.extra.insert(name, value);
                self
            }
        }
    )*};
}

setters! {
    SignupResponse {
        with_user user: SignupUser,
        with_api_key api_key: Secret,
    }

    SignupUser {
        with_uid uid: UserUid,
        with_username username: OwnerName,
        with_email email: Option<String>,
        with_first_name first_name: Option<String>,
        with_last_name last_name: Option<String>,
        with_in_waitlist in_waitlist: Option<bool>,
    }

    Agent {
        with_uid uid: AgentUid,
        with_name name: String,
        with_description description: Option<String>,
        with_events events: Vec<EventType>,
        with_callback_url callback_url: Option<String>,
        with_is_active is_active: Option<bool>,
        with_project project: Option<ProjectUid>,
        with_task_types task_types: Vec<TaskType>,
        with_secret secret: Option<Secret>,
        with_execution_stats execution_stats: Option<BTreeMap<String, u64>>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    AgentExecution {
        with_uid uid: ExecutionUid,
        with_registration registration: Option<AgentUid>,
        with_event_type event_type: EventType,
        with_task task: Option<TaskUid>,
        with_result result: Option<ResultUid>,
        with_status status: Option<ExecutionStatus>,
        with_action action: Option<AgentAction>,
        with_event_payload event_payload: Option<Json>,
        with_response_payload response_payload: Option<Json>,
        with_error_message error_message: Option<String>,
        with_started_at started_at: Option<Timestamp>,
        with_completed_at completed_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

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
        with_dry_run dry_run: bool,
        with_total_items total_items: u64,
        with_processed_items processed_items: u64,
        with_successful_items successful_items: u64,
        with_failed_items failed_items: u64,
        with_skipped_items skipped_items: u64,
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

    DatasetCalibration {
        with_sequence_uid sequence_uid: SequenceUid,
        with_cameras cameras: Vec<CameraCalibration>,
        with_dataset_level_camera_calibration dataset_level_camera_calibration: Option<Json>,
    }

    CameraCalibration {
        with_camera_id camera_id: Option<String>,
        with_position position: Option<Vec3>,
        with_heading heading: Option<Quat>,
        with_width width: Option<u32>,
        with_height height: Option<u32>,
        with_fx fx: Option<f64>,
        with_fy fy: Option<f64>,
        with_cx cx: Option<f64>,
        with_cy cy: Option<f64>,
        with_model model: Option<String>,
        with_xi xi: Option<f64>,
        with_alpha alpha: Option<f64>,
    }

    DatasetFrame {
        with_frame_index frame_index: u64,
        with_key key: Option<String>,
        with_model model: Option<String>,
        with_camera_model camera_model: Option<String>,
        with_xi xi: Option<f64>,
        with_alpha alpha: Option<f64>,
        with_device_position device_position: Option<Vec3>,
        with_device_heading device_heading: Option<Quat>,
        with_images images: Vec<FrameImage>,
        with_raw raw: Option<Json>,
    }

    FrameImage {
        with_image_url image_url: Option<String>,
        with_position position: Option<Vec3>,
        with_heading heading: Option<Quat>,
        with_width width: Option<u32>,
        with_height height: Option<u32>,
        with_fx fx: Option<f64>,
        with_fy fy: Option<f64>,
        with_cx cx: Option<f64>,
        with_cy cy: Option<f64>,
        with_model model: Option<String>,
        with_camera_model camera_model: Option<String>,
        with_xi xi: Option<f64>,
        with_alpha alpha: Option<f64>,
    }

    DatasetHealth {
        with_dataset_uid dataset_uid: DatasetUid,
        with_dataset_slug dataset_slug: DatasetSlug,
        with_data_type data_type: Option<DataType>,
        with_dataset_status dataset_status: Option<DatasetStatus>,
        with_is_sequence is_sequence: Option<bool>,
        with_item_count item_count: u64,
        with_sequence_count sequence_count: u64,
        with_total_frames total_frames: u64,
        with_s3_prefix s3_prefix: Option<String>,
        with_gc_storage_prefix gc_storage_prefix: Option<String>,
        with_last_updated_at last_updated_at: Option<Timestamp>,
        with_sequences sequences: Vec<SequenceHealth>,
        with_ingest_ok ingest_ok: bool,
        with_issues issues: Vec<String>,
    }

    SequenceHealth {
        with_uid uid: SequenceUid,
        with_key key: Option<String>,
        with_status status: Option<String>,
        with_frame_count frame_count: u64,
        with_has_lidar_calibration has_lidar_calibration: bool,
        with_has_camera_calibration has_camera_calibration: bool,
    }

    DatasetItem {
        with_uid uid: ItemUid,
        with_id id: Option<u64>,
        with_is_hidden is_hidden: bool,
        with_key key: Option<String>,
        with_dataset dataset: Option<DatasetUid>,
        with_dataset_owner_name dataset_owner_name: Option<OwnerName>,
        with_dataset_slug dataset_slug: Option<DatasetSlug>,
        with_url url: Option<String>,
        with_gpu_texture_url gpu_texture_url: Option<String>,
        with_thumbnails thumbnails: Vec<String>,
        with_video_thumbnail video_thumbnail: Option<String>,
        with_metadata metadata: Option<Json>,
        with_export_snippet export_snippet: Option<Json>,
        with_annotations annotations: Option<Json>,
        with_crop_data crop_data: Option<Json>,
        with_related_items related_items: Option<Json>,
        with_related_sequence_uid related_sequence_uid: Option<SequenceUid>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_status status: Option<String>,
        with_data_url data_url: Option<String>,
        with_thumbnail_url thumbnail_url: Option<String>,
        with_annotations_count annotations_count: Option<u64>,
    }

    Dataset {
        with_uid uid: DatasetUid,
        with_name name: String,
        with_slug slug: DatasetSlug,
        with_item_count item_count: u64,
        with_owner_name owner_name: Option<OwnerName>,
        with_status status: Option<DatasetStatus>,
        with_data_type data_type: Option<DataType>,
        with_is_sequence is_sequence: Option<bool>,
        with_predefined_labels predefined_labels: Option<Json>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_visibility visibility: Option<Visibility>,
        with_project_count project_count: Option<u64>,
        with_size_bytes size_bytes: Option<u64>,
        with_annotations_count annotations_count: Option<u64>,
    }

    DatasetSequence {
        with_uid uid: SequenceUid,
        with_is_hidden is_hidden: bool,
        with_key key: Option<String>,
        with_custom_uuid custom_uuid: Option<String>,
        with_status status: Option<String>,
        with_featured_image featured_image: Option<String>,
        with_number_of_frames number_of_frames: Option<u64>,
        with_views views: Option<Json>,
        with_crop_data crop_data: Option<Json>,
        with_predefined_labels predefined_labels: Option<Json>,
        with_frames frames: Option<Json>,
        with_metrics metrics: Option<Json>,
        with_dataset_uid dataset_uid: Option<DatasetUid>,
        with_dataset_data_type dataset_data_type: Option<DataType>,
        with_device_id device_id: Option<String>,
        with_allow_lidar_calibration allow_lidar_calibration: Option<bool>,
        with_lidar_calibration_enabled lidar_calibration_enabled: Option<bool>,
        with_camera_calibration_enabled camera_calibration_enabled: Option<bool>,
        with_camera_calibration camera_calibration: Option<Json>,
        with_coc_timeline coc_timeline: Option<Json>,
        with_is_workflow_terminal is_workflow_terminal: Option<bool>,
        with_sequence_status_workflow sequence_status_workflow: Option<Json>,
        with_sequence_deliverable_workflow sequence_deliverable_workflow: Option<Json>,
    }

    Export {
        with_uid uid: ExportUid,
        with_status status: Option<ExportStatus>,
        with_download_url download_url: Option<String>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_name name: Option<String>,
        with_format format: Option<ExportFormat>,
        with_total_task_count total_task_count: Option<u64>,
        with_exported_task_count exported_task_count: Option<u64>,
        with_datasets datasets: Vec<DatasetUid>,
        with_slices slices: Vec<SliceUid>,
        with_projects projects: Vec<ProjectUid>,
        with_organization organization: Option<Json>,
    }

    CreateExport {
        with_project project: Option<ProjectUid>,
        with_dataset dataset: Option<DatasetUid>,
        with_name name: Option<String>,
        with_format format: Option<ExportFormat>,
        with_datasets datasets: Option<Vec<DatasetUid>>,
        with_projects projects: Option<Vec<ProjectUid>>,
        with_slices slices: Option<Vec<SliceUid>>,
        with_filter_query_string filter_query_string: Option<String>,
    }

    FleetAlert {
        with_uid uid: AlertUid,
        with_rule rule: Option<RuleUid>,
        with_device device: Option<DeviceUid>,
        with_recording recording: Option<RecordingUid>,
        with_severity severity: Option<FleetSeverity>,
        with_status status: Option<AlertStatus>,
        with_message message: Option<String>,
        with_triggered_at triggered_at: Option<Timestamp>,
        with_acknowledged_at acknowledged_at: Option<Timestamp>,
        with_acknowledged_by acknowledged_by: Option<String>,
        with_resolved_at resolved_at: Option<Timestamp>,
        with_resolution_note resolution_note: Option<String>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    FleetAlertChannel {
        with_uid uid: AlertChannelUid,
        with_name name: String,
        with_channel_type channel_type as "type": Option<AlertChannelType>,
        with_config config: Option<SecretJson>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    FleetDevice {
        with_uid uid: DeviceUid,
        with_name name: String,
        with_device_type device_type as "type": Option<DeviceType>,
        with_status status: Option<DeviceStatus>,
        with_tags tags: Vec<String>,
        with_firmware_version firmware_version: Option<String>,
        with_metadata metadata: Option<Json>,
        with_last_seen_at last_seen_at: Option<Timestamp>,
        with_device_token device_token: Option<Secret>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    FleetEvent {
        with_uid uid: EventUid,
        with_recording recording: Option<RecordingUid>,
        with_device device: Option<DeviceUid>,
        with_event_type event_type as "type": Option<FleetEventType>,
        with_label label: Option<String>,
        with_description description: Option<String>,
        with_timestamp timestamp: Option<Timestamp>,
        with_duration_ms duration_ms: Option<u64>,
        with_tags tags: Vec<String>,
        with_metadata metadata: Option<Json>,
        with_severity severity: Option<FleetSeverity>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    CreatedFleetEvents {
        with_created created: u64,
    }

    ManagedFleetUploadStatus {
        with_protocol protocol: ManagedUploadProtocol,
        with_session_uid session_uid: UploadSessionUid,
        with_recording_uid recording_uid: RecordingUid,
        with_status status: UploadSessionStatus,
        with_total_files total_files: u64,
        with_total_bytes total_bytes: u64,
        with_confirmed_files confirmed_files: u64,
        with_confirmed_bytes confirmed_bytes: u64,
        with_files files: Vec<ManagedOriginal>,
        with_finalization finalization: Option<ManagedFinalization>,
    }

    ManagedOriginal {
        with_file_uid file_uid: OriginalUid,
        with_path path: String,
        with_size_bytes size_bytes: u64,
        with_content_sha256 content_sha256: String,
        with_part_size part_size: u64,
        with_part_count part_count: u64,
        with_content_type content_type: Option<String>,
        with_content_encoding content_encoding: Option<String>,
        with_verified verified: bool,
        with_generation generation: Option<ManagedGeneration>,
    }

    ManagedGeneration {
        with_generation_uid generation_uid: GenerationUid,
        with_number number: u64,
        with_state state: GenerationState,
    }

    ManagedFinalization {
        with_uid uid: FinalizationUid,
        with_state state: FinalizationState,
        with_stage stage: FinalizationStage,
        with_code code: FinalizationCode,
        with_available_at available_at: Timestamp,
        with_attempts attempts: u64,
        with_failures failures: u64,
        with_publication_uid publication_uid: Option<PublicationUid>,
        with_dataset_uid dataset_uid: Option<DatasetUid>,
    }

    FleetRecording {
        with_uid uid: RecordingUid,
        with_device device: Option<DeviceUid>,
        with_status status: Option<RecordingStatus>,
        with_duration_seconds duration_seconds: Option<f64>,
        with_size_bytes size_bytes: Option<u64>,
        with_topic_count topic_count: i64,
        with_tags tags: Vec<String>,
        with_topics topics: Option<Json>,
        with_started_at started_at: Option<Timestamp>,
        with_ended_at ended_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    FleetRule {
        with_uid uid: RuleUid,
        with_name name: String,
        with_description description: Option<String>,
        with_enabled enabled: Option<bool>,
        with_condition condition: Option<Json>,
        with_actions actions: Option<Json>,
        with_scope scope: Option<Json>,
        with_hit_count hit_count: u64,
        with_last_hit_at last_hit_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    UploadSession {
        with_uid uid: UploadSessionUid,
        with_total_files total_files: u64,
        with_total_bytes total_bytes: u64,
        with_confirmed_files confirmed_files: u64,
        with_confirmed_bytes confirmed_bytes: u64,
        with_s3_prefix s3_prefix: Option<String>,
        with_status status: Option<UploadSessionStatus>,
    }

    UploadUrlsResponse {
        with_urls urls: Vec<UploadUrlEntry>,
    }

    UploadUrlEntry {
        with_path path: String,
        with_put_url put_url: String,
        with_s3_key s3_key: String,
        with_headers headers: BTreeMap<String, String>,
    }

    UploadConfirmResponse {
        with_session_uid session_uid: Option<UploadSessionUid>,
        with_confirmed confirmed: Option<u64>,
        with_total_confirmed total_confirmed: Option<u64>,
        with_total_files total_files: Option<u64>,
        with_total_bytes total_bytes: Option<u64>,
        with_confirmed_files confirmed_files: Option<u64>,
        with_confirmed_bytes confirmed_bytes: Option<u64>,
    }

    UploadStatusResponse {
        with_session_uid session_uid: UploadSessionUid,
        with_status status: UploadSessionStatus,
        with_total_files total_files: u64,
        with_confirmed_files confirmed_files: u64,
        with_total_bytes total_bytes: u64,
        with_confirmed_bytes confirmed_bytes: u64,
        with_pending_paths pending_paths: Vec<String>,
    }

    UploadProgress {
        with_total_files total_files: u64,
        with_uploaded_files uploaded_files: u64,
        with_total_bytes total_bytes: u64,
        with_uploaded_bytes uploaded_bytes: u64,
        with_failed_files failed_files: u64,
    }

    InferenceProvider {
        with_uid uid: InferenceProviderUid,
        with_name name: String,
        with_description description: Option<String>,
        with_provider_type provider_type: Option<InferenceProviderType>,
        with_config config: Option<SecretJson>,
        with_is_active is_active: Option<bool>,
        with_project project: Option<ProjectRef>,
        with_last_test_at last_test_at: Option<Timestamp>,
        with_last_test_success last_test_success: Option<bool>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    UploadQuota {
        with_used used: u64,
        with_limit limit: u64,
    }

    AllowedMimes {
        with_mime_types mime_types: Vec<String>,
        with_video_prefix video_prefix: String,
    }

    FormUpload {
        with_url url: String,
        with_fields fields: BTreeMap<String, String>,
    }

    ManualUploadSession {
        with_upload_uid upload_uid: UploadUid,
        with_method method: Option<UploadMethod>,
        with_url url: Option<String>,
        with_headers headers: BTreeMap<String, String>,
        with_part_size part_size: Option<u64>,
        with_part_count part_count: Option<u64>,
        with_uploaded_parts uploaded_parts: Vec<UploadedPart>,
        with_complete complete: bool,
    }

    UploadedPart {
        with_part_number part_number: u64,
        with_size size: Option<u64>,
    }

    SignedParts {
        with_parts parts: Vec<SignedPart>,
    }

    SignedPart {
        with_part_number part_number: u64,
        with_url url: String,
        with_headers headers: BTreeMap<String, String>,
    }

    Model {
        with_uid uid: ModelUid,
        with_name name: Option<String>,
        with_description description: Option<String>,
        with_model_type_name model_type_name: Option<String>,
        with_model_type_description model_type_description: Option<String>,
        with_is_public is_public: Option<bool>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    Invitation {
        with_uid uid: InvitationUid,
        with_invited_email invited_email: String,
        with_organization_name organization_name: Option<String>,
        with_organization_slug organization_slug: Option<OrganizationSlug>,
        with_invited_by_username invited_by_username: Option<OwnerName>,
        with_role role: Option<OrganizationRole>,
        with_status status: Option<InvitationStatus>,
        with_expires_at expires_at: Option<Timestamp>,
        with_is_expired is_expired: Option<bool>,
        with_accept_url accept_url: Option<String>,
        with_copy_link copy_link: Option<String>,
        with_created_at created_at: Option<Timestamp>,
    }

    OrganizationMember {
        with_user_uid user_uid: UserUid,
        with_username username: Option<OwnerName>,
        with_email email: Option<String>,
        with_full_name full_name: Option<String>,
        with_picture picture: Option<String>,
        with_role role: Option<OrganizationRole>,
        with_created_at created_at: Option<Timestamp>,
        with_last_active_at last_active_at: Option<Timestamp>,
        with_joined_at joined_at: Option<Timestamp>,
    }

    Organization {
        with_uid uid: OrganizationUid,
        with_name name: String,
        with_slug slug: OrganizationSlug,
        with_handle handle: Option<OwnerName>,
        with_description description: Option<String>,
        with_readme readme: Option<String>,
        with_logo logo: Option<String>,
        with_website website: Option<String>,
        with_industry industry: Option<String>,
        with_organization_type organization_type: Option<String>,
        with_x_url x_url: Option<String>,
        with_hugging_face_url hugging_face_url: Option<String>,
        with_github_url github_url: Option<String>,
        with_linkedin_url linkedin_url: Option<String>,
        with_email email: Option<String>,
        with_phone phone: Option<String>,
        with_visibility visibility: Option<Visibility>,
        with_plan plan: Option<Plan>,
        with_is_verified is_verified: bool,
        with_is_active is_active: Option<bool>,
        with_member_count member_count: Option<u64>,
        with_team_count team_count: Option<u64>,
        with_dataset_count dataset_count: Option<u64>,
        with_project_count project_count: Option<u64>,
        with_slice_count slice_count: Option<u64>,
        with_role role: Option<OrganizationRole>,
        with_joined_at joined_at: Option<Timestamp>,
        with_slug_edits_remaining slug_edits_remaining: Option<u64>,
        with_allowed_domains allowed_domains: Vec<String>,
        with_billing_status billing_status: Option<String>,
        with_public_slug public_slug: Option<String>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_logo_url logo_url: Option<String>,
    }

    Team {
        with_uid uid: TeamUid,
        with_name name: String,
        with_slug slug: Option<TeamSlug>,
        with_description description: Option<String>,
        with_color color: Option<String>,
        with_organization_uid organization_uid: Option<OrganizationUid>,
        with_organization_name organization_name: Option<String>,
        with_organization_slug organization_slug: Option<OrganizationSlug>,
        with_member_count member_count: Option<u64>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    TeamMember {
        with_user_uid user_uid: UserUid,
        with_username username: Option<OwnerName>,
        with_email email: Option<String>,
        with_full_name full_name: Option<String>,
        with_picture picture: Option<String>,
        with_role role: Option<TeamRole>,
        with_created_at created_at: Option<Timestamp>,
        with_joined_at joined_at: Option<Timestamp>,
    }

    Project {
        with_uid uid: ProjectUid,
        with_name name: String,
        with_status status: Option<ProjectStatus>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_task_type task_type: Option<TaskType>,
        with_is_active is_active: Option<bool>,
        with_visibility visibility: Option<Visibility>,
        with_is_imported is_imported: Option<bool>,
        with_owner_name owner_name: Option<OwnerName>,
        with_short_description short_description: Option<String>,
        with_industry_icon industry_icon: Option<String>,
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
        with_is_breached is_breached: bool,
        with_breach_count breach_count: u64,
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

    Slice {
        with_uid uid: SliceUid,
        with_name name: String,
        with_slug slug: Option<SliceSlug>,
        with_owner_name owner_name: Option<OwnerName>,
        with_organization organization: Option<Json>,
        with_visibility visibility: Option<Visibility>,
        with_status status: Option<String>,
        with_item_count item_count: Option<u64>,
        with_sub_slices sub_slices: Option<Json>,
        with_source_data source_data: Option<Json>,
        with_featured_slice_item_urls featured_slice_item_urls: Vec<String>,
        with_description description: Option<String>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    SliceItem {
        with_uid uid: ItemUid,
        with_id id: Option<u64>,
        with_is_hidden is_hidden: bool,
        with_key key: Option<String>,
        with_dataset dataset: Option<DatasetUid>,
        with_dataset_owner_name dataset_owner_name: Option<OwnerName>,
        with_dataset_slug dataset_slug: Option<DatasetSlug>,
        with_url url: Option<String>,
        with_gpu_texture_url gpu_texture_url: Option<String>,
        with_thumbnails thumbnails: Vec<String>,
        with_video_thumbnail video_thumbnail: Option<String>,
        with_metadata metadata: Option<Json>,
        with_export_snippet export_snippet: Option<Json>,
        with_annotations annotations: Option<Json>,
        with_crop_data crop_data: Option<Json>,
        with_related_items related_items: Option<Json>,
        with_related_sequence_uid related_sequence_uid: Option<SequenceUid>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    StorageConfig {
        with_uid uid: StorageConfigUid,
        with_name name: String,
        with_provider provider: StorageProvider,
        with_s3_bucket_name s3_bucket_name: Option<String>,
        with_s3_bucket_region s3_bucket_region: Option<String>,
        with_s3_bucket_prefix s3_bucket_prefix: Option<String>,
        with_s3_auth_method s3_auth_method: Option<S3AuthMethod>,
        with_s3_is_accelerated s3_is_accelerated: bool,
        with_gc_storage_bucket_name gc_storage_bucket_name: Option<String>,
        with_gc_storage_prefix gc_storage_prefix: Option<String>,
        with_is_verified is_verified: bool,
        with_last_verified_at last_verified_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    StorageConfigSetupInfo {
        with_avala_aws_account_id avala_aws_account_id: String,
        with_external_id external_id: String,
    }

    Task {
        with_uid uid: TaskUid,
        with_task_type task_type as "type": Option<TaskType>,
        with_name name: Option<String>,
        with_status status: Option<TaskStatus>,
        with_project project: Option<ProjectUid>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    Webhook {
        with_uid uid: WebhookUid,
        with_target_url target_url: String,
        with_events events: Vec<EventType>,
        with_is_active is_active: Option<bool>,
        with_secret secret: Option<Secret>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    WebhookDelivery {
        with_uid uid: WebhookDeliveryUid,
        with_subscription subscription: WebhookUid,
        with_event_type event_type: EventType,
        with_payload payload: Option<Json>,
        with_response_status response_status: Option<u16>,
        with_response_body response_body: Option<String>,
        with_attempts attempts: u64,
        with_next_retry_at next_retry_at: Option<Timestamp>,
        with_status status: Option<WebhookDeliveryStatus>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
        with_response_body_size response_body_size: Option<u64>,
        with_response_body_sha256 response_body_sha256: Option<String>,
        with_response_preview response_preview: Option<String>,
    }

    WebhookEvent {
        with_event event: EventType,
        with_data data: Json,
        with_timestamp timestamp: Option<Timestamp>,
    }

    AgentTest {
        with_success success: Option<bool>,
        with_message message: Option<String>,
        with_delivered delivered: Option<bool>,
        with_status_code status_code: Option<u64>,
    }

    WebhookTest {
        with_success success: Option<bool>,
        with_message message: Option<String>,
        with_delivered delivered: Option<bool>,
        with_status_code status_code: Option<u64>,
    }

    AlertChannelTest {
        with_detail detail: Option<String>,
        with_channel_uid channel_uid: Option<AlertChannelUid>,
        with_channel_type channel_type: Option<AlertChannelType>,
        with_success success: Option<bool>,
        with_message message: Option<String>,
    }

    InferenceProviderTest {
        with_success success: Option<bool>,
        with_message message: Option<String>,
        with_tested_at tested_at: Option<Timestamp>,
        with_latency_ms latency_ms: Option<f64>,
    }

    StorageConfigTest {
        with_verified verified: Option<bool>,
        with_errors errors: BTreeMap<String, Vec<String>>,
        with_success success: Option<bool>,
        with_message message: Option<String>,
    }

    UserPermissions {
        with_account_type account_type as "type": Option<String>,
        with_is_staff_privileged is_staff_privileged: Option<bool>,
        with_scopes scopes: Vec<String>,
        with_capabilities capabilities: Vec<String>,
        with_toolsets toolsets: Vec<String>,
    }

    SequenceOutcome {
        with_uid uid: SequenceOutcomeUid,
        with_sequence_uid sequence_uid: Option<SequenceUid>,
        with_outcome outcome: Option<OutcomeLabel>,
        with_progress progress: Option<f64>,
        with_quality quality: Option<u64>,
        with_speed speed: Option<u64>,
        with_subtasks subtasks: Option<Json>,
        with_hand_actions hand_actions: Option<Json>,
        with_mistake_type mistake_type: Option<String>,
        with_recovery_type recovery_type: Option<String>,
        with_failure_stage failure_stage: Option<String>,
        with_autonomy_level autonomy_level: Option<AutonomyLevel>,
        with_model_version model_version: Option<String>,
        with_evaluation_membership evaluation_membership: Option<EvaluationMembership>,
        with_leakage_groups leakage_groups: Option<Json>,
        with_source source: Option<OutcomeSource>,
        with_confidence confidence: Option<f64>,
        with_source_metadata source_metadata: Option<Json>,
        with_version version: Option<u64>,
        with_is_current is_current: Option<bool>,
        with_labeled_by labeled_by: Option<Json>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    ManagedMultipart {
        with_protocol protocol: ManagedUploadProtocol,
        with_session_uid session_uid: UploadSessionUid,
        with_file_uid file_uid: OriginalUid,
        with_generation_uid generation_uid: GenerationUid,
        with_number number: u64,
        with_state state: GenerationState,
        with_part_size part_size: u64,
        with_part_count part_count: u64,
        with_initialization_deadline initialization_deadline: Option<Timestamp>,
    }

    ManagedProgress {
        with_protocol protocol: ManagedUploadProtocol,
        with_session_uid session_uid: UploadSessionUid,
        with_generation_uid generation_uid: GenerationUid,
        with_file_uid file_uid: Option<OriginalUid>,
        with_parts parts: Option<Json>,
        with_next_cursor next_cursor: Option<u64>,
    }

    ManagedPart {
        with_part_number part_number: u64,
        with_size size: u64,
    }

    ManagedPartGrants {
        with_protocol protocol: ManagedUploadProtocol,
        with_session_uid session_uid: UploadSessionUid,
        with_generation_uid generation_uid: GenerationUid,
        with_file_uid file_uid: Option<OriginalUid>,
        with_parts parts: Option<Json>,
    }

    ManagedPartGrant {
        with_grant_uid grant_uid: GrantUid,
        with_part_number part_number: u64,
        with_offset offset: u64,
        with_size_bytes size_bytes: u64,
        with_url url: String,
        with_expires_at expires_at: Timestamp,
        with_headers headers: BTreeMap<String, String>,
    }

    ManagedFinalizeResponse {
        with_protocol protocol: ManagedUploadProtocol,
        with_session_uid session_uid: UploadSessionUid,
        with_finalization finalization: Option<ManagedFinalization>,
    }

    PublicRevision {
        with_schema_version schema_version: u64,
        with_canonical_reference canonical_reference: String,
        with_dataset_uid dataset_uid: DatasetUid,
        with_revision_sha256 revision_sha256: String,
        with_requested_reference requested_reference: Option<String>,
        with_display_reference display_reference: Option<String>,
        with_revision_uid revision_uid: Option<RevisionUid>,
        with_state state: Option<String>,
        with_manifest manifest: Option<Json>,
        with_rights rights: Option<Json>,
    }

    PublicManifest {
        with_schema_version schema_version: u64,
        with_sha256 sha256: String,
        with_object_count object_count: u64,
        with_total_size_bytes total_size_bytes: u64,
        with_objects_path objects_path: String,
        with_origins origins: Vec<PublicOrigin>,
    }

    PublicOrigin {
        with_name name: String,
        with_kind kind: String,
        with_canonical_ref canonical_ref: Option<String>,
        with_external_revision external_revision: Option<String>,
    }

    PublicRights {
        with_status status: String,
        with_access access: String,
        with_name name: String,
        with_url url: String,
        with_document_sha256 document_sha256: String,
        with_attestation_sha256 attestation_sha256: String,
    }

    PublicObject {
        with_object_uid object_uid: PublicObjectUid,
        with_logical_path logical_path: String,
        with_role role: String,
        with_ordinal ordinal: u64,
        with_size_bytes size_bytes: u64,
        with_sha256 sha256: String,
        with_access_path access_path: String,
        with_episode_ordinal episode_ordinal: Option<u64>,
        with_content_type content_type: Option<String>,
        with_origin origin: Option<String>,
    }

    PublicObjectPage {
        with_schema_version schema_version: u64,
        with_canonical_reference canonical_reference: String,
        with_revision_sha256 revision_sha256: String,
        with_manifest_sha256 manifest_sha256: String,
        with_results results: Vec<PublicObject>,
        with_next_cursor next_cursor: Option<String>,
        with_previous_cursor previous_cursor: Option<String>,
    }

    PublicObjectGrant {
        with_schema_version schema_version: u64,
        with_provider provider: PublicProvider,
        with_method method: String,
        with_url url: String,
        with_expires_at expires_at: Timestamp,
        with_object_uid object_uid: PublicObjectUid,
        with_size_bytes size_bytes: u64,
        with_sha256 sha256: String,
        with_canonical_reference canonical_reference: String,
        with_dataset_uid dataset_uid: DatasetUid,
        with_revision_sha256 revision_sha256: String,
        with_manifest_sha256 manifest_sha256: String,
        with_range_supported range_supported: Option<bool>,
    }

    UploadFinalizeResponse {
        with_detail detail: Option<String>,
        with_session_uid session_uid: Option<UploadSessionUid>,
        with_status status: Option<UploadSessionStatus>,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// The lines of all files below a folder that declare fields, as `Model { field: Type`.
    fn fields_of_models(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                fields_of_models(&path, found);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let blocks = text.split("\nmodel! {\n").skip(1).filter_map(|block| block.split("\n}\n").next());
            for block in blocks {
                let (_, body) = block.split_once("pub struct ").unwrap();
                let (name, body) = body.split_once(" {").unwrap();
                let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//") && line.contains(": "));
                found.extend(lines.map(|line| format!("{name} {line}")));
            }
        }
    }

    #[test]
    fn every_field_of_a_model_has_a_setter() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let (mut expected, mut listed, mut model) = (Vec::new(), Vec::new(), "");
        fields_of_models(&sources, &mut expected);
        let text = include_str!("setters.rs");
        let list = text.split("\nsetters! {\n").nth(1).unwrap().split("\n}\n").next().unwrap();
        for line in list.lines().map(str::trim) {
            if let Some(name) = line.strip_suffix(" {") {
                model = name;
            } else if let Some((setter, field)) = line.split_once(' ') {
                assert_eq!(setter.strip_prefix("with_"), field.split([' ', ':']).next(), "{model} {line}");
                listed.push(format!("{model} {field}"));
            }
        }
        expected.sort();
        listed.sort();
        assert!(expected.len() > 500);
        let missing: Vec<_> = expected.iter().filter(|field| !listed.contains(field)).collect();
        let stale: Vec<_> = listed.iter().filter(|field| !expected.contains(field)).collect();
        assert!(missing.is_empty() && stale.is_empty(), "missing: {missing:#?}, stale: {stale:#?}");
    }
}
