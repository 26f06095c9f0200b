//! The upload of a recording: a session, a URL for each file, and a confirmation that the file is stored.

use std::collections::BTreeMap;

use super::etag::ETag;
use crate::id::{StorageConfigUid, UploadSessionUid};
use crate::model::{model, payload};
use crate::open_enum::open_enum;

open_enum! {
    /// Upload status of a recording.
    pub enum UploadSessionStatus {
        /// No file was uploaded yet.
        Initiated = "initiated",
        /// Partially uploaded.
        Uploading = "uploading",
        /// Uploaded; files are being processed.
        Completing = "completing",
        /// The files belong to the recording.
        Completed = "completed",
        /// Abandoned.
        Abandoned = "abandoned",
    }
}

model! {
    /// The upload of a recording's files.
    #[derive(Eq, Hash)]
    pub struct UploadSession {
        required {
            /// Unique identifier (UID).
            uid: UploadSessionUid,
        }
        optional {
            /// Number of files.
            total_files: Option<u64>,
            /// Total size of all files, in bytes.
            total_bytes: Option<u64>,
            /// Number of confirmed files.
            confirmed_files: Option<u64>,
            /// Size of the confirmed files, in bytes.
            confirmed_bytes: Option<u64>,
            /// Key prefix of the files in the bucket.
            s3_prefix: Option<String>,
            /// Status.
            status: Option<UploadSessionStatus>,
        }
    }
}

model! {
    /// Presigned URLs of files.
    #[derive(Eq, Hash)]
    pub struct UploadUrlsResponse {
        required {}
        optional {
            /// One per file.
            urls: Vec<UploadUrlEntry>,
        }
    }
}

model! {
    /// Presigned URL of a file.
    #[derive(Eq, Hash)]
    pub struct UploadUrlEntry {
        required {
            /// Path of the file in the recording.
            path: String,
            /// Presigned URL for a PUT of the file, without an API key; it expires.
            put_url: String,
            /// Key of the file in the bucket.
            s3_key: String,
        }
        optional {
            /// Headers to send with the file.
            headers: BTreeMap<String, String>,
        }
    }
}

model! {
    /// Response of confirming uploaded files.
    ///
    /// Servers send one of two formats: `confirmed` and `total_confirmed`, or, newer, the session with its figures.
    #[derive(Eq, Hash)]
    pub struct UploadConfirmResponse {
        required {}
        optional {
            /// The upload session.
            session_uid: Option<UploadSessionUid>,
            /// Number of files in this call that were confirmed.
            confirmed: Option<u64>,
            /// Number of files confirmed so far (older format).
            total_confirmed: Option<u64>,
            /// Number of files in the session.
            total_files: Option<u64>,
            /// Size of all files in bytes.
            total_bytes: Option<u64>,
            /// Number of files confirmed so far (newer format).
            confirmed_files: Option<u64>,
            /// Size of the confirmed files in bytes.
            confirmed_bytes: Option<u64>,
        }
    }
}

model! {
    /// State of an upload and its missing files, from which an upload is resumed.
    #[derive(Eq, Hash)]
    pub struct UploadStatusResponse {
        required {
            /// UID of the upload.
            session_uid: UploadSessionUid,
            /// Status.
            status: UploadSessionStatus,
        }
        optional {
            /// Number of files.
            total_files: Option<u64>,
            /// Number of confirmed files.
            confirmed_files: Option<u64>,
            /// Total size of all files, in bytes.
            total_bytes: Option<u64>,
            /// Size of the confirmed files, in bytes.
            confirmed_bytes: Option<u64>,
            /// Paths of unconfirmed files.
            pending_paths: Vec<String>,
        }
    }
}

model! {
    /// Progress of an upload as its sender sees it; created by clients, not by the server.
    #[derive(Eq, Hash)]
    pub struct UploadProgress {
        required {
            /// Number of files.
            total_files: u64,
            /// Number of uploaded files.
            uploaded_files: u64,
            /// Total size of all files, in bytes.
            total_bytes: u64,
            /// Number of uploaded bytes.
            uploaded_bytes: u64,
        }
        optional {
            /// Number of failed files.
            failed_files: Option<u64>,
        }
    }
}

model! {
    /// Response to the end of an upload. Older servers send only `status`.
    #[derive(Eq, Hash)]
    pub struct UploadFinalizeResponse {
        required {}
        optional {
            /// The next step, a sentence.
            detail: Option<String>,
            /// Upload session.
            session_uid: Option<UploadSessionUid>,
            /// State of the session.
            status: Option<UploadSessionStatus>,
        }
    }
}

payload! {
    /// Payload that starts an upload (`POST /fleet/recordings/{recording_uid}/upload/init/`).
    #[derive(Eq, Hash)]
    pub struct InitUpload {
        required {
            /// All files of the recording.
            files: Vec<UploadFile>,
        }
        optional {
            /// Storage config of the destination, if it is not Avala's storage.
            storage_config_uid: StorageConfigUid,
        }
    }
}

payload! {
    /// A file to upload.
    #[derive(Eq, Hash)]
    pub struct UploadFile {
        required {
            /// Path in the recording, with slashes.
            path: String,
            /// Size in bytes.
            size_bytes: u64,
        }
        optional {}
    }
}

payload! {
    /// Payload that requests upload URLs (`POST /fleet/recordings/{recording_uid}/upload/urls/`).
    #[derive(Eq, Hash)]
    pub struct GetUploadUrls {
        required {
            /// UID of the upload.
            session_uid: UploadSessionUid,
            /// Paths of the files, at most [`MAX_PATHS`](GetUploadUrls::MAX_PATHS).
            file_paths: Vec<String>,
        }
        optional {}
        numbers {
            /// Lifetime of the URLs in seconds.
            ttl_seconds: u64,
        }
    }
}

impl GetUploadUrls {
    /// Maximum number of paths per call.
    pub const MAX_PATHS: usize = 100;
}

payload! {
    /// Payload that confirms uploaded files (`POST /fleet/recordings/{recording_uid}/upload/confirm/`).
    #[derive(Eq, Hash)]
    pub struct ConfirmUpload {
        required {
            /// UID of the upload.
            session_uid: UploadSessionUid,
            /// Files, at most [`MAX_FILES`](ConfirmUpload::MAX_FILES).
            files: Vec<ConfirmedFile>,
        }
        optional {}
    }
}

impl ConfirmUpload {
    /// Maximum number of files per call.
    pub const MAX_FILES: usize = 500;
}

payload! {
    /// An uploaded file.
    #[derive(Eq, Hash)]
    pub struct ConfirmedFile {
        required {
            /// Path in the recording, with slashes.
            path: String,
            /// The `ETag` that the storage responded with. Quotes are removed, also those of a weak tag.
            etag: ETag,
            /// Size in bytes.
            size_bytes: u64,
        }
        optional {}
    }
}

payload! {
    /// Payload that finalizes an upload (`POST /fleet/recordings/{recording_uid}/upload/finalize/`).
    #[derive(Eq, Hash)]
    pub struct FinalizeUpload {
        required {
            /// UID of the upload.
            session_uid: UploadSessionUid,
        }
        optional {}
    }
}
