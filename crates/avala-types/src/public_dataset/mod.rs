//! Public datasets: published revisions, their objects, and grants to read them, for anyone without an account.

mod check;
mod walk;

pub use check::{InvalidPublicDataset, PublicReference};
pub use walk::PublicObjectWalk;

use crate::id::{DatasetUid, PublicObjectUid, RevisionUid};
use crate::json::Json;
use crate::model::model;
use crate::open_enum::open_enum;
use crate::timestamp::Timestamp;

open_enum! {
    /// Place where the bytes of a public object are read.
    pub enum PublicProvider {
        /// Amazon S3.
        AwsS3 = "aws_s3",
        /// Google Cloud Storage.
        Gcs = "gcs",
        /// Azure Blob Storage.
        AzureBlob = "azure_blob",
        /// Cloudflare R2.
        CloudflareR2 = "cloudflare_r2",
        /// The API itself.
        AvalaProxy = "avala_proxy",
        /// The content delivery network of Avala.
        AvalaEdge = "avala_edge",
    }
}

model! {
    /// Published revision of a public dataset. A revision never changes: its digest names its content.
    #[derive(Eq, Hash)]
    pub struct PublicRevision {
        required {
            /// Version of this format; 1.
            schema_version: u64,
            /// Reference that never moves: `avala://datasets/<uid>@<digest>`.
            canonical_reference: String,
            /// Dataset.
            dataset_uid: DatasetUid,
            /// Digest of the revision: 64 hexadecimal digits.
            revision_sha256: String,
        }
        optional {
            /// Requested reference.
            requested_reference: Option<String>,
            /// Reference to show: `owner/dataset@<digest>`.
            display_reference: Option<String>,
            /// Identifier of the revision.
            revision_uid: Option<RevisionUid>,
            /// State of the revision; `published`.
            state: Option<String>,
            /// Content of the revision; see [`parse_manifest`](PublicRevision::parse_manifest).
            manifest: Option<Json>,
            /// Terms of use; see [`parse_rights`](PublicRevision::parse_rights).
            rights: Option<Json>,
        }
    }
}

model! {
    /// Summary of the content of a revision.
    #[derive(Eq, Hash)]
    pub struct PublicManifest {
        required {
            /// Version of this format; 1.
            schema_version: u64,
            /// Digest of the manifest: 64 hexadecimal digits.
            sha256: String,
            /// Number of objects.
            object_count: u64,
            /// Size of all objects in bytes.
            total_size_bytes: u64,
            /// Path of the list of objects, below the API root.
            objects_path: String,
        }
        optional {
            /// Sources of the objects, sorted by name.
            origins: Vec<PublicOrigin>,
        }
    }
}

model! {
    /// Origin of public objects.
    #[derive(Eq, Hash)]
    pub struct PublicOrigin {
        required {
            /// Name, unique in its manifest.
            name: String,
            /// Kind of the origin.
            kind: String,
        }
        optional {
            /// Reference to the origin.
            canonical_ref: Option<String>,
            /// Revision of the origin.
            external_revision: Option<String>,
        }
    }
}

model! {
    /// Terms of use of a revision.
    #[derive(Eq, Hash)]
    pub struct PublicRights {
        required {
            /// Status of the terms; `declared`.
            status: String,
            /// Kind of access; `open_download`.
            access: String,
            /// Name of the license.
            name: String,
            /// URL of the license.
            url: String,
            /// Digest of the license.
            document_sha256: String,
            /// Digest of the attestation.
            attestation_sha256: String,
        }
        optional {}
    }
}

model! {
    /// Object of a revision: one file.
    #[derive(Eq, Hash)]
    pub struct PublicObject {
        required {
            /// Identifier.
            object_uid: PublicObjectUid,
            /// Relative path of the file.
            logical_path: String,
            /// Role in the dataset, such as `episode`.
            role: String,
            /// Position among the objects of the same role.
            ordinal: u64,
            /// Size in bytes.
            size_bytes: u64,
            /// SHA-256 of the content: 64 hexadecimal digits.
            sha256: String,
            /// Path of the call that grants access, below the API root.
            access_path: String,
        }
        optional {
            /// Ordinal of the episode that the object belongs to.
            episode_ordinal: Option<u64>,
            /// Media type.
            content_type: Option<String>,
            /// Name of the origin.
            origin: Option<String>,
        }
    }
}

model! {
    /// One page of the objects of a revision.
    #[derive(Eq, Hash)]
    pub struct PublicObjectPage {
        required {
            /// Version of this format; 1.
            schema_version: u64,
            /// Reference of the revision.
            canonical_reference: String,
            /// Digest of the revision.
            revision_sha256: String,
            /// Digest of the manifest.
            manifest_sha256: String,
            /// Objects, in the order of role, ordinal and path.
            results: Vec<PublicObject>,
        }
        optional {
            /// Cursor of the next page; `None` on the last page.
            next_cursor: Option<String>,
            /// Cursor of the page before; `None` on the first page.
            previous_cursor: Option<String>,
        }
    }
}

model! {
    /// Grant to read the bytes of a public object, valid for at most 300 seconds.
    #[derive(Eq, Hash)]
    pub struct PublicObjectGrant {
        required {
            /// Version of this format; 1.
            schema_version: u64,
            /// Provider of the bytes.
            provider: PublicProvider,
            /// HTTP method; `GET`.
            method: String,
            /// Signed URL of the bytes.
            url: String,
            /// Time until which the URL is valid.
            expires_at: Timestamp,
            /// Object.
            object_uid: PublicObjectUid,
            /// Size in bytes.
            size_bytes: u64,
            /// SHA-256 of the content: 64 hexadecimal digits.
            sha256: String,
            /// Reference of the revision.
            canonical_reference: String,
            /// Dataset.
            dataset_uid: DatasetUid,
            /// Digest of the revision.
            revision_sha256: String,
            /// Digest of the manifest.
            manifest_sha256: String,
        }
        optional {
            /// Whether parts can be read with `Range`.
            range_supported: Option<bool>,
        }
    }
}
