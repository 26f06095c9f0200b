//! Published dataset revisions.

use avala_types::{DatasetUid, Json, Timestamp};

use super::record;

record! {
    /// Model `PublicObject`.
    pub(crate) struct PublicObject {
        required {
            object_uid: String,
            logical_path: String,
            role: String,
            ordinal: u64,
            size_bytes: u64,
            sha256: String,
            access_path: String,
        }
        optional {
            episode_ordinal: Option<u64>,
            content_type: Option<String>,
            origin: Option<String>,
        }
    }
}

record! {
    /// Model `PublicObjectGrant`.
    pub(crate) struct PublicObjectGrant {
        required {
            schema_version: u64,
            provider: String,
            method: String,
            url: String,
            expires_at: Timestamp,
            object_uid: String,
            size_bytes: u64,
            sha256: String,
            canonical_reference: String,
            dataset_uid: DatasetUid,
            revision_sha256: String,
            manifest_sha256: String,
        }
        optional {
            range_supported: Option<bool>,
        }
    }
}

record! {
    /// Model `PublicObjectPage`.
    pub(crate) struct PublicObjectPage {
        required {
            schema_version: u64,
            canonical_reference: String,
            revision_sha256: String,
            manifest_sha256: String,
            results: Vec<PublicObject>,
        }
        optional {
            next_cursor: Option<String>,
            previous_cursor: Option<String>,
        }
    }
}

record! {
    /// Model `PublicRevision`.
    pub(crate) struct PublicRevision {
        required {
            schema_version: u64,
            canonical_reference: String,
            dataset_uid: DatasetUid,
            revision_sha256: String,
        }
        optional {
            requested_reference: Option<String>,
            display_reference: Option<String>,
            revision_uid: Option<String>,
            state: Option<String>,
            manifest: Option<Json>,
            rights: Option<Json>,
        }
    }
}
