//! Responses of managed uploads, decoded strictly: every field is required, and no type is converted.

use serde::{Deserialize, Deserializer};

pub(crate) const PROTOCOL: &str = "fleet-managed-mcap-v1";
/// Size of every part except the last one, in bytes.
pub(crate) const PART_SIZE: u64 = 64 << 20;

/// Reads a nullable field with a required key.
fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// The state of a session.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) protocol: String,
    pub(crate) session_uid: String,
    pub(crate) recording_uid: String,
    pub(crate) status: String,
    pub(crate) total_files: u64,
    pub(crate) total_bytes: u64,
    pub(crate) confirmed_files: u64,
    pub(crate) confirmed_bytes: u64,
    pub(crate) files: Vec<Original>,
    #[serde(deserialize_with = "required")]
    pub(crate) finalization: Option<Finalization>,
}

/// A file of a session.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Original {
    pub(crate) file_uid: String,
    pub(crate) path: String,
    pub(crate) size_bytes: u64,
    pub(crate) content_sha256: String,
    pub(crate) content_type: String,
    pub(crate) content_encoding: String,
    pub(crate) part_size: u64,
    pub(crate) part_count: u64,
    pub(crate) verified: bool,
    #[serde(deserialize_with = "required")]
    pub(crate) generation: Option<Generation>,
}

/// A multipart upload of a file.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Generation {
    pub(crate) generation_uid: String,
    pub(crate) number: u64,
    pub(crate) state: String,
}

/// The finalization of a session.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Finalization {
    pub(crate) uid: String,
    pub(crate) state: String,
    pub(crate) stage: String,
    #[expect(dead_code, reason = "required in the response")]
    attempts: u64,
    pub(crate) failures: u64,
    pub(crate) code: String,
    #[expect(dead_code, reason = "required in the response")]
    available_at: avala_types::Timestamp,
    #[serde(deserialize_with = "required")]
    pub(crate) publication_uid: Option<String>,
    #[serde(deserialize_with = "required")]
    pub(crate) dataset_uid: Option<String>,
}

/// The response to a new multipart upload.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Multipart {
    pub(crate) protocol: String,
    pub(crate) session_uid: String,
    pub(crate) file_uid: String,
    pub(crate) generation_uid: String,
    pub(crate) number: u64,
    pub(crate) state: String,
    pub(crate) part_size: u64,
    pub(crate) part_count: u64,
}

/// A page of stored parts.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Progress {
    pub(crate) protocol: String,
    pub(crate) session_uid: String,
    pub(crate) file_uid: String,
    pub(crate) generation_uid: String,
    pub(crate) parts: Vec<StoredPart>,
    #[serde(deserialize_with = "required")]
    pub(crate) next_cursor: Option<u64>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StoredPart {
    pub(crate) part_number: u64,
    pub(crate) size: u64,
}

/// The grants of parts.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Grants {
    pub(crate) protocol: String,
    pub(crate) session_uid: String,
    pub(crate) file_uid: String,
    pub(crate) generation_uid: String,
    pub(crate) parts: Vec<Grant>,
}

/// The grant of a part. It is a credential, so it has no `Debug` output.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    pub(crate) grant_uid: String,
    pub(crate) part_number: u64,
    pub(crate) offset: u64,
    pub(crate) size_bytes: u64,
    pub(crate) url: String,
    pub(crate) headers: std::collections::BTreeMap<String, String>,
    pub(crate) expires_at: avala_types::Timestamp,
}

impl std::fmt::Debug for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grant({})", self.part_number)
    }
}

/// The response to a finalization.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Finalized {
    pub(crate) protocol: String,
    pub(crate) session_uid: String,
    pub(crate) finalization: Finalization,
}

/// Returns whether a text is a UUID in its canonical form: lower case, with hyphens.
pub(crate) fn is_canonical(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|uuid| uuid.to_string() == text)
}
