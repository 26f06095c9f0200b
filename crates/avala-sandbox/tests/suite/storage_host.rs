//! The storage host, as uploaders and downloaders see it.

use std::time::{Duration, Instant};

use avala_sandbox::{Bodies, Fault, Sandbox, Seed};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json as value};

use crate::client::{TestResponse, act, address, fetch, get, json, post, send, text};
use crate::storage_client::{at, code, hash, put};

const PART: usize = 5 * 1024 * 1024;

/// Returns an upload of version 2.
async fn session(sandbox: &Sandbox, path: &str, size: usize) -> Value {
    let body = value!({
        "dataset_name": "Yard", "file_path_in_dataset": path, "content_length": size, "upload_protocol_version": 2,
        "dataset_upload_uid": "batch",
    });
    json(&post(sandbox, "/datasets/manual-upload/file-upload-url/", body).await, StatusCode::OK)
}

async fn part_urls(sandbox: &Sandbox, session: &Value, numbers: &[u64]) -> Vec<String> {
    let path = format!("/datasets/manual-upload/uploads/{}/parts/", text(session, "upload_uid"));
    let signed = json(&post(sandbox, &path, value!({"part_numbers": numbers})).await, StatusCode::OK);
    signed["parts"].as_array().unwrap().iter().map(|part| text(part, "url").to_owned()).collect()
}

async fn complete(sandbox: &Sandbox, session: &Value) -> StatusCode {
    act(sandbox, &format!("/datasets/manual-upload/uploads/{}/complete/", text(session, "upload_uid"))).await.status()
}

const NEW: (&str, &str) = ("if-none-match", "*");

#[tokio::test]
async fn credentials_in_headers_are_400() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, "a.jpg", 3).await;
    let url = text(&session, "url");
    for header in ["authorization", "cookie", "x-avala-api-key"] {
        let refused = at(&sandbox, "PUT", url, &[NEW, (header, "x")], "abc").await;
        assert_eq!(
            (refused.status(), code(&refused).as_str()),
            (StatusCode::BAD_REQUEST, "InvalidArgument"),
            "{header}"
        );
        let export = fetch(&sandbox, "/exports/").await;
        let refused = at(&sandbox, "GET", text(&export["results"][0], "download_url"), &[(header, "x")], "").await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{header}");
    }
    assert!(sandbox.storage().objects().is_empty());
    assert_eq!(sandbox.storage().counters().refused, 6);
    let stored = at(&sandbox, "PUT", url, &[NEW], "abc").await;
    assert_eq!(stored.status(), StatusCode::OK);
    let names = ["x-ratelimit-limit", "x-request-id"];
    assert!(!names.iter().any(|name| stored.headers().contains_key(*name)), "the storage host is a separate host");
}

