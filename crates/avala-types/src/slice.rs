//! Slices: selections of items from datasets.

use crate::model::{model, payload};
use crate::{
    DatasetSlug, DatasetUid, ItemUid, Json, OwnerName, SequenceUid, SliceSlug, SliceUid, Timestamp, Visibility,
};

model! {
    /// A selection of items, from one dataset or several.
    #[derive(Eq, Hash)]
    pub struct Slice {
        required {
            /// Its identity.
            uid: SliceUid,
            /// Its name, as people read it.
            name: String,
        }
        optional {
            /// Its name in addresses.
            slug: Option<SliceSlug>,
            /// Who owns it.
            owner_name: Option<OwnerName>,
            /// The organization that it belongs to: a free-form object.
            organization: Option<Json>,
            /// Who can see it.
            visibility: Option<Visibility>,
            /// How far the making of it is, in the server's words.
            status: Option<String>,
            /// How many items it has.
            item_count: Option<u64>,
            /// What it was put together from: a list of free-form objects.
            sub_slices: Option<Json>,
            /// What its items come from: free-form.
            source_data: Option<Json>,
            /// Where pictures of some of its items are.
            featured_slice_item_urls: Vec<String>,
            /// What it is for.
            description: Option<String>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// An item of a dataset, in a slice.
    #[derive(Eq, Hash)]
    pub struct SliceItem {
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
        }
    }
}

payload! {
    /// A new slice (`POST /slices/`).
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
            /// Its name, as people read it.
            name: String,
            /// Who can see it.
            visibility: Visibility,
            /// What it is put together from: a list of free-form objects.
            sub_slices: Json,
        }
        optional {
            /// The organization that owns it.
            organization: String,
        }
        numbers {
            /// How many items are taken, by chance; all of them unless set.
            random_selection_count: u64,
        }
    }
}
