use avala_sandbox::{Fault, Sandbox};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json as value};

use crate::client::{TestResponse, call, get, json, text};
use crate::storage_client::{at, hash};

/// Returns a call without a key.
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
    assert!(text(&grant, "url").starts_with(&format!("{}/resolve/download/", sandbox.api_url())), "{grant}");
    let url = text(&grant, "url");
    let file = at(&sandbox, "GET", url, &[], "").await;
    assert_eq!((file.status(), value!(file.body().len())), (StatusCode::OK, grant["size_bytes"].clone()));
    assert_eq!(hash(file.body()), text(&grant, "sha256"));
    assert_eq!(at(&sandbox, "GET", &format!("{url}0"), &[], "").await.status(), StatusCode::FORBIDDEN);
    let with_key = at(&sandbox, "GET", url, &[("x-avala-api-key", sandbox.key())], "").await;
    assert_eq!(with_key.status(), StatusCode::BAD_REQUEST);
    let part = at(&sandbox, "GET", url, &[("range", "bytes=-10")], "").await;
    assert_eq!((part.status(), part.body().len()), (StatusCode::PARTIAL_CONTENT, 10));
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

#[tokio::test]
async fn pages_have_at_most_100_objects() {
    let sandbox = Sandbox::builder().public_dataset("archive", 230).item_size(10).start().await.unwrap();
    let revision = read(&sandbox, "/resolve/harbor-vision/archive@main/").await;
    assert_eq!(
        (&revision["manifest"]["object_count"], &revision["manifest"]["total_size_bytes"]),
        (&value!(230), &value!(2300))
    );
    let path = text(&revision["manifest"], "objects_path");
    let (mut sizes, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = read(&sandbox, &format!("{path}?limit=1000{cursor}")).await;
        sizes.push(page["results"].as_array().unwrap().len());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        assert!(sizes.len() < 9);
    }
    assert_eq!(sizes, [100, 100, 30]);
}

#[tokio::test]
async fn files_of_an_episode_name_its_ordinal() {
    let sandbox = Sandbox::builder().public_episodes("walks", 3, 2).item_size(10).start().await.unwrap();
    let revision = read(&sandbox, "/resolve/harbor-vision/walks@main/").await;
    let path = text(&revision["manifest"], "objects_path");
    let page = read(&sandbox, path).await;
    let objects = page["results"].as_array().unwrap().iter().map(|object| {
        (
            text(object, "role"),
            text(object, "logical_path"),
            object["ordinal"].as_u64(),
            object["episode_ordinal"].as_u64(),
        )
    });
    let objects: Vec<_> = objects.collect();
    let media = |path, ordinal, episode| ("media", path, Some(ordinal), Some(episode));
    assert_eq!(
        objects,
        [
            ("episode", "0000.episode", Some(0), None),
            ("episode", "0001.episode", Some(1), None),
            ("episode", "0002.episode", Some(2), None),
            media("0000/0000.bin", 0, 0),
            media("0000/0001.bin", 1, 0),
            media("0001/0000.bin", 2, 1),
            media("0001/0001.bin", 3, 1),
            media("0002/0000.bin", 4, 2),
            media("0002/0001.bin", 5, 2),
        ]
    );
    let episodes = read(&sandbox, &format!("{path}?role=episode&ordinals=2&ordinals=0")).await;
    assert_eq!(episodes["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn withdrawn_revision_is_410_for_exact_requests() {
    let sandbox = Sandbox::start().await.unwrap();
    let revision = read(&sandbox, "/resolve/harbor-vision/harbor-cranes@main/").await;
    let (uid, digest) = (text(&revision, "dataset_uid"), text(&revision, "revision_sha256"));
    sandbox.set_range_supported(uid, false).unwrap();
    let objects = format!("/api/v1{}", text(&revision["manifest"], "objects_path"));
    let first = json(&anonymous(&sandbox, "GET", &objects).await, StatusCode::OK)["results"][0].clone();
    let access = format!("/api/v1{}", text(&first, "access_path"));
    let grant = json(&anonymous(&sandbox, "POST", &access).await, StatusCode::OK);
    assert_eq!(grant["range_supported"], false);

    sandbox.withdraw_revision(uid).unwrap();
    assert!(sandbox.withdraw_revision("none").is_err());
    for (method, path) in [
        ("GET", format!("/api/v1/resolve/uid/{uid}/{digest}/")),
        ("GET", format!("/api/v1/resolve/harbor-vision/harbor-cranes@{digest}/")),
        ("GET", objects),
        ("POST", access),
    ] {
        let gone = json(&anonymous(&sandbox, method, &path).await, StatusCode::GONE);
        assert_eq!(gone["code"], "dataset_revision_withdrawn", "{path}");
        assert_eq!(gone["canonical_reference"], revision["canonical_reference"]);
    }
    let alias = anonymous(&sandbox, "GET", "/api/v1/resolve/harbor-vision/harbor-cranes@main/").await;
    assert_eq!(alias.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn objects_with_wrong_bytes_or_length_are_sent_on_demand() {
    let sandbox = Sandbox::start().await.unwrap();
    let revision = read(&sandbox, "/resolve/harbor-vision/harbor-cranes@main/").await;
    let page = read(&sandbox, text(&revision["manifest"], "objects_path")).await;
    let object = &page["results"][0];
    let access = format!("/api/v1{}", text(object, "access_path"));
    let grant = json(&anonymous(&sandbox, "POST", &access).await, StatusCode::OK);
    let length = object["size_bytes"].as_u64().unwrap();
    for (fault, expected) in [
        (Fault::corrupt_body(7), length),
        (Fault::resize_body(1), length + 1),
        (Fault::resize_body(-1), length - 1),
        (Fault::change_object(), length),
    ] {
        let name = format!("{fault:?}");
        sandbox.fault(fault.on_storage("GET", "/resolve/download/*")).unwrap();
        let wrong = at(&sandbox, "GET", text(&grant, "url"), &[], "").await;
        assert_eq!((wrong.status(), wrong.body().len() as u64), (StatusCode::OK, expected), "{name}");
        assert_ne!(hash(wrong.body()), text(object, "sha256"), "{name}");
    }
    let again = read(&sandbox, text(&revision["manifest"], "objects_path")).await;
    assert_eq!(again["results"][0]["sha256"], object["sha256"], "a revision does not change");
}

#[tokio::test]
async fn calls_without_a_key_are_limited_to_30_a_minute() {
    let sandbox = Sandbox::start().await.unwrap();
    for _ in 0..30 {
        let response = anonymous(&sandbox, "GET", "/api/v1/resolve/harbor-vision/harbor-cranes@main/").await;
        assert_eq!(
            (response.status(), &response.headers()["x-ratelimit-limit"]),
            (StatusCode::OK, &"30".parse().unwrap())
        );
    }
    let refused = anonymous(&sandbox, "GET", "/api/v1/resolve/harbor-vision/harbor-cranes@main/").await;
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(get(&sandbox, "/tasks/").await.status(), StatusCode::OK, "calls with a key have a separate limit");
    let sandbox = Sandbox::builder().rate_limits(false).start().await.unwrap();
    for _ in 0..40 {
        read(&sandbox, "/resolve/harbor-vision/harbor-cranes@main/").await;
    }
}
