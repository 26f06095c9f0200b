use std::time::Duration;

use avala_sandbox::{Sandbox, Seed, demo};
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{act, column, create, fetch, json, post, refused_fields, text};
use crate::storage_client::{at, code, post_form, put};

const URL: &str = "/datasets/manual-upload/file-upload-url/";
const PART: usize = 5 * 1024 * 1024;

async fn target(sandbox: &Sandbox, path: &str, size: usize, batch: Option<&str>) -> Value {
    let mut body = value!({"dataset_name": "Yard", "file_path_in_dataset": path, "content_length": size});
    if let Some(batch) = batch {
        body["upload_protocol_version"] = value!(2);
        body["dataset_upload_uid"] = value!(batch);
    }
    json(&post(sandbox, URL, body).await, StatusCode::OK)
}

fn dataset(batch: Option<&str>) -> Value {
    value!({"name": "Yard", "slug": "yard", "data_type": "image", "dataset_upload_uid": batch})
}

async fn items(sandbox: &Sandbox) -> Vec<String> {
    column(&fetch(sandbox, &format!("/datasets/{}/yard/items/", demo::OWNER)).await, "key")
}

#[tokio::test]
async fn files_of_forms_become_a_dataset() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    for (path, bytes) in [("a/1.jpg", "one"), ("b.jpg", "\r\n--b0 three")] {
        let target = target(&sandbox, path, bytes.len(), None).await;
        let response = post_form(&sandbox, &target, bytes.as_bytes()).await;
        assert_eq!(response.status(), if path == "b.jpg" { StatusCode::BAD_REQUEST } else { StatusCode::NO_CONTENT });
    }
    let target = target(&sandbox, "b.jpg", 5, None).await;
    assert_eq!(post_form(&sandbox, &target, b"two").await.status(), StatusCode::BAD_REQUEST, "announced as 5 bytes");
    assert_eq!(post_form(&sandbox, &target, b"seven").await.status(), StatusCode::NO_CONTENT);

    let made = create(&sandbox, "/datasets/manual-upload/", dataset(None)).await;
    assert_eq!(
        (&made["status"], &made["item_count"], &made["size_bytes"]),
        (&value!("creating"), &value!(2), &value!(8))
    );
    assert_eq!(items(&sandbox).await, ["a/1.jpg", "b.jpg"]);
    assert_eq!(refused_fields(&sandbox, "/datasets/manual-upload/", dataset(None)).await, ["slug"]);
}

#[tokio::test]
async fn eleventh_open_upload_is_refused_if_limits_are_on() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).documented_limits(true).start().await.unwrap();
    let mut targets = Vec::new();
    for index in 0..10 {
        targets.push(target(&sandbox, &format!("{index}.jpg"), 3, Some("batch")).await);
    }
    let body = |path: &str| {
        value!({"dataset_name": "Yard", "file_path_in_dataset": path, "content_length": 3,
            "upload_protocol_version": 2, "dataset_upload_uid": "batch"})
    };
    let refused = post(&sandbox, URL, body("10.jpg")).await;
    assert_eq!(refused.headers()["retry-after"], "1");
    let refused = json(&refused, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused["detail"], "At most 10 uploads are allowed at a time.");
    assert_eq!(json(&post(&sandbox, URL, body("3.jpg")).await, StatusCode::OK)["upload_uid"], targets[3]["upload_uid"]);
    put(&sandbox, &targets[3]["url"], &targets[3]["headers"], "abc").await;
    let complete = format!("/datasets/manual-upload/uploads/{}/complete/", text(&targets[3], "upload_uid"));
    json(&act(&sandbox, &complete).await, StatusCode::OK);
    json(&post(&sandbox, URL, body("10.jpg")).await, StatusCode::OK);
}

