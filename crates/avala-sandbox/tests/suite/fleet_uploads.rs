use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{create, fetch, first_uid, get, json, post, refused_fields, text, walk};
use crate::storage_client::{etag, put};

async fn path(sandbox: &Sandbox) -> String {
    format!("/fleet/recordings/{}/upload/", first_uid(sandbox, "/fleet/recordings/").await)
}

async fn last_recording(sandbox: &Sandbox) -> String {
    walk(sandbox, "/fleet/recordings/", "uid").await.pop().unwrap()
}

async fn init(sandbox: &Sandbox, path: &str) -> Value {
    let files = value!([{"path": "day 1/a+b.mcap", "size_bytes": 3}, {"path": "é.mcap", "size_bytes": 5}]);
    create(sandbox, &format!("{path}init/"), value!({"files": files})).await
}

async fn urls(sandbox: &Sandbox, path: &str, session: &Value, paths: &[&str]) -> Value {
    let body = value!({"session_uid": session["uid"], "file_paths": paths, "ttl_seconds": 60});
    json(&post(sandbox, &format!("{path}urls/"), body).await, StatusCode::OK)["urls"].clone()
}

#[tokio::test]
async fn a_recording_is_uploaded_resumed_and_finalized() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = path(&sandbox).await;
    let none = json(&get(&sandbox, &format!("{path}status/")).await, StatusCode::NOT_FOUND);
    assert_eq!(none["detail"], "No upload session found for this recording.");
    let session = init(&sandbox, &path).await;
    assert_eq!((&session["status"], &session["total_bytes"]), (&value!("initiated"), &value!(8)));
    json(
        &post(&sandbox, &format!("{path}init/"), value!({"files": [{"path": "x", "size_bytes": 1}]})).await,
        StatusCode::CONFLICT,
    );

    let urls = urls(&sandbox, &path, &session, &["day 1/a+b.mcap", "é.mcap"]).await;
    let mut confirmed = Vec::new();
    for (entry, bytes) in urls.as_array().unwrap().iter().zip(["abc", "12345"]) {
        assert!(text(entry, "s3_key").ends_with(text(entry, "path")));
        let response = put(&sandbox, &entry["put_url"], &entry["headers"], bytes).await;
        assert_eq!(response.status(), StatusCode::OK);
        let again = put(&sandbox, &entry["put_url"], &entry["headers"], bytes).await;
        assert_eq!(etag(&again), etag(&response), "an upload may be repeated");
        confirmed.push(value!({"path": entry["path"], "etag": etag(&response), "size_bytes": bytes.len()}));
    }
    let confirm = |files: Value| value!({"session_uid": session["uid"], "files": files});
    let first = post(&sandbox, &format!("{path}confirm/"), confirm(value!([confirmed[0]]))).await;
    let first = json(&first, StatusCode::OK);
    assert_eq!(
        (&first["confirmed"], &first["total_confirmed"], &first["total_files"]),
        (&value!(1), &value!(1), &value!(2))
    );
    let status = fetch(&sandbox, &format!("{path}status/")).await;
    assert_eq!((&status["status"], &status["pending_paths"]), (&value!("uploading"), &value!(["é.mcap"])));
    let finalize = value!({"session_uid": session["uid"]});
    json(&post(&sandbox, &format!("{path}finalize/"), finalize.clone()).await, StatusCode::BAD_REQUEST);

    let second = post(&sandbox, &format!("{path}confirm/"), confirm(value!(confirmed))).await;
    assert_eq!(json(&second, StatusCode::OK)["total_confirmed"], 2, "a confirmation may be repeated");
    let done = json(&post(&sandbox, &format!("{path}finalize/"), finalize.clone()).await, StatusCode::OK);
    assert!(done["detail"].is_string());
    json(&post(&sandbox, &format!("{path}finalize/"), finalize).await, StatusCode::CONFLICT);
    let recording = path.strip_suffix("upload/").unwrap();
    for (upload, status) in [("completing", "processing"), ("completed", "ready"), ("completed", "ready")] {
        assert_eq!(fetch(&sandbox, &format!("{path}status/")).await["status"], upload);
        assert_eq!(fetch(&sandbox, recording).await["status"], status);
    }
    assert_eq!(fetch(&sandbox, recording).await["size_bytes"], 8);
}

#[tokio::test]
async fn only_what_was_uploaded_is_confirmed() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = path(&sandbox).await;
    let session = init(&sandbox, &path).await;
    let urls = urls(&sandbox, &path, &session, &["é.mcap"]).await;
    let response = put(&sandbox, &urls[0]["put_url"], &urls[0]["headers"], "12345").await;
    let file = |path: &str, etag: &str, size: u64| value!({"path": path, "etag": etag, "size_bytes": size});
    for wrong in [
        file("é.mcap", "0000", 5),
        file("é.mcap", &etag(&response), 4),
        file("day 1/a+b.mcap", &etag(&response), 3),
        file("other.mcap", &etag(&response), 5),
    ] {
        let body = value!({"session_uid": session["uid"], "files": [wrong]});
        assert_eq!(refused_fields(&sandbox, &format!("{path}confirm/"), body).await, ["files"]);
    }
    let unknown = value!({"session_uid": session["uid"], "file_paths": ["other.mcap"]});
    assert_eq!(refused_fields(&sandbox, &format!("{path}urls/"), unknown).await, ["file_paths"]);
    let other = value!({"session_uid": "none", "file_paths": ["é.mcap"]});
    json(&post(&sandbox, &format!("{path}urls/"), other).await, StatusCode::NOT_FOUND);
    let of_another = path.replace(&first_uid(&sandbox, "/fleet/recordings/").await, &last_recording(&sandbox).await);
    assert_eq!(refused_fields(&sandbox, &format!("{of_another}init/"), value!({"files": []})).await, ["files"]);
    let file = |path: &str| value!({"path": path, "size_bytes": u64::MAX});
    let twice = value!({"files": [file("a"), file("a")]});
    assert_eq!(refused_fields(&sandbox, &format!("{of_another}init/"), twice).await, ["files"]);
    let huge = create(&sandbox, &format!("{of_another}init/"), value!({"files": [file("a"), file("b")]})).await;
    assert_eq!(huge["total_bytes"], u64::MAX);
}

#[tokio::test]
async fn the_storage_takes_only_what_an_address_allows() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = path(&sandbox).await;
    let session = init(&sandbox, &path).await;
    let urls = urls(&sandbox, &path, &session, &["é.mcap"]).await;
    let url = text(&urls[0], "put_url");
    let (without_grant, _) = url.split_once('?').unwrap();
    for wrong in [without_grant.to_owned(), url.replace(".mcap", ".mcaq"), format!("{url}0")] {
        let response = put(&sandbox, &value!(wrong), &value!({}), "12345").await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{wrong}");
    }
    let elsewhere = put(&sandbox, &value!(format!("{}/", sandbox.url())), &value!({}), "x").await;
    assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN);
}
