use std::time::{Duration, SystemTime};

use avala_sandbox::{RateLimit, Sandbox};
use http::{HeaderMap, Method, StatusCode};

use crate::client::{call, get, json, request};

fn number(headers: &HeaderMap, name: &str) -> u64 {
    headers[name].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_request_over_the_limit_is_429() {
    let sandbox = Sandbox::builder().rate_limit(RateLimit::per_minute(3)).start().await.unwrap();
    let mut without_key = request(&sandbox, Method::GET, "/tasks/", "");
    without_key.headers_mut().remove("x-avala-api-key");
    assert_eq!(call(&sandbox, without_key).await.status(), StatusCode::UNAUTHORIZED);

    for remaining in [2, 1, 0] {
        let response = get(&sandbox, "/nothing/").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(number(response.headers(), "x-ratelimit-limit"), 3);
        assert_eq!(number(response.headers(), "x-ratelimit-remaining"), remaining);
    }
    let response = get(&sandbox, "/tasks/").await;
    assert!(json(&response, StatusCode::TOO_MANY_REQUESTS)["detail"].as_str().unwrap().contains("throttled"));
    assert!((1..=60).contains(&number(response.headers(), "retry-after")));
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!((now..=now + 61).contains(&number(response.headers(), "x-ratelimit-reset")));
}

#[tokio::test]
async fn a_new_window_takes_requests_again() {
    let limit = RateLimit::per_minute(1).window(Duration::from_millis(1));
    let sandbox = Sandbox::builder().rate_limit(limit).start().await.unwrap();
    let mut taken = 0;
    while taken < 3 {
        let response = get(&sandbox, "/tasks/?limit=1").await;
        match response.status() {
            StatusCode::OK => taken += 1,
            _ => assert_eq!(number(response.headers(), "retry-after"), 1),
        }
    }
}

#[tokio::test]
async fn without_a_limit_the_headers_are_there_all_the_same() {
    let sandbox = Sandbox::start().await.unwrap();
    let response = get(&sandbox, "/tasks/").await;
    assert!(number(response.headers(), "x-ratelimit-remaining") > 100_000);
    assert!(number(response.headers(), "x-ratelimit-reset") > 1_700_000_000);
}
