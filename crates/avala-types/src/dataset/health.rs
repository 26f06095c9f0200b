//! Whether a dataset was read well.

use crate::model::model;
use crate::{DataType, DatasetSlug, DatasetStatus, DatasetUid, SequenceUid, Timestamp};

model! {
    /// What the server found when it read the files of a dataset.
    #[derive(Eq, Hash)]
    pub struct DatasetHealth {
        required {
            /// The dataset.
            dataset_uid: DatasetUid,
            /// Its name in addresses.
            dataset_slug: DatasetSlug,
        }
        optional {
            /// Type of its content; `None` while the server does not know it.
            data_type: Option<DataType>,
            /// Whether it is ready.
            dataset_status: Option<DatasetStatus>,
            /// Whether its items are sequences of frames; `None` while the server does not know.
            is_sequence: Option<bool>,
            /// How many items it has.
            item_count: u64,
            /// How many sequences it has.
            sequence_count: u64,
            /// How many frames its sequences have together.
            total_frames: u64,
            /// Where its files are, when they are in S3.
            s3_prefix: Option<String>,
            /// Where its files are, when they are in Google Cloud Storage.
            gc_storage_prefix: Option<String>,
            /// When it was last looked at.
            last_updated_at: Option<Timestamp>,
            /// Each of its sequences.
            sequences: Vec<SequenceHealth>,
            /// Whether every file could be read.
            ingest_ok: bool,
            /// What went wrong, in sentences.
            issues: Vec<String>,
        }
    }
}

model! {
    /// What the server found when it read the frames of a sequence.
    #[derive(Eq, Hash)]
    pub struct SequenceHealth {
        required {
            /// The sequence.
            uid: SequenceUid,
        }
        optional {
            /// Its path in the dataset.
            key: Option<String>,
            /// How far it is, in the server's words.
            status: Option<String>,
            /// How many frames it has.
            frame_count: u64,
            /// Whether it says where its LiDAR is.
            has_lidar_calibration: bool,
            /// Whether it says where its cameras are.
            has_camera_calibration: bool,
        }
    }
}