#[tokio::test]
async fn altered_method_query_header_or_body_length_is_403() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, "a.jpg", 3).await;
    let url = text(&session, "url");
    let mismatch = "SignatureDoesNotMatch";
    for (method, url, headers, body) in [
        ("GET", url.to_owned(), vec![NEW], ""),
        ("PUT", url.to_owned(), vec![], "abc"),
        ("PUT", url.to_owned(), vec![("if-none-match", "\"x\"")], "abc"),
        ("PUT", url.to_owned(), vec![NEW], "abcd"),
        ("PUT", format!("{url}&x=1"), vec![NEW], "abc"),
        ("PUT", url.replace("a.jpg", "b.jpg"), vec![NEW], "abc"),
        ("PUT", url.replace("X-Amz-Expires=900", "X-Amz-Expires=901"), vec![NEW], "abc"),
    ] {
        let refused = at(&sandbox, method, &url, &headers, body).await;
        let seen = (refused.status(), code(&refused));
        assert_eq!(seen, (StatusCode::FORBIDDEN, mismatch.to_owned()), "{method} {url} {headers:?}");
    }
    let unsigned = at(&sandbox, "PUT", url, &[NEW, ("x-amz-acl", "public-read")], "abc").await;
    assert_eq!((unsigned.status(), code(&unsigned).as_str()), (StatusCode::FORBIDDEN, "AccessDenied"));
    let plain = at(&sandbox, "PUT", url.split_once('?').unwrap().0, &[NEW], "abc").await;
    assert_eq!((plain.status(), code(&plain).as_str()), (StatusCode::FORBIDDEN, "AccessDenied"));
    assert_eq!(at(&sandbox, "PUT", url, &[NEW, ("content-type", "image/jpeg")], "abc").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn url_expires_by_the_clock_that_date_shows() {
    let sandbox = Sandbox::builder().url_lifetime(Duration::from_secs(2)).clock_offset(-7200).start().await.unwrap();
    let session = session(&sandbox, "a.jpg", 3).await;
    let url = text(&session, "url");
    assert!(url.contains("X-Amz-Expires=2&"), "{url}");
    sandbox.advance_clock(Duration::from_secs(3));
    let expired = at(&sandbox, "PUT", url, &[NEW], "abc").await;
    assert_eq!((expired.status(), code(&expired).as_str()), (StatusCode::FORBIDDEN, "AccessDenied"));
    assert!(String::from_utf8_lossy(expired.body()).contains("Request has expired"));
    let real = get(&Sandbox::start().await.unwrap(), "/tasks/").await;
    let hour = |response: &TestResponse| response.headers()["date"].to_str().unwrap()[17..19].to_owned();
    assert_ne!(hour(&expired), hour(&real), "two hours apart");
}

#[tokio::test]
async fn parts_are_joined_and_repeats_are_counted() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let bytes: Vec<u8> = (0..2 * PART + 9).map(|index| (index % 251) as u8).collect();
    let session = session(&sandbox, "large.bin", bytes.len()).await;
    let urls = part_urls(&sandbox, &session, &[1, 2, 3]).await;
    for index in [2, 0, 1, 0] {
        let part = bytes.chunks(PART).nth(index).unwrap().to_vec();
        assert_eq!(at(&sandbox, "PUT", &urls[index], &[], part).await.status(), StatusCode::OK);
    }
    let open = sandbox.storage().uploads();
    assert_eq!((open.len(), open[0].parts.len(), open[0].parts[0].puts), (1, 3, 2));
    assert_eq!(complete(&sandbox, &session).await, StatusCode::OK);
    let object = sandbox.storage().objects().swap_remove(0);
    assert_eq!((object.size, object.sha256.as_deref()), (bytes.len() as u64, Some(hash(&bytes).as_str())));
    assert_eq!(sandbox.storage().bytes(&object.key).unwrap(), bytes);
    assert!(object.etag.ends_with("-3") && object.parts[1].puts == 1, "{object:?}");
    let counters = sandbox.storage().counters();
    assert_eq!((counters.parts, counters.parts_again, counters.bytes), (4, 1, (bytes.len() + PART) as u64));
    let late = at(&sandbox, "PUT", &urls[0], &[], bytes[..PART].to_vec()).await;
    assert_eq!((late.status(), code(&late).as_str()), (StatusCode::NOT_FOUND, "NoSuchUpload"));

    let file =
        at(&sandbox, "GET", &sandbox.storage().url(&object.key), &[("range", "bytes=5242870-5242889")], "").await;
    assert_eq!(file.body(), &bytes[PART - 10..PART + 10], "a range across two parts");
}

#[tokio::test]
async fn hashed_bodies_are_not_kept() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).storage_bodies(Bodies::Hash).start().await.unwrap();
    let small = session(&sandbox, "a.bin", 3).await;
    put(&sandbox, &small["url"], &small["headers"], "abc").await;
    let object = sandbox.storage().objects().swap_remove(0);
    assert_eq!(object.sha256, Some(hash(b"abc")));
    assert!(sandbox.storage().bytes(&object.key).is_err());
    let refused = at(&sandbox, "GET", &sandbox.storage().url(&object.key), &[], "").await;
    assert_eq!((refused.status(), code(&refused).as_str()), (StatusCode::INTERNAL_SERVER_ERROR, "InternalError"));

    // The second part arrives before the first one.
    let large = session(&sandbox, "b.bin", PART + 1).await;
    for (url, part) in part_urls(&sandbox, &large, &[2, 1]).await.iter().zip([vec![2], vec![1; PART]]) {
        let expected = hash(&part);
        assert_eq!(at(&sandbox, "PUT", url, &[], part).await.status(), StatusCode::OK);
        let parts = &sandbox.storage().uploads()[0].parts;
        assert!(parts.iter().any(|part| part.sha256.as_deref() == Some(expected.as_str())), "{parts:?}");
    }
    assert_eq!(complete(&sandbox, &large).await, StatusCode::OK);
    let objects = sandbox.storage().objects();
    let object = objects.iter().find(|object| object.key.ends_with("b.bin")).unwrap();
    assert_eq!(object.sha256, Some(hash(&[&[1; PART][..], &[2]].concat())));
    assert!(sandbox.storage().bytes(&object.key).is_err());
}

