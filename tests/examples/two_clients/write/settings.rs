//! Writes connections of an account to other systems.

use avala_client::Avala;
use avala_client::types::{
    CreateAgent, CreateInferenceProvider, CreateStorageConfig, CreateWebhook, EventType, InferenceProviderType,
    S3AuthMethod, StorageProvider, TaskType,
};
use serde_json::json;

use super::first;
use crate::Failure;
use crate::record::Record;

pub(super) async fn webhook(avala: &Avala) -> Result<Record, Failure> {
    let webhook = CreateWebhook::new("https://rust.example/avala", [EventType::DatasetCreated]).is_active(false);
    let made = avala.webhooks().create(&webhook).await?;
    Record::new("webhook", [made.uid.as_str()], &webhook)
}

pub(super) async fn agent(avala: &Avala) -> Result<Record, Failure> {
    let agent = CreateAgent::new("From Rust")
        .description("An agent")
        .events([EventType::ResultSubmitted])
        .task_types([TaskType::ImageAnnotation])
        .callback_url("https://rust.example/agent")
        .project(first(avala.projects().list().items()).await?.uid);
    let made = avala.agents().create(&agent).await?;
    Record::new("agent", [made.uid.as_str()], &agent)
}

/// Returns a storage config, whose key no response has.
pub(super) async fn storage_config(avala: &Avala) -> Result<Record, Failure> {
    let config = CreateStorageConfig::new("From Rust", StorageProvider::AwsS3)
        .s3_bucket_name("rust-bucket")
        .s3_bucket_region("eu-central-1")
        .s3_bucket_prefix("drives/")
        .s3_auth_method(S3AuthMethod::AccessKey)
        .s3_access_key_id("AKIA")
        .s3_secret_access_key("hidden")
        .s3_is_accelerated(true);
    let made = avala.storage_configs().create(&config).await?;
    let record = Record::new("storage_config", [made.uid.as_str()], &config)?;
    Ok(record.without(["s3_access_key_id", "s3_secret_access_key"]))
}

pub(super) async fn inference_provider(avala: &Avala) -> Result<Record, Failure> {
    let endpoint = json!({ "endpoint": "https://rust.example/model" });
    let provider = CreateInferenceProvider::new("From Rust", InferenceProviderType::Http, endpoint)
        .description("A model")
        .is_active(false);
    let made = avala.inference_providers().create(&provider).await?;
    Record::new("inference_provider", [made.uid.as_str()], &provider)
}
