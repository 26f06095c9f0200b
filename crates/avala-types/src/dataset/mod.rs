//! Datasets, and what is in them.

mod calibration;
mod frame;
mod health;
mod item;
mod outcome;
mod payload;
mod sequence;

pub use calibration::{CameraCalibration, DatasetCalibration};
pub use frame::{DatasetFrame, FrameError, FrameImage};
pub use health::{DatasetHealth, SequenceHealth};
pub use item::DatasetItem;
pub use outcome::{
    AutonomyLevel, EvaluationMembership, OutcomeLabel, OutcomeSource, SequenceOutcome, SetSequenceOutcome,
};
pub use payload::{CreateDataset, TransferDataset};
pub use sequence::DatasetSequence;

use crate::model::model;
use crate::open_enum::open_enum;
use crate::{DatasetSlug, DatasetUid, Json, OwnerName, Timestamp, Visibility};

open_enum! {
    /// What a dataset holds.
    pub enum DataType {
        /// Images.
        Image = "image",
        /// Videos.
        Video = "video",
        /// LiDAR sweeps with their cameras.
        Lidar = "lidar",
        /// MCAP recordings.
        Mcap = "mcap",
        /// Gaussian splats.
        Splat = "splat",
        /// Volumes made of images.
        Image3d = "image_3d",
        /// Point clouds.
        PointCloud = "pointcloud",
    }

    /// How far the making of a dataset is.
    pub enum DatasetStatus {
        /// Its files are still being read.
        Creating = "creating",
        /// It is ready.
        Created = "created",
    }
}

impl DatasetStatus {
    /// Whether the dataset can be used.
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
            /// Its identity.
            uid: DatasetUid,
            /// Its name, as people read it.
            name: String,
            /// Its name in addresses.
            slug: DatasetSlug,
        }
        optional {
            /// How many items it has.
            item_count: u64,
            /// Who owns it.
            owner_name: Option<OwnerName>,
            /// Whether it is ready.
            status: Option<DatasetStatus>,
            /// What it holds.
            data_type: Option<DataType>,
            /// Whether its items are sequences of frames.
            is_sequence: Option<bool>,
            /// Labels that annotators choose from: a list of free-form objects.
            predefined_labels: Option<Json>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
            /// Who can see it.
            visibility: Option<Visibility>,
            /// How many projects use it.
            project_count: Option<u64>,
            /// The size of its files in bytes.
            size_bytes: Option<u64>,
            /// How many annotations its items have.
            annotations_count: Option<u64>,
        }
    }
}
