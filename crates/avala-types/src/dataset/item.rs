//! An item of a dataset.

use crate::id::{DatasetSlug, DatasetUid, ItemUid, OwnerName, SequenceUid};
use crate::json::Json;
use crate::model::model;
use crate::timestamp::Timestamp;

model! {
    /// An item of a dataset: an image, video, point cloud or recording, with annotations.
    ///
    /// Free-form fields are kept as text, so that unused ones cost little more than their bytes.
    #[derive(Eq, Hash)]
    pub struct DatasetItem {
        required {
            /// Unique identifier (UID).
            uid: ItemUid,
        }
        optional {
            /// Database ID.
            id: Option<u64>,
            /// Whether it is hidden from annotators.
            is_hidden: Option<bool>,
            /// Path in the dataset.
            key: Option<String>,
            /// Dataset.
            dataset: Option<DatasetUid>,
            /// Owner of the dataset.
            dataset_owner_name: Option<OwnerName>,
            /// URL slug of the dataset.
            dataset_slug: Option<DatasetSlug>,
            /// File URL.
            url: Option<String>,
            /// File URL in a GPU texture format.
            gpu_texture_url: Option<String>,
            /// Thumbnail URLs.
            thumbnails: Vec<String>,
            /// URL of a short video preview.
            video_thumbnail: Option<String>,
            /// Metadata of the file, a free-form object.
            metadata: Option<Json>,
            /// Export snippet, a free-form object.
            export_snippet: Option<Json>,
            /// Annotations, a free-form object.
            annotations: Option<Json>,
            /// Crop data, a free-form object.
            crop_data: Option<Json>,
            /// Related items, a list of free-form objects.
            related_items: Option<Json>,
            /// Sequence of this frame.
            related_sequence_uid: Option<SequenceUid>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
            /// Status, free text.
            status: Option<String>,
            /// File URL, on deployments that do not send `url`.
            data_url: Option<String>,
            /// Thumbnail URL, on deployments that do not send `thumbnails`.
            thumbnail_url: Option<String>,
            /// Number of annotations.
            annotations_count: Option<u64>,
        }
    }
}
