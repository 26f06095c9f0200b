//! Payloads of services: storage, models, webhooks and accounts.

use avala_types::*;
use serde_json::json;

use super::sample::{CLEARED, LEAST, MOST, Sample, body};

pub(super) fn samples() -> Vec<Sample> {
    [storage(), inference(), webhooks(), accounts()].into_iter().flatten().collect()
}

fn storage() -> Vec<Sample> {
    let config = CreateStorageConfig::new("Rohdaten Hamburg", StorageProvider::AwsS3);
    let full = config
        .clone()
        .s3_bucket_name("nordlicht-raw")
        .s3_bucket_region("eu-central-1")
        .s3_bucket_prefix("halle-3/")
        .s3_auth_method(S3AuthMethod::AccessKey)
        .s3_role_arn("arn:aws:iam::004411223344:role/avala")
        .s3_access_key_id("AKIA7TEALHERON")
        .s3_secret_access_key("wJalr-crimson-owl")
        .s3_is_accelerated(true)
        .gc_storage_bucket_name("nordlicht-mirror")
        .gc_storage_prefix("spiegel/")
        .gc_storage_auth_json_content(r#"{"type":"service_account","private_key":"grey-otter"}"#);
    vec![body("storage_configs.create", [(LEAST, config), (MOST, full)])]
}

fn inference() -> Vec<Sample> {
    let config = json!({"endpoint": "tram-detector-prod", "api_key": "sk-indigo-stork"});
    let provider = CreateInferenceProvider::new("SageMaker Göteborg", InferenceProviderType::Sagemaker, &config);
    let full = provider.clone().description("Tram detector").is_active(true).project("prj-hafen");
    let update = UpdateInferenceProvider::default()
        .name("SageMaker Malmö")
        .provider_type("vertex_ai")
        .config(&config)
        .is_active(false)
        .description("Tram detector, fp8")
        .project(42);
    let cleared = UpdateInferenceProvider::default().description(Patch::Null).project(Patch::Null);
    vec![
        body("inference_providers.create", [(LEAST, provider), (MOST, full)]),
        body(
            "inference_providers.update",
            [(LEAST, UpdateInferenceProvider::default()), (MOST, update), (CLEARED, cleared)],
        ),
    ]
}

fn webhooks() -> Vec<Sample> {
    let webhook = CreateWebhook::new("https://hooks.nordlicht-robotik.de/avala", [EventType::ExportCompleted]);
    let full = webhook.clone().is_active(false).secret("whsec_olive-crane");
    let update = UpdateWebhook::default()
        .target_url("https://hooks.nordlicht-robotik.de/v2")
        .is_active(true)
        .events([EventType::QualityAlert, "sequence.recalibrated".into()]);
    vec![
        body("webhooks.create", [(LEAST, webhook), (MOST, full)]),
        body("webhooks.update", [(LEAST, UpdateWebhook::default()), (MOST, update)]),
    ]
}

fn accounts() -> Vec<Sample> {
    let signup = Signup::new("lukas@example.cz", "correct-horse-lukáš");
    vec![body("signup.create", [(LEAST, signup.clone()), (MOST, signup.first_name("Lukáš").last_name("Dvořák"))])]
}
