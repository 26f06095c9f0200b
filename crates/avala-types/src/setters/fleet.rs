//! Setters of the models of fleets.

use std::collections::BTreeMap;

use super::setters;
use crate::fleet::{
    AlertChannelType, AlertStatus, CreatedFleetEvents, DeviceStatus, DeviceType, FinalizationCode, FinalizationStage,
    FinalizationState, FleetAlert, FleetAlertChannel, FleetDevice, FleetEvent, FleetEventType, FleetRecording,
    FleetRule, FleetSeverity, GenerationState, ManagedFinalization, ManagedFinalizeResponse, ManagedFleetUploadStatus,
    ManagedGeneration, ManagedMultipart, ManagedOriginal, ManagedPart, ManagedPartGrant, ManagedPartGrants,
    ManagedProgress, ManagedUploadProtocol, RecordingStatus, UploadConfirmResponse, UploadFinalizeResponse,
    UploadProgress, UploadSession, UploadSessionStatus, UploadStatusResponse, UploadUrlEntry, UploadUrlsResponse,
};
use crate::id::{
    AlertChannelUid, AlertUid, DatasetUid, DeviceUid, EventUid, FinalizationUid, GenerationUid, GrantUid, OriginalUid,
    PublicationUid, RecordingUid, RuleUid, UploadSessionUid,
};
use crate::json::Json;
use crate::secret::{Secret, SecretJson};
use crate::timestamp::Timestamp;

setters! {
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
        with_hit_count hit_count: Option<u64>,
        with_last_hit_at last_hit_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    UploadSession {
        with_uid uid: UploadSessionUid,
        with_total_files total_files: Option<u64>,
        with_total_bytes total_bytes: Option<u64>,
        with_confirmed_files confirmed_files: Option<u64>,
        with_confirmed_bytes confirmed_bytes: Option<u64>,
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
        with_total_files total_files: Option<u64>,
        with_confirmed_files confirmed_files: Option<u64>,
        with_total_bytes total_bytes: Option<u64>,
        with_confirmed_bytes confirmed_bytes: Option<u64>,
        with_pending_paths pending_paths: Vec<String>,
    }

    UploadProgress {
        with_total_files total_files: u64,
        with_uploaded_files uploaded_files: u64,
        with_total_bytes total_bytes: u64,
        with_uploaded_bytes uploaded_bytes: u64,
        with_failed_files failed_files: Option<u64>,
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

    UploadFinalizeResponse {
        with_detail detail: Option<String>,
        with_session_uid session_uid: Option<UploadSessionUid>,
        with_status status: Option<UploadSessionStatus>,
    }
}
