//! A minimal HTTP client for the tests.

use avala_sandbox::Sandbox;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A complete response.
pub(crate) type TestResponse = Response<Bytes>;

/// Sends one request on a new connection and returns the response once its head has arrived.
pub(crate) async fn send(address: &str, request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}

/// Returns a request to a path below `/api/v1`, with the key.
pub(crate) fn request(sandbox: &Sandbox, method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(format!("/api/v1{path}"))
        .header("host", "localhost")
        .header("x-avala-api-key", sandbox.key())
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap()
}

pub(crate) fn address(sandbox: &Sandbox) -> &str {
    sandbox.url().strip_prefix("http://").unwrap()
}

pub(crate) async fn call(sandbox: &Sandbox, request: Request<Full<Bytes>>) -> TestResponse {
    let (parts, body) = send(address(sandbox), request).await.unwrap().into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

pub(crate) async fn get(sandbox: &Sandbox, path: &str) -> TestResponse {
    call(sandbox, request(sandbox, Method::GET, path, "")).await
}

pub(crate) async fn post(sandbox: &Sandbox, path: &str, body: Value) -> TestResponse {
    call(sandbox, request(sandbox, Method::POST, path, body.to_string())).await
}

pub(crate) async fn patch(sandbox: &Sandbox, path: &str, body: Value) -> TestResponse {
    call(sandbox, request(sandbox, Method::PATCH, path, body.to_string())).await
}

pub(crate) async fn delete(sandbox: &Sandbox, path: &str) -> TestResponse {
    call(sandbox, request(sandbox, Method::DELETE, path, "")).await
}

/// Sends a POST without a body, for actions.
pub(crate) async fn act(sandbox: &Sandbox, path: &str) -> TestResponse {
    call(sandbox, request(sandbox, Method::POST, path, "")).await
}

/// Returns the object that a POST created.
pub(crate) async fn create(sandbox: &Sandbox, path: &str, body: Value) -> Value {
    json(&post(sandbox, path, body).await, StatusCode::CREATED)
}

/// Returns the fields that a POST is refused for.
pub(crate) async fn refused_fields(sandbox: &Sandbox, path: &str, body: Value) -> Vec<String> {
    let errors = json(&post(sandbox, path, body).await, StatusCode::BAD_REQUEST);
    errors.as_object().unwrap().keys().cloned().collect()
}

/// Returns the JSON of a response with this status.
#[track_caller]
pub(crate) fn json(response: &TestResponse, status: StatusCode) -> Value {
    assert_eq!(response.status(), status, "{response:?}");
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(response.body()).unwrap()
}

/// Returns the JSON of a successful GET.
pub(crate) async fn fetch(sandbox: &Sandbox, path: &str) -> Value {
    json(&get(sandbox, path).await, StatusCode::OK)
}

/// Replaces presigned URLs by their paths: the rest depends on the port and the second of the response.
pub(crate) fn unsigned(mut value: Value) -> Value {
    match &mut value {
        Value::Array(list) => list.iter_mut().for_each(|inner| *inner = unsigned(inner.take())),
        Value::Object(map) => map.values_mut().for_each(|inner| *inner = unsigned(inner.take())),
        Value::String(text) if text.contains("X-Amz-Signature=") => {
            *text = text.parse::<http::Uri>().unwrap().path().to_owned();
        }
        _ => {}
    }
    value
}

/// Returns a link of the sandbox as a path below `/api/v1`.
pub(crate) fn path_of(sandbox: &Sandbox, link: &Value) -> Option<String> {
    let path = link.as_str()?.strip_prefix(&sandbox.api_url());
    Some(path.expect("links are absolute and lead to the sandbox").to_owned())
}

/// Returns one field of every row of a page.
pub(crate) fn column(page: &Value, field: &str) -> Vec<String> {
    let rows = page["results"].as_array().unwrap();
    rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn text<'a>(thing: &'a Value, field: &str) -> &'a str {
    thing[field].as_str().unwrap_or_else(|| panic!("{field} is not a text in {thing}"))
}

/// Returns the UID of the first object in a list.
pub(crate) async fn first_uid(sandbox: &Sandbox, path: &str) -> String {
    column(&fetch(sandbox, path).await, "uid").swap_remove(0)
}

/// Returns one field of every row of every page.
pub(crate) async fn walk(sandbox: &Sandbox, path: &str, field: &str) -> Vec<String> {
    let mut values = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let page = fetch(sandbox, &path).await;
        values.extend(column(&page, field));
        next = path_of(sandbox, &page["next"]);
        assert_ne!(next.as_ref(), Some(&path), "a page that is its own next");
    }
    values
}