#[tokio::test]
async fn a_small_file_is_put_once() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let first = target(&sandbox, "1.jpg", 3, Some("batch")).await;
    assert_eq!((&first["method"], &first["complete"]), (&value!("PUT"), &value!(false)));
    let complete = format!("/datasets/manual-upload/uploads/{}/complete/", text(&first, "upload_uid"));
    json(&act(&sandbox, &complete).await, StatusCode::BAD_REQUEST);
    let missing = refused_fields(&sandbox, "/datasets/manual-upload/", dataset(Some("batch"))).await;
    assert_eq!(missing, ["dataset_upload_uid"]);

    let response = put(&sandbox, &first["url"], &first["headers"], "abc").await;
    assert!(response.status() == StatusCode::OK && response.headers().contains_key("etag"));
    let again = put(&sandbox, &first["url"], &first["headers"], "abc").await;
    assert_eq!(again.status(), StatusCode::PRECONDITION_FAILED, "the object exists");
    assert_eq!(json(&post(&sandbox, &complete, value!({})).await, StatusCode::OK)["complete"], true);
    json(&post(&sandbox, &complete, value!({})).await, StatusCode::OK);
    let resumed = target(&sandbox, "1.jpg", 3, Some("batch")).await;
    assert_eq!((&resumed["upload_uid"], &resumed["complete"]), (&first["upload_uid"], &value!(true)));

    create(&sandbox, "/datasets/manual-upload/", dataset(Some("batch"))).await;
    assert_eq!(items(&sandbox).await, ["1.jpg"]);
    let fields = refused_fields(
        &sandbox,
        "/datasets/manual-upload/",
        value!({
            "name": "Other", "slug": "other", "data_type": "image", "dataset_upload_uid": "none",
        }),
    );
    assert_eq!(fields.await, ["dataset_upload_uid"]);
}

