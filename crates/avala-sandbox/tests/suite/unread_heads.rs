//! Requests whose head the server cannot read: refused with JSON, like all other requests.

use avala_sandbox::Sandbox;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::address;

/// Sends bytes and returns everything that the server responds until it closes the connection.
async fn exchange(sandbox: &Sandbox, sent: &[u8]) -> String {
    let stream = TcpStream::connect(address(sandbox)).await.unwrap();
    let (mut reader, mut writer) = stream.into_split();
    let write = async {
        // The server may close its side before everything is sent, and still reads the rest.
        writer.write_all(sent).await.unwrap();
        writer
    };
    let read = async {
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        String::from_utf8(received).unwrap()
    };
    let (_writer, received) = tokio::join!(write, read);
    received
}

/// Checks the status and the form of a response.
fn check(response: &str, status: &str, case: &str) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{case}: {response}"));
    assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{case}: {head}");
    assert!(head.contains("content-type: application/json") && head.contains("connection: close"), "{case}: {head}");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{case}: {head}");
    let body: Value = serde_json::from_str(body).unwrap_or_else(|error| panic!("{case}: {error}: {body}"));
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{case}: {body}");
}

fn cases() -> Vec<(&'static str, &'static str, String)> {
    // A head that can be read is refused later, and leaves the connection open.
    let line = "GET /api/v1/tasks/ HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let many: String = (0..2_000).map(|number| format!("x-header-{number}: 1\r\n")).collect();
    vec![
        ("one large header", "431", format!("{line}x-large: {}\r\n\r\n", "a".repeat(300 * 1024))),
        ("a very large header", "431", format!("{line}x-large: {}\r\n\r\n", "a".repeat(8 * 1024 * 1024))),
        ("many headers", "431", format!("{line}{many}\r\n")),
        (
            "a long query",
            "414",
            format!("GET /api/v1/tasks/?q={} HTTP/1.1\r\nhost: localhost\r\n\r\n", "a".repeat(70_000)),
        ),
        ("no method", "400", "\u{1} / HTTP/1.1\r\n\r\n".to_owned()),
        ("no version", "400", "GET /api/v1/tasks/ HTTP/7.7\r\n\r\n".to_owned()),
        ("a header without a name", "400", format!("{line}: 1\r\n\r\n")),
        ("a length of letters", "400", format!("{line}content-length: ten\r\n\r\n")),
    ]
}

#[tokio::test]
async fn unreadable_head_is_refused_with_json() {
    let sandbox = Sandbox::start().await.unwrap();
    for (case, status, sent) in cases() {
        check(&exchange(&sandbox, sent.as_bytes()).await, status, case);
    }
}

#[tokio::test]
async fn unreadable_body_is_refused_with_json() {
    let sandbox = Sandbox::start().await.unwrap();
    let head = format!(
        "POST /api/v1/datasets/ HTTP/1.1\r\nhost: localhost\r\nx-avala-api-key: {}\r\ntransfer-encoding: chunked\r\n\r\n",
        sandbox.key()
    );
    for (case, body) in [
        ("a size of letters", "zz\r\n{}\r\n0\r\n\r\n"),
        ("a chunk that is too long", "1\r\n{}\r\n0\r\n\r\n"),
        ("a size beyond 64 bits", "11111111111111111\r\n{}"),
    ] {
        check(&exchange(&sandbox, format!("{head}{body}").as_bytes()).await, "400", case);
    }
    assert!(sandbox.requests().iter().all(|request| request.status == Some(http::StatusCode::BAD_REQUEST)));
}

#[tokio::test]
async fn unreadable_head_after_a_request_is_refused_with_json() {
    let sandbox = Sandbox::start().await.unwrap();
    let first =
        format!("GET /api/v1/users/me/ HTTP/1.1\r\nhost: localhost\r\nx-avala-api-key: {}\r\n\r\n", sandbox.key());
    for (case, status, sent) in cases() {
        let response = exchange(&sandbox, format!("{first}{sent}").as_bytes()).await;
        let second = response.rfind("HTTP/1.1 ").unwrap();
        assert!(response.starts_with("HTTP/1.1 200 OK") && second > 0, "{case}: {response}");
        check(response.get(second..).unwrap(), status, case);
    }
}
