//! Responses as a Django server writes them: every field of a model, with null for unset ones.

use std::collections::{BTreeMap, BTreeSet};

use avala_sandbox::{Sandbox, demo};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json as value};

use crate::client::{act, create, fetch, first_uid, get, json, patch};

const MODELS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/contract/types.json"));

#[derive(Deserialize)]
struct Model {
    fields: BTreeMap<String, Value>,
}

fn fields_of(model: &str) -> BTreeSet<String> {
    let models: BTreeMap<String, Model> = serde_json::from_str(MODELS).unwrap();
    models[model].fields.keys().cloned().collect()
}

fn names(record: &Value) -> BTreeSet<String> {
    record.as_object().unwrap_or_else(|| panic!("{record}")).keys().cloned().collect()
}

#[tokio::test]
async fn every_list_has_every_field_of_its_model() {
    let sandbox = Sandbox::start().await.unwrap();
    let (images, lidar) = (
        format!("/datasets/{}/{}/items/", demo::OWNER, demo::IMAGE_DATASET),
        format!("/datasets/{}/{}/sequences/", demo::OWNER, demo::LIDAR_DATASET),
    );
    let mut nulls = 0;
    for (path, model, omitted) in [
        ("/datasets/", "Dataset", &[][..]),
        (&images, "DatasetItem", &[]),
        (&lidar, "DatasetSequence", &["frames"]),
        ("/tasks/", "Task", &[]),
        ("/users/me/projects/", "Project", &[]),
        ("/exports/", "Export", &[]),
        ("/agents/", "Agent", &[]),
        ("/webhooks/", "Webhook", &[]),
        ("/webhook-deliveries/", "WebhookDelivery", &[]),
        ("/storage-configs/", "StorageConfig", &[]),
        ("/inference-providers/", "InferenceProvider", &[]),
        ("/auto-label-jobs/", "AutoLabelJob", &[]),
        ("/models/", "Model", &[]),
        ("/fleet/devices/", "FleetDevice", &[]),
        ("/fleet/recordings/", "FleetRecording", &[]),
        ("/fleet/events/", "FleetEvent", &[]),
        ("/fleet/rules/", "FleetRule", &[]),
        ("/fleet/alerts/", "FleetAlert", &[]),
        ("/fleet/alert-channels/", "FleetAlertChannel", &[]),
        ("/organizations/", "Organization", &[]),
        ("/organizations/northwind-labs/members/", "OrganizationMember", &[]),
        ("/organizations/northwind-labs/invitations/", "Invitation", &[]),
        ("/slices/acme-robotics/list/", "Slice", &[]),
    ] {
        let mut expected = fields_of(model);
        expected.retain(|field| !omitted.contains(&field.as_str()));
        let page = fetch(&sandbox, path).await;
        let rows = page["results"].as_array().unwrap();
        assert!(!rows.is_empty(), "{path}");
        for row in rows {
            assert_eq!(names(row), expected, "{path}");
            nulls += row.as_object().unwrap().values().filter(|value| value.is_null()).count();
        }
    }
    assert!(nulls > 1000, "{nulls} nulls");
}

#[tokio::test]
async fn test_calls_respond_with_their_models() {
    let sandbox = Sandbox::start().await.unwrap();
    for (list, model) in [
        ("/agents/", "AgentTest"),
        ("/webhooks/", "WebhookTest"),
        ("/inference-providers/", "InferenceProviderTest"),
        ("/fleet/alert-channels/", "AlertChannelTest"),
        ("/storage-configs/", "StorageConfigTest"),
    ] {
        let uid = first_uid(&sandbox, list).await;
        let response = json(&act(&sandbox, &format!("{list}{uid}/test/")).await, StatusCode::OK);
        assert_eq!(names(&response), fields_of(model), "{list}");
        assert_eq!(response["success"], true, "{list}");
    }
}

#[tokio::test]
async fn storage_test_names_the_missing_field() {
    let sandbox = Sandbox::start().await.unwrap();
    let valid = value!({"name": "v", "provider": "aws_s3", "s3_bucket_name": "b", "s3_auth_method": "access_key",
        "s3_access_key_id": "AKIA", "s3_secret_access_key": "s"});
    let config = create(&sandbox, "/storage-configs/", valid).await;
    let path = format!("/storage-configs/{}/test/", config["uid"].as_str().unwrap());
    let result = json(&act(&sandbox, &path).await, StatusCode::OK);
    assert_eq!((&result["verified"], &result["errors"]), (&value!(true), &value!({})));

    let config = create(&sandbox, "/storage-configs/", value!({"name": "n", "provider": "aws_s3"})).await;
    let path = format!("/storage-configs/{}/test/", config["uid"].as_str().unwrap());
    let result = json(&act(&sandbox, &path).await, StatusCode::OK);
    assert_eq!((&result["verified"], &result["success"]), (&value!(false), &value!(false)));
    assert!(result["errors"]["s3_bucket_name"][0].as_str().unwrap().contains("s3_bucket_name"), "{result}");
}

#[tokio::test]
async fn projects_list_is_for_staff_and_permissions_are_typed() {
    let sandbox = Sandbox::start().await.unwrap();
    let refused = json(&get(&sandbox, "/projects/").await, StatusCode::FORBIDDEN);
    assert_eq!(refused["detail"], "You do not have permission to perform this action.");
    let permissions = fetch(&sandbox, "/users/me/permissions/").await;
    assert_eq!(names(&permissions), fields_of("UserPermissions"));
    assert!(permissions["scopes"].as_array().unwrap().contains(&value!("datasets.read")));
}

#[tokio::test]
async fn lidar_items_are_the_frames() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/datasets/{}/{}/items/?ordering=-key&limit=2", demo::OWNER, demo::LIDAR_DATASET);
    let page = fetch(&sandbox, &path).await;
    let keys: Vec<&str> =
        page["results"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["noon-round/000011.pcd", "noon-round/000010.pcd"]);
    let sequences = format!("/datasets/{}/{}/sequences/?ordering=number_of_frames", demo::OWNER, demo::LIDAR_DATASET);
    let sequences = fetch(&sandbox, &sequences).await;
    let counts: Vec<_> =
        sequences["results"].as_array().unwrap().iter().map(|s| s["number_of_frames"].as_u64()).collect();
    assert_eq!(counts, [Some(5), Some(12), Some(40)]);
}

#[tokio::test]
async fn every_documented_value_is_accepted() {
    let sandbox = Sandbox::start().await.unwrap();
    let device = format!("/fleet/devices/{}/", first_uid(&sandbox, "/fleet/devices/").await);
    for status in ["online", "offline", "error", "maintenance"] {
        let changed = json(&patch(&sandbox, &device, value!({"status": status})).await, StatusCode::OK);
        assert_eq!(changed["status"], status);
    }
    let refused = json(&patch(&sandbox, &device, value!({"status": "lost"})).await, StatusCode::BAD_REQUEST);
    assert_eq!(refused, value!({"status": ["\"lost\" is not a valid choice."]}));
}
