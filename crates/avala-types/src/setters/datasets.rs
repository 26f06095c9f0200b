//! Setters of the models of datasets, slices and exports.

use super::setters;
use crate::dataset::{
    AutonomyLevel, CameraCalibration, DataType, Dataset, DatasetCalibration, DatasetFrame, DatasetHealth, DatasetItem,
    DatasetSequence, DatasetStatus, EvaluationMembership, FrameImage, OutcomeLabel, OutcomeSource, SequenceHealth,
    SequenceOutcome,
};
use crate::export::{CreateExport, Export, ExportFormat, ExportStatus};
use crate::geometry::{Quat, Vec3};
use crate::id::{
    DatasetSlug, DatasetUid, ExportUid, ItemUid, OwnerName, ProjectUid, SequenceOutcomeUid, SequenceUid, SliceSlug,
    SliceUid,
};
use crate::json::Json;
use crate::slice::{Slice, SliceItem};
use crate::timestamp::Timestamp;
use crate::visibility::Visibility;

setters! {
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
        with_item_count item_count: Option<u64>,
        with_sequence_count sequence_count: Option<u64>,
        with_total_frames total_frames: Option<u64>,
        with_s3_prefix s3_prefix: Option<String>,
        with_gc_storage_prefix gc_storage_prefix: Option<String>,
        with_last_updated_at last_updated_at: Option<Timestamp>,
        with_sequences sequences: Vec<SequenceHealth>,
        with_ingest_ok ingest_ok: Option<bool>,
        with_issues issues: Vec<String>,
    }

    SequenceHealth {
        with_uid uid: SequenceUid,
        with_key key: Option<String>,
        with_status status: Option<String>,
        with_frame_count frame_count: Option<u64>,
        with_has_lidar_calibration has_lidar_calibration: Option<bool>,
        with_has_camera_calibration has_camera_calibration: Option<bool>,
    }

    DatasetItem {
        with_uid uid: ItemUid,
        with_id id: Option<u64>,
        with_is_hidden is_hidden: Option<bool>,
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
        with_is_hidden is_hidden: Option<bool>,
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
        with_is_hidden is_hidden: Option<bool>,
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
}
