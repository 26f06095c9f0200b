use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{act, create, delete, fetch, get, json, refused_fields, text, walk};

fn bucket(extra: Value) -> Value {
    let mut body = value!({
        "name": "Bucket", "provider": "aws_s3", "s3_bucket_name": "b", "s3_bucket_region": "us-east-1",
        "s3_bucket_prefix": "", "s3_is_accelerated": true,
    });
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn a_config_lives_in_its_organization() {
    let sandbox = Sandbox::start().await.unwrap();
    let keys = value!({"s3_auth_method": "access_key", "s3_access_key_id": "AKIA9", "s3_secret_access_key": "hidden9"});
    let config = create(&sandbox, "/storage-configs/?organization=harbor-group", bucket(keys)).await;
    assert_eq!((&config["is_verified"], &config["s3_is_accelerated"]), (&value!(false), &value!(true)));
    let path = format!("/storage-configs/{}/", text(&config, "uid"));
    for response in [&config, &fetch(&sandbox, &path).await, &fetch(&sandbox, "/storage-configs/").await] {
        assert!(!response.to_string().contains("hidden9") && !response.to_string().contains("AKIA9"), "{response}");
    }
    assert_eq!(walk(&sandbox, "/storage-configs/", "uid").await.len(), 4);
    assert_eq!(walk(&sandbox, "/storage-configs/?organization=harbor-group", "name").await, ["Bucket"]);
    fetch(&sandbox, &format!("{path}?organization=harbor-group")).await;
    json(&get(&sandbox, &format!("{path}?organization=northwind-labs")).await, StatusCode::NOT_FOUND);
    json(&get(&sandbox, "/storage-configs/?organization=nobody").await, StatusCode::NOT_FOUND);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(delete(&sandbox, &path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_tells_what_is_missing() {
    let sandbox = Sandbox::start().await.unwrap();
    let google = |extra: Value| {
        let mut body = bucket(extra);
        body["provider"] = value!("gc_storage");
        body
    };
    for (body, missing) in [
        (bucket(value!({"s3_access_key_id": "a", "s3_secret_access_key": "b"})), None),
        (bucket(value!({"s3_access_key_id": "a"})), Some("s3_secret_access_key")),
        (bucket(value!({"s3_auth_method": "iam_role", "s3_role_arn": "arn"})), None),
        (bucket(value!({"s3_auth_method": "iam_role"})), Some("s3_role_arn")),
        (google(value!({"gc_storage_bucket_name": "g", "gc_storage_auth_json_content": "{}"})), None),
        (google(value!({})), Some("gc_storage_bucket_name")),
    ] {
        let config = create(&sandbox, "/storage-configs/", body).await;
        let path = format!("/storage-configs/{}/", text(&config, "uid"));
        let response = json(&act(&sandbox, &format!("{path}test/")).await, StatusCode::OK);
        assert_eq!(response["success"], missing.is_none());
        assert!(text(&response, "message").contains(missing.unwrap_or("can be read")), "{response}");
        let config = fetch(&sandbox, &path).await;
        assert_eq!(config["is_verified"], missing.is_none());
        assert_eq!(config.get("last_verified_at").is_some_and(Value::is_string), missing.is_none());
    }
    assert_eq!(
        refused_fields(&sandbox, "/storage-configs/", value!({"provider": "attic"})).await,
        ["name", "provider"]
    );
}

#[tokio::test]
async fn setup_info_is_no_config() {
    let sandbox = Sandbox::start().await.unwrap();
    let mine = fetch(&sandbox, "/storage-configs/setup-info/").await;
    let theirs = fetch(&sandbox, "/storage-configs/setup-info/?organization=northwind-labs").await;
    assert!(mine["avala_aws_account_id"].is_string());
    assert_ne!(mine["external_id"], theirs["external_id"]);
}
