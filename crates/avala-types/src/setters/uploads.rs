//! Setters of the models of uploads and storage.

use std::collections::BTreeMap;

use super::setters;
use crate::id::{StorageConfigUid, UploadUid};
use crate::manual_upload::{
    AllowedMimes, FormUpload, ManualUploadSession, SignedPart, SignedParts, UploadMethod, UploadQuota, UploadedPart,
};
use crate::storage_config::{S3AuthMethod, StorageConfig, StorageConfigSetupInfo, StorageProvider};
use crate::timestamp::Timestamp;

setters! {
    UploadQuota {
        with_used used: u64,
        with_limit limit: u64,
    }

    AllowedMimes {
        with_mime_types mime_types: Vec<String>,
        with_video_prefix video_prefix: String,
    }

    FormUpload {
        with_url url: String,
        with_fields fields: BTreeMap<String, String>,
    }

    ManualUploadSession {
        with_upload_uid upload_uid: UploadUid,
        with_method method: Option<UploadMethod>,
        with_url url: Option<String>,
        with_headers headers: BTreeMap<String, String>,
        with_part_size part_size: Option<u64>,
        with_part_count part_count: Option<u64>,
        with_uploaded_parts uploaded_parts: Vec<UploadedPart>,
        with_complete complete: Option<bool>,
    }

    UploadedPart {
        with_part_number part_number: u64,
        with_size size: Option<u64>,
    }

    SignedParts {
        with_parts parts: Vec<SignedPart>,
    }

    SignedPart {
        with_part_number part_number: u64,
        with_url url: String,
        with_headers headers: BTreeMap<String, String>,
    }

    StorageConfig {
        with_uid uid: StorageConfigUid,
        with_name name: String,
        with_provider provider: StorageProvider,
        with_s3_bucket_name s3_bucket_name: Option<String>,
        with_s3_bucket_region s3_bucket_region: Option<String>,
        with_s3_bucket_prefix s3_bucket_prefix: Option<String>,
        with_s3_auth_method s3_auth_method: Option<S3AuthMethod>,
        with_s3_is_accelerated s3_is_accelerated: bool,
        with_gc_storage_bucket_name gc_storage_bucket_name: Option<String>,
        with_gc_storage_prefix gc_storage_prefix: Option<String>,
        with_is_verified is_verified: bool,
        with_last_verified_at last_verified_at: Option<Timestamp>,
        with_created_at created_at: Option<Timestamp>,
        with_updated_at updated_at: Option<Timestamp>,
    }

    StorageConfigSetupInfo {
        with_avala_aws_account_id avala_aws_account_id: String,
        with_external_id external_id: String,
    }
}
