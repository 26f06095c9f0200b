//! Datasets, and their items, sequences and frames.

mod calibration;
mod frame;
mod health;
mod item;
mod outcome;
mod payload;
mod sequence;
mod typed_sequence;

pub use calibration::{CameraCalibration, DatasetCalibration};
pub use frame::{DatasetFrame, FrameError, FrameImage};
pub use health::{DatasetHealth, SequenceHealth};
pub use item::DatasetItem;
pub use outcome::{
    AutonomyLevel, EvaluationMembership, OutcomeLabel, OutcomeSource, SequenceOutcome, SetSequenceOutcome,
};
pub use payload::{CreateDataset, TransferDataset};
pub use sequence::DatasetSequence;
pub use typed_sequence::TypedSequence;

use crate::id::{DatasetSlug, DatasetUid, OwnerName};
use crate::json::Json;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;
use crate::visibility::Visibility;

open_enum! {
    /// Data type of a dataset.
    pub enum DataType {
        /// Images.
        Image = "image",
        /// Videos.
        Video = "video",
        /// LiDAR sweeps with camera images.
        Lidar = "lidar",
        /// MCAP recordings.
        Mcap = "mcap",
        /// Gaussian splats.
        Splat = "splat",
        /// 3D images.
        Image3d = "image_3d",
        /// Point clouds.
        PointCloud = "pointcloud",
    }

    /// Creation status of a dataset.
    pub enum DatasetStatus {
        /// Files are still being read.
        Creating = "creating",
        /// Ready.
        Created = "created",
    }
}

impl DatasetStatus {
    /// Status of a dataset.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Created)
    }
}

model! {
    /// A dataset: items, or sequences of frames, under one name.
    #[derive(Eq, Hash)]
    pub struct Dataset {
        required {
            /// Unique identifier (UID).
            uid: DatasetUid,
            /// Display name.
            name: String,
            /// URL slug.
            slug: DatasetSlug,
        }
        optional {
            /// Number of items.
            item_count: u64,
            /// Owner.
            owner_name: Option<OwnerName>,
            /// Status.
            status: Option<DatasetStatus>,
            /// Data type.
            data_type: Option<DataType>,
            /// Whether items are sequences of frames.
            is_sequence: Option<bool>,
            /// Predefined labels, a list of free-form objects.
            predefined_labels: Option<Json>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
            /// Visibility.
            visibility: Option<Visibility>,
            /// Number of projects that use it.
            project_count: Option<u64>,
            /// Size of all files, in bytes.
            size_bytes: Option<u64>,
            /// Number of annotations of all items.
            annotations_count: Option<u64>,
        }
    }
}
