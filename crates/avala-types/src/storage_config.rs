//! Storage configs: your own buckets that Avala reads.

use crate::id::StorageConfigUid;
use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

open_enum! {
    /// Storage provider of a bucket.
    pub enum StorageProvider {
        /// Amazon S3.
        AwsS3 = "aws_s3",
        /// Google Cloud Storage.
        GcStorage = "gc_storage",
        /// Google Cloud Storage; used by older deployments.
        GoogleCloudStorage = "google_cloud_storage",
    }

    /// Access method of an S3 bucket.
    pub enum S3AuthMethod {
        /// With an access key pair.
        AccessKey = "access_key",
        /// With a role that Avala assumes, without a key.
        IamRole = "iam_role",
    }
}

model! {
    /// A storage config: a bucket that Avala reads. The server does not return its credentials.
    #[derive(Eq, Hash)]
    pub struct StorageConfig {
        required {
            /// Unique identifier (UID).
            uid: StorageConfigUid,
            /// Display name.
            name: String,
            /// Storage provider.
            provider: StorageProvider,
        }
        optional {
            /// S3 bucket name.
            s3_bucket_name: Option<String>,
            /// AWS region of the S3 bucket.
            s3_bucket_region: Option<String>,
            /// Key prefix in the S3 bucket.
            s3_bucket_prefix: Option<String>,
            /// Access method of the S3 bucket.
            s3_auth_method: Option<S3AuthMethod>,
            /// Whether S3 Transfer Acceleration is enabled.
            s3_is_accelerated: bool,
            /// Google Cloud Storage bucket name.
            gc_storage_bucket_name: Option<String>,
            /// Object name prefix in the Google Cloud Storage bucket.
            gc_storage_prefix: Option<String>,
            /// Whether the last access by Avala succeeded.
            is_verified: bool,
            /// Time of the last successful access.
            last_verified_at: Option<Timestamp>,
            /// Creation time.
            created_at: Option<Timestamp>,
            /// Time of the last update.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// Trust requirements of an AWS role that Avala assumes.
    #[derive(Eq, Hash)]
    pub struct StorageConfigSetupInfo {
        required {
            /// AWS account of Avala.
            avala_aws_account_id: String,
            /// External ID that Avala sends when it assumes the role.
            external_id: String,
        }
        optional {}
    }
}

payload! {
    /// Payload that creates a storage config (`POST /storage-configs/`).
    #[derive(Eq, Hash)]
    pub struct CreateStorageConfig {
        required {
            /// Display name.
            name: String,
            /// Storage provider.
            provider: StorageProvider,
        }
        optional {
            /// S3 bucket name.
            s3_bucket_name: String,
            /// AWS region of the S3 bucket.
            s3_bucket_region: String,
            /// Key prefix in the S3 bucket.
            s3_bucket_prefix: String,
            /// Access method of the S3 bucket.
            s3_auth_method: S3AuthMethod,
            /// ARN of the role that Avala assumes, such as `arn:aws:iam::123456789012:role/avala`.
            s3_role_arn: String,
            /// Access key ID.
            s3_access_key_id: Secret,
            /// Secret access key.
            s3_secret_access_key: Secret,
            /// Whether S3 Transfer Acceleration is enabled.
            s3_is_accelerated: bool,
            /// Google Cloud Storage bucket name.
            gc_storage_bucket_name: String,
            /// Object name prefix in the Google Cloud Storage bucket.
            gc_storage_prefix: String,
            /// Google service account key: JSON, sent as a string.
            gc_storage_auth_json_content: Secret,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_keys_are_not_shown() {
        let config = CreateStorageConfig::new("bucket", StorageProvider::AwsS3)
            .s3_access_key_id("AKIAHIDDEN")
            .s3_secret_access_key("HIDDEN")
            .gc_storage_auth_json_content(r#"{"private_key":"HIDDEN"}"#);
        assert!(!format!("{config:?}").contains("HIDDEN"));
    }
}
