//! Datasets, items, sequences and slices.

use avala_types::{
    DataType, DatasetSlug, DatasetStatus, DatasetUid, ItemUid, Json, OwnerName, SequenceUid, SliceSlug, SliceUid,
    Timestamp, Visibility,
};

use super::record;

record! {
    /// Model `Dataset`.
    pub(crate) struct Dataset {
        required {
            uid: DatasetUid,
            name: String,
            slug: DatasetSlug,
        }
        optional {
            item_count: u64,
            owner_name: Option<OwnerName>,
            status: Option<DatasetStatus>,
            data_type: Option<DataType>,
            is_sequence: Option<bool>,
            predefined_labels: Option<Json>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
            visibility: Option<Visibility>,
            project_count: Option<u64>,
            size_bytes: Option<u64>,
            annotations_count: Option<u64>,
        }
    }
}

record! {
    /// Model `DatasetHealth`.
    pub(crate) struct DatasetHealth {
        required {
            dataset_uid: DatasetUid,
            dataset_slug: DatasetSlug,
            data_type: DataType,
        }
        optional {
            dataset_status: Option<DatasetStatus>,
            is_sequence: bool,
            item_count: u64,
            sequence_count: u64,
            total_frames: u64,
            s3_prefix: Option<String>,
            gc_storage_prefix: Option<String>,
            last_updated_at: Option<Timestamp>,
            sequences: Vec<SequenceHealth>,
            ingest_ok: bool,
            issues: Vec<String>,
        }
    }
}

record! {
    /// Model `DatasetItem`.
    pub(crate) struct DatasetItem {
        required {
            uid: ItemUid,
        }
        optional {
            id: Option<u64>,
            is_hidden: bool,
            key: Option<String>,
            dataset: Option<DatasetUid>,
            dataset_owner_name: Option<OwnerName>,
            dataset_slug: Option<DatasetSlug>,
            url: Option<String>,
            gpu_texture_url: Option<String>,
            thumbnails: Vec<String>,
            video_thumbnail: Option<String>,
            metadata: Option<Json>,
            export_snippet: Option<Json>,
            annotations: Option<Json>,
            crop_data: Option<Json>,
            related_items: Option<Json>,
            related_sequence_uid: Option<SequenceUid>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
            status: Option<String>,
            data_url: Option<String>,
            thumbnail_url: Option<String>,
            annotations_count: Option<u64>,
        }
    }
}

record! {
    /// Model `DatasetSequence`.
    pub(crate) struct DatasetSequence {
        required {
            uid: SequenceUid,
        }
        optional {
            is_hidden: bool,
            key: Option<String>,
            custom_uuid: Option<String>,
            status: Option<String>,
            featured_image: Option<String>,
            number_of_frames: Option<u64>,
            views: Option<Json>,
            crop_data: Option<Json>,
            predefined_labels: Option<Json>,
            frames: Option<Json>,
            metrics: Option<Json>,
            dataset_uid: Option<DatasetUid>,
            dataset_data_type: Option<DataType>,
            device_id: Option<String>,
            allow_lidar_calibration: Option<bool>,
            lidar_calibration_enabled: Option<bool>,
            camera_calibration_enabled: Option<bool>,
            camera_calibration: Option<Json>,
            coc_timeline: Option<Json>,
            is_workflow_terminal: Option<bool>,
            sequence_status_workflow: Option<Json>,
            sequence_deliverable_workflow: Option<Json>,
        }
    }
}

record! {
    /// Model `FrameImage`.
    pub(crate) struct FrameImage {
        required {}
        optional {
            image_url: Option<String>,
            position: Option<Vec3>,
            heading: Option<Quat>,
            width: Option<u32>,
            height: Option<u32>,
            fx: Option<f64>,
            fy: Option<f64>,
            cx: Option<f64>,
            cy: Option<f64>,
            model: Option<String>,
            camera_model: Option<String>,
            xi: Option<f64>,
            alpha: Option<f64>,
        }
    }
}

record! {
    /// An orientation.
    pub(crate) struct Quat {
        required {
            x: f64,
            y: f64,
            z: f64,
            w: f64,
        }
        optional {}
    }
}

record! {
    /// Model `SequenceHealth`.
    pub(crate) struct SequenceHealth {
        required {
            uid: SequenceUid,
        }
        optional {
            key: Option<String>,
            status: Option<String>,
            frame_count: u64,
            has_lidar_calibration: bool,
            has_camera_calibration: bool,
        }
    }
}

record! {
    /// Model `SequenceOutcome`.
    pub(crate) struct SequenceOutcome {
        required {
            uid: String,
        }
        optional {
            sequence_uid: Option<SequenceUid>,
            outcome: Option<String>,
            progress: Option<f64>,
            quality: Option<u64>,
            speed: Option<u64>,
            subtasks: Option<Vec<Json>>,
            hand_actions: Option<Json>,
            mistake_type: Option<String>,
            recovery_type: Option<String>,
            failure_stage: Option<String>,
            autonomy_level: Option<String>,
            model_version: Option<String>,
            evaluation_membership: Option<String>,
            leakage_groups: Option<Json>,
            source: Option<String>,
            confidence: Option<f64>,
            source_metadata: Option<Json>,
            version: Option<u64>,
            is_current: Option<bool>,
            labeled_by: Option<Json>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `Slice`.
    pub(crate) struct Slice {
        required {
            uid: SliceUid,
            name: String,
        }
        optional {
            slug: Option<SliceSlug>,
            owner_name: Option<OwnerName>,
            organization: Option<Json>,
            visibility: Option<Visibility>,
            status: Option<String>,
            item_count: Option<u64>,
            sub_slices: Option<Json>,
            source_data: Option<Json>,
            featured_slice_item_urls: Vec<String>,
            description: Option<String>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `SliceItem`.
    pub(crate) struct SliceItem {
        required {
            uid: ItemUid,
        }
        optional {
            id: Option<u64>,
            is_hidden: bool,
            key: Option<String>,
            dataset: Option<DatasetUid>,
            dataset_owner_name: Option<OwnerName>,
            dataset_slug: Option<DatasetSlug>,
            url: Option<String>,
            gpu_texture_url: Option<String>,
            thumbnails: Vec<String>,
            video_thumbnail: Option<String>,
            metadata: Option<Json>,
            export_snippet: Option<Json>,
            annotations: Option<Json>,
            crop_data: Option<Json>,
            related_items: Option<Json>,
            related_sequence_uid: Option<SequenceUid>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// A point or a direction.
    pub(crate) struct Vec3 {
        required {
            x: f64,
            y: f64,
            z: f64,
        }
        optional {}
    }
}
