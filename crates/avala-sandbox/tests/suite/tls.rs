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

#[tokio::test]
async fn proxy_refuses_unknown_hosts() {
    let sandbox = Sandbox::builder().tls(true).start().await.unwrap();
    for target in ["example.com:443", "api.avala.ai:80", "amazonaws.com:443", "127.0.0.1:1"] {
        let (_, head) = tunnel(&sandbox, target).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{target}: {head}");
    }
    assert!(Sandbox::start().await.unwrap().proxy_url().is_none());
}
