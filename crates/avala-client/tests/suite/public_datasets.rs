//! Public datasets: no credentials, their own rate limit, and no response that contradicts the resolved revision.

use std::time::Duration;

use avala_client::types::{InvalidPublicDataset, PublicObject, PublicObjectWalk, PublicRevision};
use avala_client::{Avala, Call, Error, ErrorKind};
use avala_transport::testing::{ScriptedService, Step};
use avala_transport::{RateLimit, RateLimiter, TransportBuilder};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{bare, json as respond, layered};

const DATASET: &str = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b";
const OBJECT: &str = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
const OTHER: &str = "16fd2706-8baf-433b-82eb-8c7fada847da";
const REVISION: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const MANIFEST: &str = "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9";
const CONTENT: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

fn revision() -> Value {
    json!({
        "schema_version": 1,
        "requested_reference": "acme/drives@main",
        "display_reference": format!("acme/drives@{REVISION}"),
        "canonical_reference": format!("avala://datasets/{DATASET}@{REVISION}"),
        "dataset_uid": DATASET,
        "revision_uid": OTHER,
        "revision_sha256": REVISION,
        "state": "published",
        "manifest": {
            "schema_version": 1,
            "sha256": MANIFEST,
            "object_count": 2,
            "total_size_bytes": 12,
            "origins": [{"name": "a", "kind": "upload", "canonical_ref": "x", "external_revision": "1"},
                        {"name": "b", "kind": "upload", "canonical_ref": "y", "external_revision": "1"}],
            "objects_path": format!("/resolve/uid/{DATASET}/{REVISION}/objects/"),
        },
        "rights": {
            "status": "declared",
            "access": "open_download",
            "name": "CC BY 4.0",
            "url": "https://creativecommons.org/licenses/by/4.0/",
            "document_sha256": CONTENT,
            "attestation_sha256": CONTENT,
        },
    })
}

fn object(uid: &str, role: &str, ordinal: u64, path: &str) -> Value {
    json!({
        "object_uid": uid,
        "logical_path": path,
        "role": role,
        "ordinal": ordinal,
        "episode_ordinal": if role == "episode" { Value::Null } else { json!(3) },
        "content_type": "application/octet-stream",
        "origin": "a",
        "size_bytes": 6,
        "sha256": CONTENT,
        "access_path": format!("/resolve/uid/{DATASET}/{REVISION}/objects/{uid}/access/"),
    })
}

fn page() -> Value {
    json!({
        "schema_version": 1,
        "canonical_reference": format!("avala://datasets/{DATASET}@{REVISION}"),
        "revision_sha256": REVISION,
        "manifest_sha256": MANIFEST,
        "next_cursor": null,
        "previous_cursor": null,
        "results": [object(OBJECT, "camera", 1, "cam/1.jpg"), object(OTHER, "episode", 3, "episodes/3.mcap")],
    })
}

fn grant() -> Value {
    json!({
        "schema_version": 1,
        "provider": "aws_s3",
        "method": "GET",
        "url": "https://bucket.s3.eu-west-1.amazonaws.com/key?X-Amz-Signature=0",
        "expires_at": "2025-11-03T10:05:00Z",
        "object_uid": OBJECT,
        "size_bytes": 6,
        "sha256": CONTENT,
        "range_supported": true,
        "canonical_reference": format!("avala://datasets/{DATASET}@{REVISION}"),
        "dataset_uid": DATASET,
        "revision_sha256": REVISION,
        "manifest_sha256": MANIFEST,
    })
}

fn granted(grant: &Value) -> Step {
    respond(grant).header("date", "Mon, 03 Nov 2025 10:00:00 GMT")
}

fn resolved() -> PublicRevision {
    serde_json::from_value(revision()).unwrap()
}

fn camera() -> PublicObject {
    serde_json::from_value(object(OBJECT, "camera", 1, "cam/1.jpg")).unwrap()
}

/// Returns the value with another one at a JSON pointer.
fn with(mut value: Value, pointer: &str, other: Value) -> Value {
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = other;
    value
}

async fn rejected<T, F>(call: Call<T, F>, path: &str) {
    let error = call.await.err().unwrap_or_else(|| panic!("{path} was accepted"));
    let found = (error.kind(), error.json_path());
    assert_eq!(found, (ErrorKind::Decode, Some(path)), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.downcast_ref::<InvalidPublicDataset>().unwrap().field(), path);
    assert!(!format!("{error}").contains("X-Amz-Signature"), "{error}");
}

fn fake(value: Value) -> Avala {
    bare(&ScriptedService::always(granted(&value)))
}