#[tokio::test]
async fn a_large_file_is_sent_in_parts_and_resumed() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let size = 2 * PART + 7;
    let session = target(&sandbox, "1.jpg", size, Some("batch")).await;
    assert_eq!((&session["method"], &session["part_count"]), (&value!("MULTIPART"), &value!(3)));
    let path = format!("/datasets/manual-upload/uploads/{}/", text(&session, "upload_uid"));
    let signed =
        json(&post(&sandbox, &format!("{path}parts/"), value!({"part_numbers": [1, 3]})).await, StatusCode::OK);
    for (part, bytes) in signed["parts"].as_array().unwrap().iter().zip([PART, 7]) {
        let response = put(&sandbox, &part["url"], &part["headers"], vec![1; bytes]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let wrong = put(&sandbox, &part["url"], &part["headers"], vec![1; 3]).await;
        assert_eq!(wrong.status(), StatusCode::FORBIDDEN, "the length is signed");
    }
    let resumed = target(&sandbox, "1.jpg", size, Some("batch")).await;
    assert_eq!(resumed["uploaded_parts"], value!([{"part_number": 1, "size": PART}, {"part_number": 3, "size": 7}]));
    json(&act(&sandbox, &format!("{path}complete/")).await, StatusCode::BAD_REQUEST);
    let signed = json(&post(&sandbox, &format!("{path}parts/"), value!({"part_numbers": [2]})).await, StatusCode::OK);
    put(&sandbox, &signed["parts"][0]["url"], &value!({}), vec![2; PART]).await;
    json(&act(&sandbox, &format!("{path}complete/")).await, StatusCode::OK);
    let unknown = refused_fields(&sandbox, &format!("{path}parts/"), value!({"part_numbers": [0, 4]})).await;
    assert_eq!(unknown, ["part_numbers"]);
    json(&act(&sandbox, "/datasets/manual-upload/uploads/none/complete/").await, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn quota_counts_open_uploads_and_rejects_too_large_files() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let quota = fetch(&sandbox, "/datasets/manual-upload/quota/").await;
    assert_eq!(quota["used"], 0);
    target(&sandbox, "1.jpg", 1000, None).await;
    assert_eq!(fetch(&sandbox, "/datasets/manual-upload/quota/").await["used"], 1000);
    let organization = format!("/datasets/manual-upload/quota/?organization_uid={}", demo::ORGANIZATION_UID);
    assert_eq!(fetch(&sandbox, &organization).await["used"], 0);

    let large = value!({"dataset_name": "Yard", "file_path_in_dataset": "2.jpg", "content_length": quota["limit"]});
    let refusal = json(&post(&sandbox, URL, large).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!((&refusal["limit"], &refusal["used"]), (&quota["limit"], &value!(1000)));
    assert!(refusal["detail"].is_string());
    let version_2 = value!({
        "dataset_name": "Yard", "file_path_in_dataset": "2.jpg", "content_length": 1, "upload_protocol_version": 2,
    });
    assert_eq!(refused_fields(&sandbox, URL, version_2).await, ["dataset_upload_uid"]);
    assert!(fetch(&sandbox, "/datasets/manual-upload/allowed-mimes/").await["mime_types"].is_array());
}

#[tokio::test]
async fn every_object_of_the_prefix_is_indexed_and_can_be_fetched() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    // An earlier run, whose batch was never finished.
    let earlier = target(&sandbox, "old.jpg", 3, Some("batch-0")).await;
    put(&sandbox, &earlier["url"], &earlier["headers"], "old").await;
    for (path, bytes) in [("b/ü 1.jpg", "one"), ("a.jpg", "two")] {
        let session = target(&sandbox, path, bytes.len(), Some("batch-1")).await;
        put(&sandbox, &session["url"], &session["headers"], bytes).await;
        act(&sandbox, &format!("/datasets/manual-upload/uploads/{}/complete/", text(&session, "upload_uid"))).await;
    }
    create(&sandbox, "/datasets/manual-upload/", dataset(Some("batch-1"))).await;
    assert_eq!(items(&sandbox).await, ["a.jpg", "b/ü 1.jpg", "old.jpg"]);
    let page = fetch(&sandbox, &format!("/datasets/{}/yard/items/", demo::OWNER)).await;
    let file = at(&sandbox, "GET", text(&page["results"][1], "url"), &[], "").await;
    assert_eq!((file.status(), &file.body()[..]), (StatusCode::OK, &b"one"[..]));
    let keys: Vec<_> = sandbox.storage().objects().into_iter().map(|object| object.key).collect();
    assert!(keys.iter().all(|key| key.starts_with("__u__=/") && key.contains("/Yard/")), "{keys:?}");
    let other = value!({"name": "Yard", "slug": "yard-2", "data_type": "image"});
    assert_eq!(refused_fields(&sandbox, "/datasets/manual-upload/", other).await, ["name"]);
}

#[tokio::test]
async fn complete_compares_the_size_alone() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let first = target(&sandbox, "1.jpg", 3, Some("batch-0")).await;
    put(&sandbox, &first["url"], &first["headers"], "abc").await;
    let complete =
        |session: &Value| format!("/datasets/manual-upload/uploads/{}/complete/", text(session, "upload_uid"));
    let second = target(&sandbox, "1.jpg", 3, Some("batch-1")).await;
    let exists = put(&sandbox, &second["url"], &second["headers"], "xyz").await;
    assert_eq!((exists.status(), code(&exists).as_str()), (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"));
    json(&act(&sandbox, &complete(&second)).await, StatusCode::OK);
    let other = target(&sandbox, "1.jpg", 4, Some("batch-2")).await;
    put(&sandbox, &other["url"], &other["headers"], "abcd").await;
    let refused = json(&act(&sandbox, &complete(&other)).await, StatusCode::BAD_REQUEST);
    assert!(refused["detail"].as_str().unwrap().contains("3 bytes"), "{refused}");
    let changed = value!({
        "dataset_name": "Yard", "file_path_in_dataset": "1.jpg", "content_length": 5, "upload_protocol_version": 2,
        "dataset_upload_uid": "batch-2",
    });
    assert_eq!(refused_fields(&sandbox, URL, changed).await, ["content_length"]);
}

#[tokio::test]
async fn settings_change_version_parts_and_quota() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).upload_version(1).start().await.unwrap();
    let form = target(&sandbox, "1.jpg", 3, Some("batch")).await;
    assert!(form["method"].is_null() && form["fields"]["policy"].is_string(), "{form}");
    assert_eq!(post_form(&sandbox, &form, b"abc").await.status(), StatusCode::NO_CONTENT);

    let builder = Sandbox::builder().seed(Seed::Empty).part_size(6 * 1024 * 1024).signed_parts_limit(1);
    let sandbox = builder.storage_quota(20_000_000).start().await.unwrap();
    let session = target(&sandbox, "1.jpg", 6 * 1024 * 1024 + 1, Some("batch")).await;
    assert_eq!((&session["part_size"], &session["part_count"]), (&value!(6 * 1024 * 1024), &value!(2)));
    let parts = format!("/datasets/manual-upload/uploads/{}/parts/", text(&session, "upload_uid"));
    assert_eq!(refused_fields(&sandbox, &parts, value!({"part_numbers": [1, 2]})).await, ["part_numbers"]);
    let large = value!({"dataset_name": "n", "file_path_in_dataset": "a", "content_length": 20_000_000});
    let refused = json(&post(&sandbox, URL, large.clone()).await, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!((&refused["limit"], &refused["used"]), (&value!(20_000_000), &value!(6 * 1024 * 1024 + 1)));
    sandbox.advance_clock(Duration::from_secs(24 * 60 * 60));
    json(&post(&sandbox, URL, large).await, StatusCode::OK);
    for path in ["../a", "a//b", "a\\b", "a\u{7}"] {
        let body = value!({"dataset_name": "n", "file_path_in_dataset": path, "content_length": 1});
        assert_eq!(refused_fields(&sandbox, URL, body).await, ["file_path_in_dataset"], "{path:?}");
    }
}
