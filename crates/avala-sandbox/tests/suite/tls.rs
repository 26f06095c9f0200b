//! https with certificates of the test CA, directly and through the CONNECT proxy.

use std::sync::Arc;

use avala_sandbox::Sandbox;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json as value};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::client::TestResponse;

fn connector(sandbox: &Sandbox) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let pem = sandbox.ca_certificate_pem().expect("there is a CA");
    roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap();
    TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))
}

/// Opens a tunnel, and returns it with the head of the proxy's response.
async fn tunnel(sandbox: &Sandbox, target: &str) -> (TcpStream, String) {
    let proxy = sandbox.proxy_url().expect("there is a proxy").trim_start_matches("http://");
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(format!("CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(head).unwrap())
}

async fn exchange(sandbox: &Sandbox, stream: TcpStream, host: &str, request: Request<Full<Bytes>>) -> TestResponse {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let stream = connector(sandbox).connect(name, stream).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    TestResponse::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

fn request(sandbox: &Sandbox, method: &str, host: &str, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(path).header("host", host);
    let request = request.header("x-avala-api-key", sandbox.key()).header("content-type", "application/json");
    request.body(Full::new(body.into())).unwrap()
}

#[tokio::test]
async fn api_is_served_over_tls() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    let address = sandbox.url().strip_prefix("https://").unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let request = request(&sandbox, "GET", address, "/api/v1/tasks/?limit=1", "");
    assert_eq!(exchange(&sandbox, stream, "127.0.0.1", request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn proxy_stands_in_for_the_api_and_the_storage() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    let (stream, head) = tunnel(&sandbox, "api.avala.ai:443").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let body = value!({"dataset_name": "n", "file_path_in_dataset": "a.jpg", "content_length": 3,
        "upload_protocol_version": 2, "dataset_upload_uid": "b1"});
    let path = "/api/v1/datasets/manual-upload/file-upload-url/";
    let target = request(&sandbox, "POST", "api.avala.ai", path, body.to_string());
    let target = exchange(&sandbox, stream, "api.avala.ai", target).await;
    let target: Value = serde_json::from_slice(target.body()).unwrap();

    let url: http::Uri = target["url"].as_str().unwrap().parse().unwrap();
    let host = url.host().unwrap();
    assert!(host.ends_with(".s3.us-east-1.amazonaws.com"), "{host}");
    let (stream, _) = tunnel(&sandbox, &format!("{host}:443")).await;
    let path = url.path_and_query().unwrap().as_str();
    let with_key = request(&sandbox, "PUT", host, path, "abc");
    let refused = exchange(&sandbox, stream, host, with_key).await;
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "the key is not for the storage host");
    let (stream, _) = tunnel(&sandbox, &format!("{host}:443")).await;
    let file = Request::put(path).header("host", host).header("if-none-match", "*");
    let file = file.body(Full::new(Bytes::from_static(b"abc"))).unwrap();
    let stored = exchange(&sandbox, stream, host, file).await;
    assert_eq!(stored.status(), StatusCode::OK, "{stored:?}");
    assert!(stored.headers().contains_key("etag"));
}

/// Sends a request without a key through the proxy.
async fn anonymous(sandbox: &Sandbox, method: &str, host: &str, path: &str) -> TestResponse {
    let (stream, _) = tunnel(sandbox, &format!("{host}:443")).await;
    let request = Request::builder().method(method).uri(path).header("host", host);
    exchange(sandbox, stream, host, request.body(Full::new(Bytes::new())).unwrap()).await
}

#[tokio::test]
async fn public_objects_are_granted_on_the_edge_network() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    let revision =
        anonymous(&sandbox, "GET", "api.avala.ai", "/api/v1/resolve/harbor-vision/harbor-cranes@main/").await;
    let revision: Value = serde_json::from_slice(revision.body()).unwrap();
    let objects = format!("/api/v1{}", revision["manifest"]["objects_path"].as_str().unwrap());
    let page = anonymous(&sandbox, "GET", "api.avala.ai", &objects).await;
    let page: Value = serde_json::from_slice(page.body()).unwrap();
    let object = &page["results"][0];
    let access = format!("/api/v1{}", object["access_path"].as_str().unwrap());
    for (host, query, provider, start) in [
        ("api.avala.ai", "?transport=avala-edge-v1", "avala_edge", "https://data.avala.ai/v1/datasets/".to_owned()),
        ("server.avala.ai", "?transport=avala-edge-v1", "avala_edge", "https://data.avala.ai/v1/datasets/".to_owned()),
        ("api.avala.ai", "", "avala_proxy", "https://api.avala.ai/api/v1/resolve/download/".to_owned()),
    ] {
        let grant = anonymous(&sandbox, "POST", host, &format!("{access}{query}")).await;
        let grant: Value = serde_json::from_slice(grant.body()).unwrap();
        assert_eq!(grant["provider"], provider, "{host}{query}");
        let url: http::Uri = grant["url"].as_str().unwrap().parse().unwrap();
        assert!(url.to_string().starts_with(&start), "{url}");
        let path = url.path_and_query().unwrap().as_str();
        let file = anonymous(&sandbox, "GET", url.host().unwrap(), path).await;
        assert_eq!(file.status(), StatusCode::OK, "{url}");
        assert_eq!(value!(crate::storage_client::hash(file.body())), object["sha256"]);
        let altered = format!("{path}0");
        assert_eq!(anonymous(&sandbox, "GET", url.host().unwrap(), &altered).await.status(), StatusCode::FORBIDDEN);
        sandbox.advance_clock(std::time::Duration::from_secs(301));
        assert_eq!(anonymous(&sandbox, "GET", url.host().unwrap(), path).await.status(), StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn proxy_refuses_unknown_hosts() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    for target in ["example.com:443", "api.avala.ai:80", "amazonaws.com:443", "127.0.0.1:1"] {
        let (_, head) = tunnel(&sandbox, target).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{target}: {head}");
    }
    assert!(Sandbox::start().await.unwrap().proxy_url().is_none());
}

/// Checks the URL of a part of a managed upload like official uploaders.
fn assert_is_grant_url(url: &str, session: &str) {
    assert!(url.is_ascii() && url.len() <= 16_384, "{url}");
    let rest = url.strip_prefix("https://").expect("https");
    let (host, rest) = rest.split_once('/').unwrap();
    let account = host.strip_suffix(".r2.cloudflarestorage.com").expect("a known host");
    assert!(account.len() == 32 && account.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{host}");
    let (path, query) = rest.split_once('?').unwrap();
    let segments: Vec<&str> = path.split('/').collect();
    assert_eq!((segments[1], segments[3], segments[4]), ("__o__%3D", "__cloud__", session), "{path}");
    assert_eq!((segments[2].len(), &segments[5..]), (36, &["day%201", "%C3%A9%2Ba.mcap"][..]), "{path}");
    let mut pairs: Vec<(&str, &str)> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    pairs.sort_unstable();
    let names: Vec<&str> = pairs.iter().map(|(name, _)| *name).collect();
    let expected = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Date",
        "X-Amz-Expires",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "partNumber",
        "uploadId",
    ];
    assert_eq!(names, expected);
    let value = |name: &str| pairs.iter().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!((value("X-Amz-Algorithm"), value("partNumber")), ("AWS4-HMAC-SHA256", "1"));
    assert_eq!(value("X-Amz-SignedHeaders"), "content-length%3Bhost");
    let credential: Vec<&str> = value("X-Amz-Credential").split("%2F").collect();
    let date = value("X-Amz-Date");
    assert_eq!(credential[1..], [&date[..8], "auto", "s3", "aws4_request"]);
    assert!(date.len() == 16 && date.ends_with('Z'), "{date}");
    assert!((1..=300).contains(&value("X-Amz-Expires").parse::<u64>().unwrap()));
    assert_eq!(value("X-Amz-Signature").len(), 64);
}

#[tokio::test]
async fn managed_grants_have_urls_that_official_uploaders_accept() {
    let sandbox = Sandbox::builder().tls(true).recordings(1).start().await.unwrap();
    let call = async |path: String, body: Option<Value>| {
        let (stream, _) = tunnel(&sandbox, "api.avala.ai:443").await;
        let method = if body.is_some() { "POST" } else { "GET" };
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let response =
            exchange(&sandbox, stream, "api.avala.ai", request(&sandbox, method, "api.avala.ai", &path, body)).await;
        assert_eq!(response.status(), StatusCode::OK, "{response:?}");
        serde_json::from_slice::<Value>(response.body()).unwrap()
    };
    let session = "11111111-1111-4111-8111-111111111111";
    let recordings = call("/api/v1/fleet/recordings/".to_owned(), None).await;
    let recording = recordings["results"][0]["uid"].as_str().unwrap();
    let path = |name: &str| format!("/api/v1/fleet/recordings/{recording}/managed-upload/{name}/");
    let identity = |mut body: Value| {
        body["protocol"] = value!("fleet-managed-mcap-v1");
        body["session_uid"] = value!(session);
        Some(body)
    };
    let files = value!([{"path": "day 1/é+a.mcap", "size_bytes": 16, "content_sha256": "0".repeat(64)}]);
    let admitted = call(path("admit"), identity(value!({"files": files}))).await;
    let file = &admitted["files"][0]["file_uid"];
    let generation = call(path("multipart/init"), identity(value!({"file_uid": file}))).await;
    let body = value!({"file_uid": file, "generation_uid": generation["generation_uid"], "numbers": [1]});
    let grant = call(path("multipart/parts"), identity(body)).await["parts"][0].clone();
    assert_is_grant_url(grant["url"].as_str().unwrap(), session);
    assert_eq!(grant["headers"], value!({"content-length": "16"}));
    let mut names: Vec<&String> = grant.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["expires_at", "grant_uid", "headers", "offset", "part_number", "size_bytes", "url"]);
}
