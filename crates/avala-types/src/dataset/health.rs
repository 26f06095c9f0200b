//! Health of datasets: which files could be read.

use crate::dataset::{DataType, DatasetStatus};
use crate::id::{DatasetSlug, DatasetUid, SequenceUid};
use crate::model::model;
use crate::timestamp::Timestamp;

model! {
    /// Health report of a dataset.
    #[derive(Eq, Hash)]
    pub struct DatasetHealth {
        required {
            /// Dataset.
            dataset_uid: DatasetUid,
            /// URL slug.
            dataset_slug: DatasetSlug,
        }
        optional {
            /// Type of its content; `None` while the server does not know it.
            data_type: Option<DataType>,
            /// Status.
            dataset_status: Option<DatasetStatus>,
            /// Whether its items are sequences of frames; `None` while the server does not know.
            is_sequence: Option<bool>,
            /// Number of items.
            item_count: Option<u64>,
            /// Number of sequences.
            sequence_count: Option<u64>,
            /// Total number of frames of all sequences.
            total_frames: Option<u64>,
            /// Location of the files in S3.
            s3_prefix: Option<String>,
            /// Location of the files in Google Cloud Storage.
            gc_storage_prefix: Option<String>,
            /// Time of the last update of the report.
            last_updated_at: Option<Timestamp>,
            /// Health of each sequence.
            sequences: Vec<SequenceHealth>,
            /// Whether every file could be read.
            ingest_ok: Option<bool>,
            /// Issues, each a text.
            issues: Vec<String>,
        }
    }
}

model! {
    /// Health report of a sequence.
    #[derive(Eq, Hash)]
    pub struct SequenceHealth {
        required {
            /// Sequence.
            uid: SequenceUid,
        }
        optional {
            /// Path in the dataset.
            key: Option<String>,
            /// Status, free text.
            status: Option<String>,
            /// Number of frames.
            frame_count: Option<u64>,
            /// Whether LiDAR poses are present.
            has_lidar_calibration: Option<bool>,
            /// Whether camera poses are present.
            has_camera_calibration: Option<bool>,
        }
    }
}
