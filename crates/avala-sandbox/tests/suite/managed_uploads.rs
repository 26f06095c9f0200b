use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::{Value, json as value};

use crate::client::{fetch, first_uid, get, json, post, refused_fields, text};
use crate::storage_client::put;

const PROTOCOL: &str = "fleet-managed-mcap-v1";
const SESSION: &str = "11111111-1111-4111-8111-111111111111";

async fn call(sandbox: &Sandbox, path: &str, mut body: Value) -> Value {
    body["protocol"] = value!(PROTOCOL);
    body["session_uid"] = value!(SESSION);
    json(&post(sandbox, path, body).await, StatusCode::OK)
}

#[tokio::test]
async fn managed_upload_is_verified_and_published() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/fleet/recordings/{}/managed-upload/", first_uid(&sandbox, "/fleet/recordings/").await);
    let status = format!("{path}status/?protocol={PROTOCOL}&session_uid={SESSION}");
    assert_eq!(get(&sandbox, &status).await.status(), StatusCode::NOT_FOUND);
    let files = value!([{"path": "a.mcap", "size_bytes": 5, "content_sha256": "0".repeat(64)}]);
    let admitted = call(&sandbox, &format!("{path}admit/"), value!({"files": files})).await;
    assert_eq!(admitted, call(&sandbox, &format!("{path}admit/"), value!({"files": files})).await, "repeatable");
    assert_eq!((&admitted["status"], &admitted["total_bytes"]), (&value!("initiated"), &value!(5)));
    let file = &admitted["files"][0];
    assert_eq!(
        (&file["part_size"], &file["part_count"], &file["verified"]),
        (&value!(67_108_864), &value!(1), &value!(false))
    );

    let generation = call(&sandbox, &format!("{path}multipart/init/"), value!({"file_uid": file["file_uid"]})).await;
    assert_eq!((&generation["number"], &generation["state"]), (&value!(1), &value!("active")));
    let named = value!({"file_uid": file["file_uid"], "generation_uid": generation["generation_uid"]});
    let mut grants = named.clone();
    grants["numbers"] = value!([1]);
    let grants = call(&sandbox, &format!("{path}multipart/parts/"), grants).await;
    let grant = &grants["parts"][0];
    assert_eq!((&grant["offset"], &grant["headers"]), (&value!(0), &value!({"content-length": "5"})));
    assert!(text(grant, "url").contains("X-Amz-SignedHeaders=content-length%3Bhost"), "{grant}");

    let finalize = value!({"files": [named], "protocol": PROTOCOL, "session_uid": SESSION});
    let early = post(&sandbox, &format!("{path}finalize/"), finalize.clone()).await;
    assert_eq!(early.status(), StatusCode::CONFLICT);
    let wrong_size = put(&sandbox, &grant["url"], &value!({}), "1234").await;
    assert_eq!(wrong_size.status(), StatusCode::BAD_REQUEST);
    assert_eq!(put(&sandbox, &grant["url"], &value!({}), "12345").await.status(), StatusCode::OK);
    let progress = format!(
        "{path}multipart/progress/?protocol={PROTOCOL}&session_uid={SESSION}&file_uid={}&generation_uid={}&after=0",
        text(file, "file_uid"),
        text(&generation, "generation_uid")
    );
    let progress = fetch(&sandbox, &progress).await;
    assert_eq!(
        (&progress["parts"], &progress["next_cursor"]),
        (&value!([{"part_number": 1, "size": 5}]), &Value::Null)
    );

    let finalized = call(&sandbox, &format!("{path}finalize/"), finalize.clone()).await;
    assert_eq!(finalized["finalization"]["state"], "pending");
    let again = call(&sandbox, &format!("{path}finalize/"), finalize).await;
    assert_eq!(again["finalization"]["uid"], finalized["finalization"]["uid"]);
    let states = [fetch(&sandbox, &status).await, fetch(&sandbox, &status).await];
    assert_eq!(states[0]["finalization"]["state"], "running");
    let done = &states[1];
    assert_eq!((&done["status"], &done["confirmed_bytes"]), (&value!("completed"), &value!(5)));
    assert_eq!(done["finalization"]["code"], "published");
    fetch(&sandbox, &format!("/datasets/{}/", text(&done["finalization"], "dataset_uid"))).await;
}

#[tokio::test]
async fn admit_refuses_bad_files_and_another_session() {
    let sandbox = Sandbox::start().await.unwrap();
    let path = format!("/fleet/recordings/{}/managed-upload/admit/", first_uid(&sandbox, "/fleet/recordings/").await);
    let file = |path: &str, size: u64| value!({"path": path, "size_bytes": size, "content_sha256": "0".repeat(64)});
    for files in [value!([]), value!([file("a.bag", 1)]), value!([file("../a.mcap", 1)]), value!([file("a.mcap", 0)])] {
        let body = value!({"protocol": PROTOCOL, "session_uid": SESSION, "files": files});
        assert_eq!(refused_fields(&sandbox, &path, body).await, ["files"]);
    }
    let body = value!({"protocol": "other", "session_uid": SESSION, "files": [file("a.mcap", 1)]});
    assert_eq!(refused_fields(&sandbox, &path, body).await, ["protocol"]);
    call(&sandbox, &path, value!({"files": [file("a.mcap", 1)]})).await;
    let other = value!({"protocol": PROTOCOL, "session_uid": "2", "files": [file("a.mcap", 1)]});
    assert_eq!(post(&sandbox, &path, other).await.status(), StatusCode::CONFLICT);
}
