//! Requests like those of other clients, and errors that all of them can read.

use avala_sandbox::{Sandbox, Seed};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json as value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{address, call, create, get, json, post, request};

/// Sends text and returns the whole response.
async fn exchange(sandbox: &Sandbox, request: &str) -> String {
    let mut stream = TcpStream::connect(address(sandbox)).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn bodies_of_other_clients_are_read() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = r#"{"name":"c","type":"lidar","metadata":{"stamp":1736933400123456789}}"#;
    let length = body.len();
    let head = format!(
        "POST /api/v1/fleet/devices/ HTTP/1.1\r\nhost: {}\r\nx-avala-api-key: {}\r\nconnection: close\r\n",
        address(&sandbox),
        sandbox.key()
    );
    let json = "content-type: application/json\r\n";
    for request in [
        format!("{head}{json}expect: 100-continue\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("{head}content-type: Application/JSON; charset=UTF-8\r\ncontent-length: {length}\r\n\r\n{body}"),
        format!("{head}{json}transfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n"),
    ] {
        let response = exchange(&sandbox, &request).await;
        assert!(response.contains("201 Created") && response.contains("1736933400123456789"), "{response}");
    }
}

#[tokio::test]
async fn a_body_up_to_64_mib_is_accepted() {
    let sandbox = Sandbox::builder().seed(Seed::Empty).start().await.unwrap();
    let device = |size: usize| value!({"name": "n", "type": "lidar", "metadata": {"rig": "x".repeat(size)}});
    let made = create(&sandbox, "/fleet/devices/", device(3 << 20)).await;
    assert_eq!(made["metadata"]["rig"].as_str().unwrap().len(), 3 << 20);

    let refused = post(&sandbox, "/fleet/devices/", device(64 << 20)).await;
    let detail = json(&refused, StatusCode::PAYLOAD_TOO_LARGE)["detail"].clone();
    assert!(detail.as_str().unwrap().contains("64 MiB"), "{detail}");
}

#[tokio::test]
async fn every_error_is_json_with_a_detail() {
    let sandbox = Sandbox::start().await.unwrap();
    for (method, path, status) in [
        (Method::GET, "/nowhere/", 404),
        (Method::GET, "/tasks/%ff/", 400),
        (Method::GET, "/tasks/a%00b/", 400),
        (Method::GET, "/tasks/?status=%00", 400),
        (Method::PATCH, "/tasks/", 405),
        (Method::GET, "/projects/", 403),
    ] {
        let response = call(&sandbox, request(&sandbox, method, path, "")).await;
        let body = json(&response, StatusCode::from_u16(status).unwrap());
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{path}: {body}");
    }
    let mut large = request(&sandbox, Method::GET, "/tasks/", "");
    for name in ["x-one", "x-two", "x-three"] {
        large.headers_mut().insert(name, HeaderValue::from_str(&"a".repeat(12_000)).unwrap());
    }
    json(&call(&sandbox, large).await, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn foreign_host_is_refused() {
    let sandbox = Sandbox::start().await.unwrap();
    for (host, status) in [("evil.example", 400), ("127.0.0.1.evil.example:80", 400), ("127.0.0.1:1", 200)] {
        let mut request = request(&sandbox, Method::GET, "/tasks/?limit=1", "");
        request.headers_mut().insert("host", HeaderValue::from_static(host));
        assert_eq!(call(&sandbox, request).await.status(), status, "{host}");
    }
}

#[tokio::test]
async fn null_characters_are_refused_by_field() {
    let sandbox = Sandbox::start().await.unwrap();
    let body = value!({"name": "a\0b", "slug": "s", "data_type": "image", "metadata": {"deep": ["\0"]}});
    let refused = json(&post(&sandbox, "/datasets/", body).await, StatusCode::BAD_REQUEST);
    let sentence = value!(["Null characters are not allowed."]);
    assert_eq!(refused, value!({"name": sentence, "metadata": sentence}));
    // The backslash is escaped here, so that there is no NUL.
    let body = value!({"name": "a\\u0000b", "slug": "s", "data_type": "image"});
    assert_eq!(create(&sandbox, "/datasets/", body).await["name"], "a\\u0000b");
}

async fn with_authorization(sandbox: &Sandbox, token: &str, key: Option<&str>) -> (StatusCode, Value) {
    let mut request = request(sandbox, Method::GET, "/users/me/", "");
    request.headers_mut().remove("x-avala-api-key");
    if let Some(key) = key {
        request.headers_mut().insert("x-avala-api-key", HeaderValue::from_str(key).unwrap());
    }
    request.headers_mut().insert("authorization", HeaderValue::from_str(token).unwrap());
    let response = call(sandbox, request).await;
    (response.status(), serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn access_token_stands_in_for_the_key() {
    let sandbox = Sandbox::builder().access_token("oauth_1").start().await.unwrap();
    for token in ["Bearer oauth_1", "bearer oauth_1", "Bearer avk_test"] {
        let (status, me) = with_authorization(&sandbox, token, None).await;
        assert_eq!((status, &me["username"]), (StatusCode::OK, &value!("acme-robotics")), "{token}");
    }
    for (token, key) in [("Bearer wrong", None), ("Basic oauth_1", None), ("Bearer oauth_1", Some("avk_test"))] {
        let (status, body) = with_authorization(&sandbox, token, key).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{token} {key:?}");
        assert!(body["detail"].is_string());
    }
    // The token is not an API key.
    let (status, _) = with_authorization(&sandbox, "none", Some("oauth_1")).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn log_hides_every_credential() {
    let sandbox = Sandbox::start().await.unwrap();
    let mut request = request(&sandbox, Method::GET, "/tasks/?limit=1&X-Amz-Signature=hidden1&api_key=hidden2", "");
    request.headers_mut().append("x-avala-api-key", HeaderValue::from_static("hidden3"));
    for (name, secret) in
        [("authorization", "Bearer hidden4"), ("proxy-authorization", "Basic hidden5"), ("cookie", "hidden6")]
    {
        request.headers_mut().insert(name, HeaderValue::from_static(secret));
    }
    call(&sandbox, request).await;
    let log = format!("{:?}", sandbox.requests());
    assert!(!log.contains("hidden") && !log.contains("avk_test"), "{log}");
    assert_eq!(sandbox.requests()[0].headers.get_all("x-avala-api-key").iter().count(), 2);
    get(&sandbox, "/tasks/?limit=2").await;
    assert_eq!(sandbox.requests()[1].query.as_deref(), Some("limit=2"));
}
