//! Uploads of recordings.

use std::collections::BTreeMap;

use avala_types::{UploadSessionStatus, UploadSessionUid};

use super::record;

record! {
    /// Model `UploadConfirmResponse`.
    pub(crate) struct UploadConfirmResponse {
        required {}
        optional {
            session_uid: Option<UploadSessionUid>,
            total_files: Option<u64>,
            total_bytes: Option<u64>,
            confirmed_files: Option<u64>,
            confirmed_bytes: Option<u64>,
            confirmed: Option<u64>,
            total_confirmed: Option<u64>,
        }
    }
}

record! {
    /// Model `UploadFinalizeResponse`.
    pub(crate) struct UploadFinalizeResponse {
        required {}
        optional {
            detail: Option<String>,
            session_uid: Option<UploadSessionUid>,
            status: Option<String>,
        }
    }
}

record! {
    /// Model `UploadSession`.
    pub(crate) struct UploadSession {
        required {
            uid: UploadSessionUid,
        }
        optional {
            total_files: u64,
            total_bytes: u64,
            confirmed_files: u64,
            confirmed_bytes: u64,
            s3_prefix: Option<String>,
            status: Option<UploadSessionStatus>,
        }
    }
}

record! {
    /// Model `UploadStatusResponse`.
    pub(crate) struct UploadStatusResponse {
        required {
            session_uid: UploadSessionUid,
            status: UploadSessionStatus,
        }
        optional {
            total_files: u64,
            confirmed_files: u64,
            total_bytes: u64,
            confirmed_bytes: u64,
            pending_paths: Vec<String>,
        }
    }
}

record! {
    /// Model `UploadUrlEntry`.
    pub(crate) struct UploadUrlEntry {
        required {
            path: String,
            put_url: String,
            s3_key: String,
        }
        optional {
            headers: BTreeMap<String, String>,
        }
    }
}

record! {
    /// Model `UploadUrlsResponse`.
    pub(crate) struct UploadUrlsResponse {
        required {}
        optional {
            urls: Vec<UploadUrlEntry>,
        }
    }
}
