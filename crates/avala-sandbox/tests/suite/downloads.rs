//! Files of exports.

use std::time::Duration;

use avala_sandbox::Sandbox;
use http::StatusCode;
use serde_json::Value;

use crate::client::{TestResponse, fetch, text};
use crate::storage_client::at;

async fn download_url(sandbox: &Sandbox) -> String {
    let exports = fetch(sandbox, "/exports/").await;
    text(&exports["results"][0], "download_url").to_owned()
}

async fn download(sandbox: &Sandbox, method: &str, url: &str, headers: &[(&str, &str)]) -> TestResponse {
    at(sandbox, method, url, headers, "").await
}

#[tokio::test]
async fn download_url_serves_the_export_in_ranges() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = download_url(&sandbox).await;
    let whole = download(&sandbox, "GET", &url, &[]).await;
    assert_eq!(whole.status(), StatusCode::OK);
    let file: Value = serde_json::from_slice(whole.body()).unwrap();
    assert_eq!(file["tasks"].as_array().unwrap().len(), 40);
    let etag = whole.headers()["etag"].to_str().unwrap();
    let length = whole.body().len();

    let part = download(&sandbox, "GET", &url, &[("range", "bytes=10-19"), ("if-range", etag)]).await;
    assert_eq!((part.status(), part.body()), (StatusCode::PARTIAL_CONTENT, &whole.body().slice(10..20)));
    assert_eq!(part.headers()["content-range"], format!("bytes 10-19/{length}"));
    let other = download(&sandbox, "GET", &url, &[("range", "bytes=10-19"), ("if-range", "\"other\"")]).await;
    assert_eq!((other.status(), other.body().len()), (StatusCode::OK, length));
    let beyond = download(&sandbox, "GET", &url, &[("range", &format!("bytes={length}-"))]).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{length}"));
    let known = download(&sandbox, "GET", &url, &[("if-none-match", etag)]).await;
    assert_eq!(known.status(), StatusCode::NOT_MODIFIED);
    let changed = download(&sandbox, "GET", &url, &[("if-match", "\"other\"")]).await;
    assert_eq!(changed.status(), StatusCode::PRECONDITION_FAILED);
    let head = download(&sandbox, "HEAD", &url, &[]).await;
    assert_eq!(head.status(), StatusCode::FORBIDDEN, "the URL is signed for GET");
}

#[tokio::test]
async fn altered_or_expired_url_is_403() {
    let sandbox = Sandbox::start().await.unwrap();
    let url = download_url(&sandbox).await;
    for wrong in [
        url.replace("X-Amz-Expires=900", "X-Amz-Expires=9999"),
        format!("{url}0"),
        url.replace("/exports/", "/exportz/"),
    ] {
        let refused = download(&sandbox, "GET", &wrong, &[]).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{wrong}");
        assert!(String::from_utf8_lossy(refused.body()).contains("<Code>SignatureDoesNotMatch</Code>"));
    }
    let sandbox = Sandbox::builder().url_lifetime(Duration::ZERO).start().await.unwrap();
    let url = download_url(&sandbox).await;
    let expired = download(&sandbox, "GET", &url, &[]).await;
    assert_eq!(expired.status(), StatusCode::FORBIDDEN);
    assert!(String::from_utf8_lossy(expired.body()).contains("Request has expired"), "{expired:?}");
}
