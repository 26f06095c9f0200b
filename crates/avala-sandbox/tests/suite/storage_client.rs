//! A client that sends files to the presigned URLs of the sandbox.

use avala_sandbox::Sandbox;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use sha2::Digest;

use crate::client::{TestResponse, address, send};

/// Sends bytes to an address, with the headers that belong to it and without a key.
pub(crate) async fn put(sandbox: &Sandbox, url: &Value, headers: &Value, bytes: impl Into<Bytes>) -> TestResponse {
    let mut request = Request::builder().method(Method::PUT);
    for (name, value) in headers.as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap());
    }
    upload(sandbox, request, url, bytes).await
}

/// Sends a form with a file.
pub(crate) async fn post_form(sandbox: &Sandbox, target: &Value, bytes: &[u8]) -> TestResponse {
    let mut body = Vec::new();
    for (name, value) in target["fields"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        let part = format!("--b0\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.into_bytes());
    }
    body.extend(b"--b0\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n");
    body.extend(bytes);
    body.extend(b"\r\n--b0--\r\n");
    let request = Request::builder().method(Method::POST).header("content-type", "multipart/form-data; boundary=b0");
    upload(sandbox, request, &target["url"], body).await
}

/// Returns the `ETag` of a response, without its quotes.
pub(crate) fn etag(response: &TestResponse) -> String {
    response.headers()["etag"].to_str().unwrap().trim_matches('"').to_owned()
}

/// Sends a request to a URL of the sandbox, with these headers and without a key.
pub(crate) async fn at(
    sandbox: &Sandbox,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    bytes: impl Into<Bytes>,
) -> TestResponse {
    let request =
        headers.iter().fold(Request::builder().method(method), |all, (name, value)| all.header(*name, *value));
    upload(sandbox, request, &Value::from(url), bytes).await
}

/// Returns the SHA-256 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the code of an error in the XML of S3.
#[track_caller]
pub(crate) fn code(response: &TestResponse) -> String {
    assert_eq!(response.headers()["content-type"], "application/xml", "{response:?}");
    let text = String::from_utf8_lossy(response.body()).into_owned();
    let (_, rest) = text.split_once("<Code>").expect("a code");
    rest.split('<').next().unwrap().to_owned()
}

async fn upload(
    sandbox: &Sandbox,
    request: http::request::Builder,
    url: &Value,
    bytes: impl Into<Bytes>,
) -> TestResponse {
    let path = url.as_str().unwrap().strip_prefix(sandbox.url()).expect("an address of the sandbox");
    let request = request.uri(path).header("host", address(sandbox)).body(Full::new(bytes.into())).unwrap();
    let (parts, body) = send(address(sandbox), request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}
