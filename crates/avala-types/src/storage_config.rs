//! Storage configs: buckets of yours that Avala reads.

use crate::model::{model, payload};
use crate::open_enum::open_enum;
use crate::{Secret, StorageConfigUid, Timestamp};

open_enum! {
    /// Who keeps a bucket.
    pub enum StorageProvider {
        /// Amazon S3.
        AwsS3 = "aws_s3",
        /// Google Cloud Storage.
        GcStorage = "gc_storage",
        /// Google Cloud Storage; the word of older deployments.
        GoogleCloudStorage = "google_cloud_storage",
    }

    /// How Avala gets at an S3 bucket.
    pub enum S3AuthMethod {
        /// With a key pair.
        AccessKey = "access_key",
        /// By a role that it takes on, without a key.
        IamRole = "iam_role",
    }
}

model! {
    /// A bucket that Avala reads. The server does not tell how it gets at it.
    #[derive(Eq, Hash)]
    pub struct StorageConfig {
        required {
            /// Its identity.
            uid: StorageConfigUid,
            /// Its name, as people read it.
            name: String,
            /// Who keeps the bucket.
            provider: StorageProvider,
        }
        optional {
            /// The name of the S3 bucket.
            s3_bucket_name: Option<String>,
            /// The AWS region of the S3 bucket.
            s3_bucket_region: Option<String>,
            /// The part of the S3 bucket that is read: what its keys begin with.
            s3_bucket_prefix: Option<String>,
            /// How Avala gets at the S3 bucket.
            s3_auth_method: Option<S3AuthMethod>,
            /// Whether S3 Transfer Acceleration is used.
            s3_is_accelerated: bool,
            /// The name of the Google Cloud Storage bucket.
            gc_storage_bucket_name: Option<String>,
            /// The part of the Google Cloud Storage bucket that is read: what its names begin with.
            gc_storage_prefix: Option<String>,
            /// Whether Avala could read it when it last tried.
            is_verified: bool,
            /// When Avala could last read it.
            last_verified_at: Option<Timestamp>,
            /// When it was made.
            created_at: Option<Timestamp>,
            /// When it last changed.
            updated_at: Option<Timestamp>,
        }
    }
}

model! {
    /// What an AWS role must trust, so that Avala can take it on.
    #[derive(Eq, Hash)]
    pub struct StorageConfigSetupInfo {
        required {
            /// The AWS account of Avala.
            avala_aws_account_id: String,
            /// The external id that Avala sends with every request for the role.
            external_id: String,
        }
        optional {}
    }
}

payload! {
    /// A new storage config (`POST /storage-configs/`).
    #[derive(Eq, Hash)]
    pub struct CreateStorageConfig {
        required {
            /// Its name, as people read it.
            name: String,
            /// Who keeps the bucket.
            provider: StorageProvider,
        }
        optional {
            /// The name of the S3 bucket.
            s3_bucket_name: String,
            /// The AWS region of the S3 bucket.
            s3_bucket_region: String,
            /// The part of the S3 bucket that is read: what its keys begin with.
            s3_bucket_prefix: String,
            /// How Avala gets at the S3 bucket.
            s3_auth_method: S3AuthMethod,
            /// The role that Avala takes on, as `arn:aws:iam::123456789012:role/avala`.
            s3_role_arn: String,
            /// The name of the key pair.
            s3_access_key_id: Secret,
            /// The secret of the key pair.
            s3_secret_access_key: Secret,
            /// Whether S3 Transfer Acceleration is used.
            s3_is_accelerated: bool,
            /// The name of the Google Cloud Storage bucket.
            gc_storage_bucket_name: String,
            /// The part of the Google Cloud Storage bucket that is read: what its names begin with.
            gc_storage_prefix: String,
            /// The key file of a Google service account: JSON, sent as a string.
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
