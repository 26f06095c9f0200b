//! Connected services: inference providers, models and storage configs.

use avala_types::{InferenceProviderType, S3AuthMethod, StorageProvider};
use serde_json::json;

use super::values::minutes;
use crate::demo;
use crate::schema::{InferenceProvider, Model, StorageConfig};
use crate::state::storage_config::StorageConfigRow;
use crate::state::tables::Tables;

pub(super) fn add(tables: &mut Tables) {
    add_inference_providers(tables);
    add_models(tables);
    add_storage_configs(tables);
}

fn add_inference_providers(tables: &mut Tables) {
    use InferenceProviderType::{Anthropic, Custom, Http, Openai, Sagemaker};
    for (index, (name, provider_type, config)) in [
        ("Pallet detector", Http, json!({ "endpoint": "https://models.acme.example/pallets" })),
        ("Segmenter", Sagemaker, json!({ "endpoint_name": "segmenter-3", "region": "eu-central-1" })),
        ("Captions", Openai, json!({ "model": "gpt-4o", "api_key": "***" })),
        ("Second opinion", Anthropic, json!({ "model": "claude-sonnet", "api_key": "***" })),
        ("Lab bench", Custom, json!({ "queue": "bench-2" })),
    ]
    .into_iter()
    .enumerate()
    {
        tables.inference_providers.add(|uid| {
            let mut provider = InferenceProvider::new(uid, name);
            provider.description = Some(format!("{name} of the perception team."));
            provider.provider_type = Some(provider_type);
            provider.config = Some(config.into());
            provider.is_active = Some(index != 4);
            provider.last_test_at = minutes(index * 60 + 30);
            provider.last_test_success = Some(index != 4);
            provider.created_at = minutes(index * 60);
            provider.updated_at = minutes(index * 60 + 30);
            provider
        });
    }
}

fn add_models(tables: &mut Tables) {
    for (index, (name, kind, is_public)) in [
        ("SAM 3", "segmentation", true),
        ("YOLO 11", "detection", true),
        ("Pallet detector 2", "detection", false),
        ("Cuboid fitter", "point cloud", false),
    ]
    .into_iter()
    .enumerate()
    {
        tables.models.add(|uid| {
            let mut model = Model::new(uid);
            model.name = Some(name.to_owned());
            model.description = Some(format!("{name}, for warehouses."));
            model.model_type_name = Some(kind.to_owned());
            model.model_type_description = Some(format!("A model for {kind}."));
            model.is_public = Some(is_public);
            model.created_at = minutes(index * 5000);
            model.updated_at = minutes(index * 5000);
            model
        });
    }
}

fn add_storage_configs(tables: &mut Tables) {
    for (index, (name, provider, owner)) in [
        ("Production bucket", StorageProvider::AwsS3, demo::OWNER),
        ("Archive", StorageProvider::GcStorage, demo::OWNER),
        ("Lab bucket", StorageProvider::AwsS3, demo::ORGANIZATION),
    ]
    .into_iter()
    .enumerate()
    {
        tables.storage_configs.add(|uid| {
            let is_s3 = provider == StorageProvider::AwsS3;
            let mut config = StorageConfig::new(uid, name, provider);
            let bucket = format!("{owner}-bucket-{index}");
            if is_s3 {
                config.s3_bucket_name = Some(bucket);
                config.s3_bucket_region = Some("us-west-2".to_owned());
                config.s3_bucket_prefix = Some("recordings/".to_owned());
                config.s3_auth_method = Some(S3AuthMethod::IamRole);
            } else {
                config.gc_storage_bucket_name = Some(bucket);
                config.gc_storage_prefix = Some("archive/".to_owned());
            }
            config.is_verified = index != 1;
            config.last_verified_at = if config.is_verified { minutes(index * 80 + 2) } else { None };
            config.created_at = minutes(index * 80);
            config.updated_at = minutes(index * 80 + 2);
            StorageConfigRow { config, owner: owner.into(), problem: None }
        });
    }
}