#[tokio::test]
async fn calls_carry_no_credentials() {
    for builder in [Avala::builder().api_key("avk_a"), Avala::builder().access_token("tok_a")] {
        let script = ScriptedService::new()
            .then(respond(&revision()))
            .then(respond(&with(
                revision(),
                "/requested_reference",
                json!(format!("avala://datasets/{DATASET}@{REVISION}")),
            )))
            .then(respond(&page()))
            .then(granted(&grant()))
            .then(granted(&grant()));
        let avala = builder.service(script.clone()).build().unwrap();
        let public = avala.public_datasets();
        let revision = public.resolve("acme", "drives", "main").await.unwrap();
        assert_eq!(public.resolve_exact(DATASET, REVISION).await.unwrap().dataset_uid, revision.dataset_uid);
        let page = public.list_objects(&revision).role("camera").ordinals([1, 2]).await.unwrap();
        public.access_object(&revision, &page.results[0]).await.unwrap();
        public.access_object_with_get(&revision, &page.results[0]).await.unwrap();
        let requests = script.requests();
        assert_eq!(requests.len(), 5);
        for request in &requests {
            assert!(!request.headers.contains_key("x-avala-api-key"), "{}", request.uri);
            assert!(!request.headers.contains_key("authorization"), "{}", request.uri);
        }
        assert_eq!(requests[0].uri.path(), "/api/v1/resolve/acme/drives@main/");
        assert_eq!(requests[2].uri.query(), Some("role=camera&ordinals=1&ordinals=2"));
        assert_eq!((requests[3].method.as_str(), requests[3].uri.query()), ("POST", Some("transport=avala-edge-v1")));
        assert_eq!(requests[4].method, "GET");
    }
}

