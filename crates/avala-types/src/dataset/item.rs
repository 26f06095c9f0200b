//! An item of a dataset.

use crate::model::model;
use crate::{DatasetSlug, DatasetUid, ItemUid, Json, OwnerName, SequenceUid, Timestamp};

model! {
    /// One image, video, point cloud or recording of a dataset, with its annotations.
    ///
    /// What is free-form is kept as text: a list of items that nobody looks into costs little more than its bytes.
    #[derive(Eq, Hash)]
    pub struct DatasetItem {
        required {
            /// Its identity.
            uid: ItemUid,
        }
        optional {
            /// Its number in the server's database.
            id: Option<u64>,
            /// Whether it is left out of annotation.
            is_hidden: bool,
            /// Its path in the dataset.
            key: Option<String>,
            /// The dataset that it belongs to.
            dataset: Option<DatasetUid>,
            /// Who owns that dataset.
            dataset_owner_name: Option<OwnerName>,
            /// The name of that dataset in addresses.
            dataset_slug: Option<DatasetSlug>,
            /// Where its file is.
            url: Option<String>,
            /// Where its file is, in a format for graphics cards.
            gpu_texture_url: Option<String>,
            /// Where its thumbnails are.
            thumbnails: Vec<String>,
            /// Where a short clip of it is.
            video_thumbnail: Option<String>,
            /// What is known of the file: a free-form object.
            metadata: Option<Json>,
            /// What an export says of it: a free-form object.
            export_snippet: Option<Json>,
            /// Its annotations: a free-form object.
            annotations: Option<Json>,
            /// How it was cut out of something larger: a free-form object.
            crop_data: Option<Json>,
            /// Items that belong with it: a list of free-form objects.
            related_items: Option<Json>,
            /// The sequence that it is a frame of.
            related_sequence_uid: Option<SequenceUid>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
            /// How far it is, in the server's words.
            status: Option<String>,
            /// Where its file is, on deployments that do not send `url`.
            data_url: Option<String>,
            /// Where its thumbnail is, on deployments that do not send `thumbnails`.
            thumbnail_url: Option<String>,
            /// How many annotations it has.
            annotations_count: Option<u64>,
        }
    }
}
