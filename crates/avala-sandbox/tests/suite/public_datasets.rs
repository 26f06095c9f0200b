use avala_sandbox::Sandbox;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json as value};

use crate::client::{TestResponse, call, json, text};

/// A call without a key.
async fn anonymous(sandbox: &Sandbox, method: &str, path: &str) -> TestResponse {
    let request = Request::builder().method(method).uri(path).header("host", "localhost");
    call(sandbox, request.body(Full::new(Bytes::new())).unwrap()).await
}

async fn read(sandbox: &Sandbox, path: &str) -> Value {
    json(&anonymous(sandbox, "GET", &format!("/api/v1{path}")).await, StatusCode::OK)
}

#[tokio::test]
async fn public_revision_is_resolved_walked_and_fetched() {
    let sandbox = Sandbox::start().await.unwrap();
    let revision = read(&sandbox, "/resolve/harbor-vision/harbor-cranes@main/").await;
    assert_eq!(revision["requested_reference"], "harbor-vision/harbor-cranes@main");
    let (uid, digest) = (text(&revision, "dataset_uid"), text(&revision, "revision_sha256"));
    assert_eq!(revision["canonical_reference"], format!("avala://datasets/{uid}@{digest}"));
    let exact = read(&sandbox, &format!("/resolve/uid/{uid}/{digest}/")).await;
    assert_eq!(
        (&exact["manifest"], &exact["display_reference"]),
        (&revision["manifest"], &revision["display_reference"])
    );

    let path = text(&revision["manifest"], "objects_path");
    let (mut objects, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = read(&sandbox, &format!("{path}?limit=5{cursor}")).await;
        assert_eq!(page["previous_cursor"].is_null(), objects.is_empty());
        objects.extend(page["results"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        assert!(objects.len() <= 12);
    }
    assert_eq!(value!(objects.len()), revision["manifest"]["object_count"]);
    let chosen = read(&sandbox, &format!("{path}?role=media&ordinals=3&ordinals=1")).await;
    let ordinals: Vec<_> =
        chosen["results"].as_array().unwrap().iter().map(|object| object["ordinal"].clone()).collect();
    assert_eq!(ordinals, [1, 3]);

    let access = format!("/api/v1{}?transport=avala-edge-v1", text(&objects[0], "access_path"));
    let grant = json(&anonymous(&sandbox, "POST", &access).await, StatusCode::OK);
    let url = text(&grant, "url").strip_prefix(sandbox.url()).unwrap();
    assert!(url.starts_with("/api/v1/resolve/download/"), "{url}");
    let file = anonymous(&sandbox, "GET", url).await;
    assert_eq!((file.status(), value!(file.body().len())), (StatusCode::OK, grant["size_bytes"].clone()));
    assert_eq!(anonymous(&sandbox, "GET", &format!("{url}0")).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn private_dataset_has_no_public_revision() {
    let sandbox = Sandbox::start().await.unwrap();
    for path in [
        "/resolve/acme-robotics/forklift-images@main/",
        "/resolve/harbor-vision/harbor-cranes@other/",
        "/resolve/uid/x/y/",
    ] {
        let missing = json(&anonymous(&sandbox, "GET", &format!("/api/v1{path}")).await, StatusCode::NOT_FOUND);
        assert_eq!(missing["code"], "not_found", "{path}");
    }
}
