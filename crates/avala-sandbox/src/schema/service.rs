//! Inference providers, models and storage configs.

use std::collections::BTreeMap;

use avala_types::{
    InferenceProviderType, InferenceProviderUid, ModelUid, ProjectRef, S3AuthMethod, SecretJson, StorageConfigUid,
    StorageProvider, Timestamp,
};

use super::record;

record! {
    /// Model `InferenceProvider`.
    pub(crate) struct InferenceProvider {
        required {
            uid: InferenceProviderUid,
            name: String,
        }
        optional {
            description: Option<String>,
            provider_type: Option<InferenceProviderType>,
            config: Option<SecretJson>,
            is_active: Option<bool>,
            project: Option<ProjectRef>,
            last_test_at: Option<Timestamp>,
            last_test_success: Option<bool>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `InferenceProviderTest`.
    pub(crate) struct InferenceProviderTest {
        required {}
        optional {
            success: Option<bool>,
            message: Option<String>,
            tested_at: Option<Timestamp>,
            latency_ms: Option<f64>,
        }
    }
}

record! {
    /// Model `StorageConfig`.
    pub(crate) struct StorageConfig {
        required {
            uid: StorageConfigUid,
            name: String,
            provider: StorageProvider,
        }
        optional {
            s3_bucket_name: Option<String>,
            s3_bucket_region: Option<String>,
            s3_bucket_prefix: Option<String>,
            s3_auth_method: Option<S3AuthMethod>,
            s3_is_accelerated: bool,
            gc_storage_bucket_name: Option<String>,
            gc_storage_prefix: Option<String>,
            is_verified: bool,
            last_verified_at: Option<Timestamp>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}

record! {
    /// Model `StorageConfigSetupInfo`.
    pub(crate) struct StorageConfigSetupInfo {
        required {
            avala_aws_account_id: String,
            external_id: String,
        }
        optional {}
    }
}

record! {
    /// Model `StorageConfigTest`.
    pub(crate) struct StorageConfigTest {
        required {}
        optional {
            verified: Option<bool>,
            errors: Option<BTreeMap<String, Vec<String>>>,
            success: Option<bool>,
            message: Option<String>,
        }
    }
}

record! {
    /// Model `Model`.
    pub(crate) struct Model {
        required {
            uid: ModelUid,
        }
        optional {
            name: Option<String>,
            description: Option<String>,
            model_type_name: Option<String>,
            model_type_description: Option<String>,
            is_public: Option<bool>,
            created_at: Option<Timestamp>,
            updated_at: Option<Timestamp>,
        }
    }
}
