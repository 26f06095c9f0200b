//! The upload of a recording: a session, an address for each file, and the word that the file is there.

use std::collections::BTreeMap;

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{StorageConfigUid, UploadSessionUid};

open_enum! {
    /// How far the upload of a recording is.
    pub enum UploadSessionStatus {
        /// No file has come yet.
        Initiated = "initiated",
        /// Some files have come.
        Uploading = "uploading",
        /// All files have come, and are being looked at.
        Completing = "completing",
        /// The recording has its files.
        Completed = "completed",
        /// It was given up.
        Abandoned = "abandoned",
    }
}

model! {
    /// The upload of the files of a recording.
    #[derive(Eq, Hash)]
    pub struct UploadSession {
        required {
            /// Its identity.
            uid: UploadSessionUid,
        }
        optional {
            /// How many files it has.
            total_files: u64,
            /// The size of all files in bytes.
            total_bytes: u64,
            /// How many files are confirmed.
            confirmed_files: u64,
            /// The size of the confirmed files in bytes.
            confirmed_bytes: u64,
            /// Where the files go in the bucket.
            s3_prefix: Option<String>,
            /// How far it is.
            status: Option<UploadSessionStatus>,
        }
    }
}

model! {
    /// The addresses that files are sent to.
    #[derive(Eq, Hash)]
    pub struct UploadUrlsResponse {
        required {}
        optional {
            /// One for each file.
            urls: Vec<UploadUrlEntry>,
        }
    }
}

model! {
    /// The address that a file is sent to.
    #[derive(Eq, Hash)]
    pub struct UploadUrlEntry {
        required {
            /// The path of the file in the recording.
            path: String,
            /// The address, which takes the file by PUT and without an API key, for a while.
            put_url: String,
            /// Where the file is in the bucket then.
            s3_key: String,
        }
        optional {
            /// The headers that must go with the file.
            headers: BTreeMap<String, String>,
        }
    }
}

model! {
    /// The answer to the word that files are there.
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
    /// How far an upload is, and what is missing: what a resumed upload starts from.
    #[derive(Eq, Hash)]
    pub struct UploadStatusResponse {
        required {
            /// The upload.
            session_uid: UploadSessionUid,
            /// How far it is.
            status: UploadSessionStatus,
        }
        optional {
            /// How many files it has.
            total_files: u64,
            /// How many files are confirmed.
            confirmed_files: u64,
            /// The size of all files in bytes.
            total_bytes: u64,
            /// The size of the confirmed files in bytes.
            confirmed_bytes: u64,
            /// The paths of the files that are not confirmed.
            pending_paths: Vec<String>,
        }
    }
}

model! {
    /// How far an upload is, as its sender sees it: made by a client, not by the server.
    #[derive(Eq, Hash)]
    pub struct UploadProgress {
        required {
            /// How many files there are.
            total_files: u64,
            /// How many of them are sent.
            uploaded_files: u64,
            /// The size of all files in bytes.
            total_bytes: u64,
            /// How many bytes of them are sent.
            uploaded_bytes: u64,
        }
        optional {
            /// How many files could not be sent.
            failed_files: u64,
        }
    }
}

model! {
    /// Response to the end of an upload. Older servers send `status` alone.
    pub struct UploadFinalizeResponse {
        required {}
        optional {
            /// What happens next, in a sentence.
            detail: Option<String>,
            /// Upload session.
            session_uid: Option<UploadSessionUid>,
            /// State of the session.
            status: Option<UploadSessionStatus>,
        }
    }
}

payload! {
    /// A new upload (`POST /fleet/recordings/{recording_uid}/upload/init/`).
    #[derive(Eq, Hash)]
    pub struct InitUpload {
        required {
            /// All files of the recording.
            files: Vec<UploadFile>,
        }
        optional {
            /// The storage that they go to, if it is not Avala's.
            storage_config_uid: StorageConfigUid,
        }
    }
}

payload! {
    /// A file that will be sent.
    #[derive(Eq, Hash)]
    pub struct UploadFile {
        required {
            /// Its path in the recording, with slashes.
            path: String,
            /// Its size in bytes.
            size_bytes: u64,
        }
        optional {}
    }
}

payload! {
    /// The wish for addresses (`POST /fleet/recordings/{recording_uid}/upload/urls/`).
    #[derive(Eq, Hash)]
    pub struct GetUploadUrls {
        required {
            /// The upload.
            session_uid: UploadSessionUid,
            /// The paths of the files, at most [`MAX_PATHS`](GetUploadUrls::MAX_PATHS).
            file_paths: Vec<String>,
        }
        optional {}
        numbers {
            /// How long the addresses are good for, in seconds.
            ttl_seconds: u64,
        }
    }
}

impl GetUploadUrls {
    /// How many paths go into one call.
    pub const MAX_PATHS: usize = 100;
}

payload! {
    /// The word that files are there (`POST /fleet/recordings/{recording_uid}/upload/confirm/`).
    #[derive(Eq, Hash)]
    pub struct ConfirmUpload {
        required {
            /// The upload.
            session_uid: UploadSessionUid,
            /// The files, at most [`MAX_FILES`](ConfirmUpload::MAX_FILES).
            files: Vec<ConfirmedFile>,
        }
        optional {}
    }
}

impl ConfirmUpload {
    /// How many files go into one call.
    pub const MAX_FILES: usize = 500;
}

payload! {
    /// A file that was sent.
    #[derive(Eq, Hash)]
    pub struct ConfirmedFile {
        required {
            /// Its path in the recording, with slashes.
            path: String,
            /// The `ETag` that the storage responded with. Quotes are removed, also those of a weak tag.
            etag: ETag,
            /// Its size in bytes.
            size_bytes: u64,
        }
        optional {}
    }
}

payload! {
    /// The word that all files are there (`POST /fleet/recordings/{recording_uid}/upload/finalize/`).
    #[derive(Eq, Hash)]
    pub struct FinalizeUpload {
        required {
            /// The upload.
            session_uid: UploadSessionUid,
        }
        optional {}
    }
}

/// The tag of a stored file, as the `ETag` header of the storage has it but without quotes.
///
/// ```
/// use avala_types::ETag;
///
/// assert_eq!(ETag::from("\"9e107d9d\""), ETag::from("9e107d9d"));
/// assert_eq!(ETag::from("W/\"9e107d9d\"").as_str(), "9e107d9d");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag(Box<str>);

impl ETag {
    /// Returns the tag without quotes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ETag {
    fn from(tag: &str) -> Self {
        let tag = tag.trim();
        let strong = tag.strip_prefix("W/").unwrap_or(tag);
        let bare = strong.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        Self(bare.unwrap_or(tag).into())
    }
}

impl From<String> for ETag {
    fn from(tag: String) -> Self {
        Self::from(tag.as_str())
    }
}

impl From<&String> for ETag {
    fn from(tag: &String) -> Self {
        Self::from(tag.as_str())
    }
}

impl From<ETag> for String {
    fn from(tag: ETag) -> Self {
        tag.0.into()
    }
}

impl std::fmt::Display for ETag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

crate::scalar::text!(ETag);
crate::text_eq::text_eq!(ETag);
crate::setter::converted!(ETag);
