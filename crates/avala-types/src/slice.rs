//! Slices: selections of items from datasets.

use crate::id::{DatasetSlug, DatasetUid, ItemUid, OwnerName, SequenceUid, SliceSlug, SliceUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::timestamp::Timestamp;
use crate::visibility::Visibility;

model! {
    /// A slice: a selection of items from one or several datasets.
    #[derive(Eq, Hash)]
    pub struct Slice {
        required {
            /// Unique identifier (UID).
            uid: SliceUid,
            /// Display name.
            name: String,
        }
        optional {
            /// URL slug.
            slug: Option<SliceSlug>,
            /// Owner.
            owner_name: Option<OwnerName>,
            /// Organization, a free-form object.
            organization: Option<Json>,
            /// Visibility.
            visibility: Option<Visibility>,
            /// Creation status, free text.
            status: Option<String>,
            /// Number of items.
            item_count: Option<u64>,
            /// Source selections, a list of free-form objects.
            sub_slices: Option<Json>,
            /// Sources of the items, free-form.
            source_data: Option<Json>,
            /// Preview image URLs.
            featured_slice_item_urls: Vec<String>,
            /// Description.
            description: Option<String>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// An item of a slice.
    #[derive(Eq, Hash)]
    pub struct SliceItem {
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
        }
    }
}

payload! {
    /// Payload that creates a slice (`POST /slices/`).
    ///
    /// ```
    /// use avala_types::{CreateSlice, Visibility};
    ///
    /// let parts = serde_json::json!([{"type": "dataset", "dataset_uid": "550e8400"}]);
    /// let slice = CreateSlice::new("Night drives", Visibility::Private, parts).random_selection_count(100);
    /// assert!(serde_json::to_string(&slice)?.ends_with(r#""random_selection_count":100}"#));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[derive(Eq, Hash)]
    pub struct CreateSlice {
        required {
            /// Display name.
            name: String,
            /// Visibility.
            visibility: Visibility,
            /// Source selections, a list of free-form objects.
            sub_slices: Json,
        }
        optional {
            /// Owning organization.
            organization: String,
        }
        numbers {
            /// Number of randomly selected items; all items if unset.
            random_selection_count: u64,
        }
    }
}
