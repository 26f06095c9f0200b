//! Calls of managed uploads: admission, multipart uploads, and finalization.

use std::collections::BTreeMap;

use crate::fleet::{GenerationState, ManagedFinalization, ManagedUploadProtocol};
use crate::id::{GenerationUid, GrantUid, OriginalUid, UploadSessionUid};
use crate::json::Json;
use crate::model::{model, payload};
use crate::timestamp::Timestamp;

model! {
    /// Multipart upload that was started for a file.
    #[derive(Eq, Hash)]
    pub struct ManagedMultipart {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
            /// File that the parts belong to.
            file_uid: OriginalUid,
            /// Identifier of the multipart upload.
            generation_uid: GenerationUid,
            /// Number of the multipart upload; the first one of a file is 1.
            number: u64,
            /// State of the multipart upload.
            state: GenerationState,
            /// Size of each part in bytes; the last part may be smaller.
            part_size: u64,
            /// Number of parts.
            part_count: u64,
        }
        optional {
            /// Time until which the server waits for the initialization.
            initialization_deadline: Option<Timestamp>,
        }
    }
}

model! {
    /// One page of the parts that the storage has.
    #[derive(Eq, Hash)]
    pub struct ManagedProgress {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
            /// Identifier of the multipart upload.
            generation_uid: GenerationUid,
        }
        optional {
            /// File that the parts belong to.
            file_uid: Option<OriginalUid>,
            /// Parts in the order of their numbers, as the server sent them; see
            /// [`stored_parts`](ManagedProgress::stored_parts).
            parts: Option<Json>,
            /// Number of the last part on this page if there are more: the `after` of the next call.
            next_cursor: Option<u64>,
        }
    }
}

impl ManagedProgress {
    /// Decodes the parts; none if the server sent none.
    ///
    /// # Errors
    /// If they are not a list, or an element lacks the fields of a [`ManagedPart`].
    pub fn stored_parts(&self) -> Result<Vec<ManagedPart>, serde_json::Error> {
        self.parts.as_ref().map_or_else(|| Ok(Vec::new()), Json::parse)
    }
}

model! {
    /// Part of a file that the storage has.
    #[derive(Eq, Hash)]
    pub struct ManagedPart {
        required {
            /// Number of the part; the first one is 1.
            part_number: u64,
            /// Size in bytes.
            size: u64,
        }
        optional {}
    }
}

model! {
    /// Grants to store parts of a file.
    #[derive(Eq, Hash)]
    pub struct ManagedPartGrants {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
            /// Identifier of the multipart upload.
            generation_uid: GenerationUid,
        }
        optional {
            /// File that the parts belong to.
            file_uid: Option<OriginalUid>,
            /// Grants as the server sent them; see [`grants`](ManagedPartGrants::grants).
            parts: Option<Json>,
        }
    }
}

impl ManagedPartGrants {
    /// Decodes the grants; none if the server sent none.
    ///
    /// # Errors
    /// If they are not a list, or an element lacks the fields of a [`ManagedPartGrant`].
    pub fn grants(&self) -> Result<Vec<ManagedPartGrant>, serde_json::Error> {
        self.parts.as_ref().map_or_else(|| Ok(Vec::new()), Json::parse)
    }
}

model! {
    /// Grant to store one part with a PUT, without an API key.
    #[derive(Eq, Hash)]
    pub struct ManagedPartGrant {
        required {
            /// Identifier of the grant.
            grant_uid: GrantUid,
            /// Number of the part; the first one is 1.
            part_number: u64,
            /// Position of the part in the file, in bytes.
            offset: u64,
            /// Size of the part in bytes.
            size_bytes: u64,
            /// Signed URL of the part.
            url: String,
            /// Time until which the URL is valid.
            expires_at: Timestamp,
        }
        optional {
            /// Headers that have to be sent with the part.
            headers: BTreeMap<String, String>,
        }
    }
}

model! {
    /// Work that the server does on the uploaded files.
    #[derive(Eq, Hash)]
    pub struct ManagedFinalizeResponse {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
        }
        optional {
            /// State of the work.
            finalization: Option<ManagedFinalization>,
        }
    }
}

payload! {
    /// All files of a managed upload (`POST /fleet/recordings/{recording_uid}/managed-upload/admit/`).
    #[derive(Eq, Hash)]
    pub struct AdmitManagedUpload {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session: a UUID that the client creates, so that the call can be repeated.
            session_uid: UploadSessionUid,
            /// Files, at most [`MAX_FILES`](AdmitManagedUpload::MAX_FILES).
            files: Vec<ManagedFile>,
        }
        optional {}
    }
}

impl AdmitManagedUpload {
    /// Maximum number of files in one upload.
    pub const MAX_FILES: usize = 64;
}

payload! {
    /// File of a managed upload.
    #[derive(Eq, Hash)]
    pub struct ManagedFile {
        required {
            /// Path in the recording, ending in `.mcap`.
            path: String,
            /// Size in bytes.
            size_bytes: u64,
            /// SHA-256 of the content, in lower-case hexadecimal.
            content_sha256: String,
        }
        optional {}
    }
}

payload! {
    /// Start of a multipart upload (`POST /fleet/recordings/{recording_uid}/managed-upload/multipart/init/`).
    #[derive(Eq, Hash)]
    pub struct InitManagedMultipart {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
            /// File that the parts belong to.
            file_uid: OriginalUid,
        }
        optional {}
    }
}

payload! {
    /// Request for grants to store parts
    /// (`POST /fleet/recordings/{recording_uid}/managed-upload/multipart/parts/`).
    #[derive(Eq, Hash)]
    pub struct GrantManagedParts {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
            /// File that the parts belong to.
            file_uid: OriginalUid,
            /// Identifier of the multipart upload.
            generation_uid: GenerationUid,
            /// Numbers of the parts. Official clients ask for one at a time.
            numbers: Vec<u64>,
        }
        optional {}
    }
}

payload! {
    /// End of a managed upload (`POST /fleet/recordings/{recording_uid}/managed-upload/finalize/`).
    #[derive(Eq, Hash)]
    pub struct FinalizeManagedUpload {
        required {
            /// Protocol of the upload.
            protocol: ManagedUploadProtocol,
            /// Upload session.
            session_uid: UploadSessionUid,
            /// Files with their multipart uploads, sorted by `file_uid`.
            files: Vec<FinalizedFile>,
        }
        optional {}
    }
}

payload! {
    /// File whose parts are all stored.
    #[derive(Eq, Hash)]
    pub struct FinalizedFile {
        required {
            /// Identifier of the file.
            file_uid: OriginalUid,
            /// Identifier of its multipart upload.
            generation_uid: GenerationUid,
        }
        optional {}
    }
}