#[tokio::test]
async fn export_of_any_size_is_json_in_ranges() {
    let size = 3_000_000;
    let sandbox = Sandbox::builder().export_size(size).start().await.unwrap();
    let exports = fetch(&sandbox, "/exports/").await;
    let url = text(&exports["results"][0], "download_url");
    let whole = at(&sandbox, "GET", url, &[], "").await;
    assert_eq!(whole.body().len() as u64, size);
    let file: Value = serde_json::from_slice(whole.body()).unwrap();
    assert_eq!(file["tasks"].as_array().unwrap().len(), 40);
    let etag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let second = at(&sandbox, "GET", url, &[("range", "bytes=1000000-1999999"), ("if-range", &etag)], "").await;
    assert_eq!(second.body(), &whole.body()[1_000_000..2_000_000]);
    assert!(whole.headers().contains_key("last-modified"));

    sandbox.fault(Fault::change_object().on_storage("GET", "/exports/*")).unwrap();
    let changed = at(&sandbox, "GET", url, &[("range", "bytes=0-9"), ("if-range", &etag)], "").await;
    assert_eq!(
        (changed.status(), changed.body().len() as u64),
        (StatusCode::OK, size),
        "another version is sent whole"
    );
    assert_ne!(changed.headers()["etag"], etag.as_str());
    assert!(serde_json::from_slice::<Value>(changed.body()).is_ok());
    let unsatisfiable = at(&sandbox, "GET", url, &[("range", "bytes=3000000-")], "").await;
    assert_eq!(code(&unsatisfiable), "InvalidRange");
}