#[tokio::test(start_paused = true)]
async fn public_calls_have_a_rate_limit_of_their_own() {
    let script = ScriptedService::always(respond(&revision()));
    let limiter = RateLimiter::new(RateLimit::per_minute(6_000).burst(6_000));
    let avala = Avala::builder().api_key("k").rate_limiter(limiter).service(script.clone()).build().unwrap();
    let resolve = |avala: &Avala| avala.public_datasets().resolve("acme", "drives", "main").deadline(Duration::MAX);
    let started = Instant::now();
    let (clone, calls) = (avala.clone(), 45);
    let results = join_all((0..calls).map(|index| resolve(if index % 2 == 0 { &avala } else { &clone }).into_future()));
    assert!(results.await.iter().all(Result::is_ok));
    assert_eq!(started.elapsed().as_secs(), 50, "20 at once, then one every two seconds");
    assert_eq!(script.requests().len(), calls);
    // The user's own limit is unchanged, and does not delay the others.
    let started = Instant::now();
    let _ = join_all((0..200).map(|_| avala.tasks().get("t1").into_future())).await;
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn revision_that_contradicts_the_request_is_rejected() {
    for (pointer, other, path) in [
        ("/schema_version", json!(2), "schema_version"),
        ("/requested_reference", json!("acme/drives@other"), "requested_reference"),
        ("/requested_reference", Value::Null, "requested_reference"),
        ("/display_reference", json!(format!("evil/drives@{REVISION}")), "display_reference"),
        ("/canonical_reference", json!(format!("avala://datasets/{OTHER}@{REVISION}")), "canonical_reference"),
        ("/dataset_uid", json!(DATASET.to_uppercase()), "dataset_uid"),
        ("/revision_uid", json!("7"), "revision_uid"),
        ("/revision_sha256", json!(REVISION.to_uppercase()), "revision_sha256"),
        ("/state", json!("draft"), "state"),
        ("/manifest", Value::Null, "manifest"),
        ("/manifest", json!([]), "manifest"),
        ("/manifest/schema_version", json!(2), "manifest.schema_version"),
        ("/manifest/sha256", json!("abc"), "manifest.sha256"),
        ("/manifest/object_count", json!(100_001), "manifest.object_count"),
        ("/manifest/total_size_bytes", json!(1_u64 << 53), "manifest.total_size_bytes"),
        ("/manifest/objects_path", json!("/resolve/uid/x/y/objects/"), "manifest.objects_path"),
        ("/manifest/origins", json!([]), "manifest.origins"),
        ("/manifest/origins/1/name", json!("a"), "manifest.origins"),
        ("/rights/status", json!("unknown"), "rights.status"),
        ("/rights/access", json!("closed"), "rights.access"),
        ("/rights/name", json!(""), "rights.name"),
        ("/rights/url", json!("http://creativecommons.org"), "rights.url"),
        ("/rights/attestation_sha256", json!("0"), "rights.attestation_sha256"),
    ] {
        let public = fake(with(revision(), pointer, other)).public_datasets();
        rejected(public.resolve("acme", "drives", "main"), path).await;
    }
    let public =
        fake(with(revision(), "/requested_reference", json!(format!("acme/drives@{CONTENT}")))).public_datasets();
    rejected(public.resolve("acme", "drives", CONTENT), "revision_sha256").await;
    let exact = with(revision(), "/requested_reference", json!(format!("avala://datasets/{OTHER}@{REVISION}")));
    rejected(fake(exact).public_datasets().resolve_exact(OTHER, REVISION), "dataset_uid").await;
}

#[tokio::test]
async fn page_that_contradicts_the_revision_is_rejected() {
    let revision = resolved();
    for (pointer, other, path) in [
        ("/schema_version", json!(0), "schema_version"),
        ("/canonical_reference", json!("avala://x"), "canonical_reference"),
        ("/revision_sha256", json!(CONTENT), "revision_sha256"),
        ("/manifest_sha256", json!(CONTENT), "manifest_sha256"),
        ("/results/0/object_uid", json!("x"), "results[0].object_uid"),
        ("/results/0/object_uid", json!(OTHER), "results[0].access_path"),
        ("/results/0/role", json!("Camera"), "results[0].role"),
        ("/results/0/logical_path", json!("../etc/passwd"), "results[0].logical_path"),
        ("/results/0/logical_path", json!("/etc/passwd"), "results[0].logical_path"),
        ("/results/0/logical_path", json!("a%2Fb"), "results[0].logical_path"),
        ("/results/0/logical_path", json!("a\\b"), "results[0].logical_path"),
        ("/results/0/logical_path", json!("a\u{7}"), "results[0].logical_path"),
        ("/results/0/sha256", json!("0"), "results[0].sha256"),
        ("/results/0/size_bytes", json!(1_u64 << 53), "results[0].size_bytes"),
        ("/results/0/origin", json!("z"), "results[0].origin"),
        ("/results/1/episode_ordinal", json!(3), "results[1].episode_ordinal"),
        ("/results/0/access_path", json!("/users/me/"), "results[0].access_path"),
        ("/results/1/logical_path", json!("cam/1.jpg"), "results[1]"),
        ("/results/0/role", json!("frame"), "results"),
    ] {
        rejected(fake(with(page(), pointer, other)).public_datasets().list_objects(&revision), path).await;
    }
    let many = vec![object(OBJECT, "camera", 1, "cam/1.jpg"); 101];
    rejected(fake(with(page(), "/results", json!(many))).public_datasets().list_objects(&revision), "results").await;
}

#[tokio::test]
async fn grant_that_contradicts_the_object_is_rejected() {
    let (revision, object) = (resolved(), camera());
    for (pointer, other, path) in [
        ("/schema_version", json!(2), "schema_version"),
        ("/method", json!("PUT"), "method"),
        ("/object_uid", json!(OTHER), "object_uid"),
        ("/size_bytes", json!(7), "size_bytes"),
        ("/sha256", json!(MANIFEST), "sha256"),
        ("/range_supported", Value::Null, "range_supported"),
        ("/dataset_uid", json!(OTHER), "dataset_uid"),
        ("/revision_sha256", json!(CONTENT), "revision_sha256"),
        ("/manifest_sha256", json!(CONTENT), "manifest_sha256"),
        ("/expires_at", json!("2025-11-03T10:00:00Z"), "expires_at"),
        ("/expires_at", json!("2025-11-03T10:05:01Z"), "expires_at"),
        ("/url", json!("http://bucket.s3.eu-west-1.amazonaws.com/k?X-Amz-Signature=0"), "url"),
        ("/url", json!("https://u:p@bucket.s3.eu-west-1.amazonaws.com/k?X-Amz-Signature=0"), "url"),
        ("/url", json!("https://bucket.s3.eu-west-1.amazonaws.com:8443/k?X-Amz-Signature=0"), "url"),
        ("/url", json!("https://bucket.s3.eu-west-1.amazonaws.com/k#X-Amz-Signature"), "url"),
        ("/url", json!("https://s3-x-1.us-east-1.elb.amazonaws.com/k?X-Amz-Signature=0"), "url"),
        ("/provider", json!("gcs"), "url"),
        ("/provider", json!("tape"), "url"),
        ("/provider", json!("avala_edge"), "url"),
        ("/provider", json!("avala_proxy"), "url"),
    ] {
        let public = fake(with(grant(), pointer, other)).public_datasets();
        rejected(public.access_object(&revision, &object), path).await;
    }
    let undated = bare(&ScriptedService::always(respond(&grant())));
    rejected(undated.public_datasets().access_object(&revision, &object), "expires_at").await;
    let ahead = bare(&ScriptedService::always(respond(&grant()).header("date", "Fri, 01 Jan 2100 00:00:00 GMT")));
    rejected(ahead.public_datasets().access_object(&revision, &object), "expires_at").await;
}

#[tokio::test]
async fn urls_of_avala_lead_to_its_own_hosts_and_the_object() {
    let folder = format!("/v1/datasets/{DATASET}/{REVISION}/{MANIFEST}/objects");
    let edge = |host: &str, object: &str, query: &str| format!("https://{host}{folder}/{object}/{CONTENT}?{query}");
    for (provider, url, is_accepted) in [
        ("avala_edge", edge("data.avala.ai", OBJECT, "grant=a.b:c_d-1"), true),
        ("avala_edge", edge("data-development.avala.ai", OBJECT, "grant=a"), false),
        ("avala_edge", edge("data.avala.ai", OTHER, "grant=a"), false),
        ("avala_edge", edge("data.avala.ai", OBJECT, "grant="), false),
        ("avala_edge", edge("data.avala.ai", OBJECT, "grant=a&x=1"), false),
        ("avala_proxy", "https://api.avala.ai/api/v1/resolve/download/x?token=1".to_owned(), true),
        ("avala_proxy", "https://api.avala.ai/api/v1/resolve/download/../../users/me/".to_owned(), false),
        ("avala_proxy", "https://api.avala.ai/api/v1/users/me/".to_owned(), false),
        ("avala_proxy", "https://evil.example/api/v1/resolve/download/x".to_owned(), false),
        ("avala_proxy", "http://api.avala.ai/api/v1/resolve/download/x".to_owned(), false),
    ] {
        let grant = with(with(grant(), "/provider", json!(provider)), "/url", json!(url));
        let script = ScriptedService::always(granted(&grant));
        let transport = TransportBuilder::new().service(script.clone()).build().unwrap();
        for avala in [layered(&script), Avala::from_service(transport)] {
            let result = avala.public_datasets().access_object(&resolved(), &camera()).await;
            assert_eq!(result.is_ok(), is_accepted, "{url}: {result:?}");
        }
    }
}

#[test]
fn walk_over_all_pages_must_be_complete() {
    let revision = resolved();
    let split = |first: Value, second: Value| -> Result<(), InvalidPublicDataset> {
        let mut walk = PublicObjectWalk::new(&revision)?;
        walk.page(&serde_json::from_value(first).unwrap())?;
        walk.page(&serde_json::from_value(second).unwrap())?;
        walk.finish()
    };
    let first = with(with(page(), "/next_cursor", json!("n")), "/results", json!([page()["results"][0]]));
    let second = with(with(page(), "/previous_cursor", json!("p")), "/results", json!([page()["results"][1]]));
    assert_eq!(split(first.clone(), second.clone()), Ok(()));
    for (first, second, field) in [
        (first.clone(), with(second.clone(), "/previous_cursor", Value::Null), "previous_cursor"),
        (first.clone(), with(second.clone(), "/next_cursor", json!("n")), "next_cursor"),
        (first.clone(), with(second.clone(), "/next_cursor", json!("m")), "next_cursor"),
        (with(first.clone(), "/results", json!([])), second.clone(), "results"),
        (first.clone(), with(second.clone(), "/results", json!([])), "manifest.object_count"),
        (first.clone(), with(second.clone(), "/results", first["results"].clone()), "results"),
        (first.clone(), with(second.clone(), "/results/0/size_bytes", json!(5)), "manifest.total_size_bytes"),
        (with(first.clone(), "/results/0/episode_ordinal", json!(9)), second.clone(), "episode_ordinal"),
        (page(), second.clone(), "results"),
    ] {
        assert_eq!(split(first, second).unwrap_err().field(), field);
    }
    let unread: Result<(), _> = PublicObjectWalk::new(&revision).unwrap().finish();
    assert_eq!(unread.unwrap_err().field(), "next_cursor");
}

#[tokio::test]
async fn withdrawn_revision_is_an_error_of_its_status() {
    let body = json!({"schema_version": 1, "code": "dataset_revision_withdrawn", "dataset_uid": DATASET});
    let script = ScriptedService::always(Step::respond(410).body(body.to_string()));
    let error: Error = bare(&script).public_datasets().resolve_exact(DATASET, REVISION).await.unwrap_err();
    assert_eq!((error.kind(), error.status().map(|status| status.as_u16())), (ErrorKind::UnexpectedStatus, Some(410)));
}
