//! Setters of the models of public datasets.

use super::setters;
use crate::id::{DatasetUid, PublicObjectUid, RevisionUid};
use crate::json::Json;
use crate::public_dataset::{
    PublicManifest, PublicObject, PublicObjectGrant, PublicObjectPage, PublicOrigin, PublicProvider, PublicRevision,
    PublicRights,
};
use crate::timestamp::Timestamp;

setters! {
    PublicRevision {
        with_schema_version schema_version: u64,
        with_canonical_reference canonical_reference: String,
        with_dataset_uid dataset_uid: DatasetUid,
        with_revision_sha256 revision_sha256: String,
        with_requested_reference requested_reference: Option<String>,
        with_display_reference display_reference: Option<String>,
        with_revision_uid revision_uid: Option<RevisionUid>,
        with_state state: Option<String>,
        with_manifest manifest: Option<Json>,
        with_rights rights: Option<Json>,
    }

    PublicManifest {
        with_schema_version schema_version: u64,
        with_sha256 sha256: String,
        with_object_count object_count: u64,
        with_total_size_bytes total_size_bytes: u64,
        with_objects_path objects_path: String,
        with_origins origins: Vec<PublicOrigin>,
    }

    PublicOrigin {
        with_name name: String,
        with_kind kind: String,
        with_canonical_ref canonical_ref: Option<String>,
        with_external_revision external_revision: Option<String>,
    }

    PublicRights {
        with_status status: String,
        with_access access: String,
        with_name name: String,
        with_url url: String,
        with_document_sha256 document_sha256: String,
        with_attestation_sha256 attestation_sha256: String,
    }

    PublicObject {
        with_object_uid object_uid: PublicObjectUid,
        with_logical_path logical_path: String,
        with_role role: String,
        with_ordinal ordinal: u64,
        with_size_bytes size_bytes: u64,
        with_sha256 sha256: String,
        with_access_path access_path: String,
        with_episode_ordinal episode_ordinal: Option<u64>,
        with_content_type content_type: Option<String>,
        with_origin origin: Option<String>,
    }

    PublicObjectPage {
        with_schema_version schema_version: u64,
        with_canonical_reference canonical_reference: String,
        with_revision_sha256 revision_sha256: String,
        with_manifest_sha256 manifest_sha256: String,
        with_results results: Vec<PublicObject>,
        with_next_cursor next_cursor: Option<String>,
        with_previous_cursor previous_cursor: Option<String>,
    }

    PublicObjectGrant {
        with_schema_version schema_version: u64,
        with_provider provider: PublicProvider,
        with_method method: String,
        with_url url: String,
        with_expires_at expires_at: Timestamp,
        with_object_uid object_uid: PublicObjectUid,
        with_size_bytes size_bytes: u64,
        with_sha256 sha256: String,
        with_canonical_reference canonical_reference: String,
        with_dataset_uid dataset_uid: DatasetUid,
        with_revision_sha256 revision_sha256: String,
        with_manifest_sha256 manifest_sha256: String,
        with_range_supported range_supported: Option<bool>,
    }
}
