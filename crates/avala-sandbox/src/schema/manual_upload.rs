//! Uploads of dataset files.

use std::collections::BTreeMap;

use avala_types::{UploadMethod, UploadUid};

use super::record;

record! {
    /// Model `AllowedMimes`.
    pub(crate) struct AllowedMimes {
        required {}
        optional {
            mime_types: Vec<String>,
            video_prefix: String,
        }
    }
}

record! {
    /// Model `UploadQuota`.
    pub(crate) struct UploadQuota {
        required {
            used: u64,
            limit: u64,
        }
        optional {}
    }
}

record! {
    /// Model `FormUpload`.
    pub(crate) struct FormUpload {
        required {
            url: String,
        }
        optional {
            fields: BTreeMap<String, String>,
        }
    }
}

record! {
    /// Model `ManualUploadSession`.
    pub(crate) struct ManualUploadSession {
        required {
            upload_uid: UploadUid,
        }
        optional {
            method: Option<UploadMethod>,
            url: Option<String>,
            headers: BTreeMap<String, String>,
            part_size: Option<u64>,
            part_count: Option<u64>,
            uploaded_parts: Vec<UploadedPart>,
            complete: bool,
        }
    }
}

record! {
    /// Model `SignedPart`.
    pub(crate) struct SignedPart {
        required {
            part_number: u64,
            url: String,
        }
        optional {
            headers: BTreeMap<String, String>,
        }
    }
}

record! {
    /// Model `SignedParts`.
    pub(crate) struct SignedParts {
        required {}
        optional {
            parts: Vec<SignedPart>,
        }
    }
}

record! {
    /// Model `UploadedPart`.
    pub(crate) struct UploadedPart {
        required {
            part_number: u64,
        }
        optional {
            size: Option<u64>,
        }
    }
}