#[tokio::test]
async fn demo_items_and_frames_can_be_fetched() {
    let sandbox = Sandbox::builder().item_size(100).start().await.unwrap();
    let items = fetch(&sandbox, "/datasets/acme-robotics/forklift-images/items/?limit=1").await;
    let first = text(&items["results"][0], "url").to_owned();
    for url in [first.as_str(), items["results"][0]["thumbnails"][0].as_str().unwrap()] {
        assert_eq!(at(&sandbox, "GET", url, &[], "").await.body().len(), 100);
    }
    sandbox.advance_clock(Duration::from_secs(901));
    assert_eq!(at(&sandbox, "GET", &first, &[], "").await.status(), StatusCode::FORBIDDEN);
    let items = fetch(&sandbox, "/datasets/acme-robotics/forklift-images/items/?limit=1").await;
    assert_eq!(at(&sandbox, "GET", text(&items["results"][0], "url"), &[], "").await.status(), StatusCode::OK);

    let sequences = fetch(&sandbox, "/datasets/acme-robotics/warehouse-lidar/sequences/?limit=1").await;
    let path = format!("/datasets/acme-robotics/warehouse-lidar/sequences/{}/", text(&sequences["results"][0], "uid"));
    let sequence = fetch(&sandbox, &path).await;
    let url = sequence["frames"][1]["images"][2]["image_url"].as_str().unwrap();
    assert_eq!(at(&sandbox, "GET", url, &[], "").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn cut_request_stores_nothing() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let session = session(&sandbox, "a.bin", 4_000_000).await;
    let url = text(&session, "url").strip_prefix(sandbox.url()).unwrap();
    let request = || {
        let request = Request::put(url).header("host", address(&sandbox)).header(NEW.0, NEW.1);
        request.body(Full::new(Bytes::from(vec![7; 4_000_000]))).unwrap()
    };
    sandbox.fault(Fault::cut_request(1000).on_storage("PUT", "/*")).unwrap();
    assert!(send(address(&sandbox), request()).await.is_err());
    sandbox.fault(Fault::cut_request(9_000_000).on_storage("PUT", "/*")).unwrap();
    assert!(send(address(&sandbox), request()).await.is_err(), "at least one byte is missing");
    assert!(sandbox.storage().objects().is_empty());
    sandbox.fault(Fault::cut_request(9).on("POST", "/exports/")).unwrap();
    let export = crate::client::request(&sandbox, http::Method::POST, "/exports/", "{\"project\": \"p\"}");
    assert!(send(address(&sandbox), export).await.is_err());
    assert_eq!(sandbox.requests().last().map(|request| request.status), Some(None));
    sandbox.fault(Fault::drop_response().on_storage("PUT", "/*")).unwrap();
    assert!(send(address(&sandbox), request()).await.is_err());
    assert_eq!(sandbox.storage().objects().len(), 1, "the response was lost, not the object");
    assert_eq!(send(address(&sandbox), request()).await.unwrap().status(), StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn stalled_request_and_response_never_end() {
    let sandbox = Sandbox::start().await.unwrap();
    let session = session(&sandbox, "a.bin", 4_000_000).await;
    let url = text(&session, "url");
    sandbox.fault(Fault::stall_request(1000).on_storage("PUT", "/*")).unwrap();
    let pause = Duration::from_millis(200);
    let stalled = tokio::time::timeout(pause, at(&sandbox, "PUT", url, &[NEW], vec![7; 4_000_000])).await;
    assert!(stalled.is_err() && sandbox.storage().objects().is_empty());

    let exports = fetch(&sandbox, "/exports/").await;
    let url = text(&exports["results"][0], "download_url").strip_prefix(sandbox.url()).unwrap();
    sandbox.fault(Fault::stall_body(1000).on_storage("GET", "/exports/*")).unwrap();
    let request = Request::get(url).header("host", address(&sandbox)).body(Full::default()).unwrap();
    let mut body = send(address(&sandbox), request).await.unwrap().into_body();
    let begin = Instant::now();
    let mut received = 0;
    while let Ok(Some(frame)) = tokio::time::timeout(pause, body.frame()).await {
        received += frame.unwrap().into_data().unwrap().len();
        assert!(begin.elapsed() < Duration::from_secs(60));
    }
    assert_eq!(received, 1000);
}

#[tokio::test]
async fn slow_down_meets_about_one_in_ten() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let session = session(&sandbox, "a.bin", 3).await;
    let url = text(&session, "url");
    sandbox.fault("PUT storage:/* slow-down x* 1/10".parse().unwrap()).unwrap();
    let mut refused = 0;
    for _ in 0..200 {
        let response = at(&sandbox, "PUT", url, &[NEW], "abc").await;
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            assert_eq!(code(&response), "SlowDown");
            refused += 1;
        }
    }
    assert!((8..=40).contains(&refused), "{refused} of 200");
    assert_eq!(fetch(&sandbox, "/tasks/").await["results"], value!([]), "the API is not the storage host");
}

#[tokio::test]
async fn objects_of_tests_are_served_changed_and_removed() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.storage().insert("shared/a b.txt", "hello");
    let url = sandbox.storage().url("shared/a b.txt");
    assert_eq!(&at(&sandbox, "GET", &url, &[], "").await.body()[..], b"hello");
    sandbox.storage().change("shared/a b.txt").unwrap();
    assert_eq!(at(&sandbox, "GET", &url, &[], "").await.body().len(), 5);
    assert_ne!(&at(&sandbox, "GET", &url, &[], "").await.body()[..], b"hello");
    sandbox.storage().insert_generated("shared/large.bin", 20_000_000_000);
    let large = sandbox.storage().url("shared/large.bin");
    let end = at(&sandbox, "GET", &large, &[("range", "bytes=-1000")], "").await;
    assert_eq!(end.headers()["content-range"], "bytes 19999999000-19999999999/20000000000");
    sandbox.storage().remove("shared/a b.txt").unwrap();
    assert!(sandbox.storage().remove("shared/a b.txt").is_err());
    let gone = at(&sandbox, "GET", &url, &[], "").await;
    assert_eq!((gone.status(), code(&gone).as_str()), (StatusCode::NOT_FOUND, "NoSuchKey"));
    assert!(sandbox.storage().objects().is_empty(), "only uploads are listed");
}

#[tokio::test]
async fn etag_date_and_ranges_are_missing_on_demand() {
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.storage().insert("a.txt", "hello");
    let url = sandbox.storage().url("a.txt");
    let read = async |fault: Fault| {
        sandbox.fault(fault.on_storage("GET", "/a.txt")).unwrap();
        at(&sandbox, "GET", &url, &[("range", "bytes=1-2")], "").await
    };
    let weak = read(Fault::set_header("etag", "W/\"1\"")).await;
    assert_eq!((weak.status(), &weak.headers()["etag"]), (StatusCode::PARTIAL_CONTENT, &"W/\"1\"".parse().unwrap()));
    assert!(!read(Fault::remove_header("etag")).await.headers().contains_key("etag"));
    assert!(!read(Fault::remove_header("date")).await.headers().contains_key("date"));
    let whole = read(Fault::ignore_header("range")).await;
    assert_eq!((whole.status(), &whole.body()[..]), (StatusCode::OK, &b"hello"[..]));
    assert_eq!(at(&sandbox, "GET", &url, &[("range", "bytes=1-2")], "").await.status(), StatusCode::PARTIAL_CONTENT);
    assert!(sandbox.fault(Fault::remove_header("e tag")).is_err());
}
