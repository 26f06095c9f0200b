//! Messages of failed calls over sockets: each names the cause that a library reports, on one line, without repetition.

use std::net::{SocketAddr, TcpListener};

use avala_client::{Avala, AvalaBuilder, Error, ErrorKind, Sent};
use avala_transport::testing::{ByteServer, Script};
use avala_transport::{Proxy, redact};

fn builder(url: &str) -> AvalaBuilder {
    Avala::builder().api_key("avk_test").base_url(url).allow_insecure_base_url(true)
}

async fn error_of(builder: AvalaBuilder) -> Error {
    builder.build().unwrap().tasks().list().max_attempts(1).await.unwrap_err()
}

/// Returns the error of a call to a server that responds with these bytes. The base URL is https if `is_tls`.
async fn response_of(is_tls: bool, bytes: &'static [u8]) -> Error {
    let script = if is_tls { Script::new().anything() } else { Script::new().request() };
    let server = ByteServer::always(script.send(bytes)).await.unwrap();
    let url = if is_tls { server.url().replace("http:", "https:") } else { server.url() };
    error_of(builder(&url)).await
}

/// Returns the error of a call through this proxy.
async fn through(proxy: &str) -> Error {
    let proxy = Proxy::http(proxy).unwrap();
    error_of(builder("https://api.example").transport(|transport| transport.proxy(proxy))).await
}

/// Returns an address without a listener.
fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn check(error: &Error, kind: ErrorKind, cause: &str) {
    let line = error.to_string();
    assert_eq!(error.kind(), kind, "{line}");
    assert!(line.contains(cause), "{cause:?} is missing in {line:?}");
    assert_eq!(redact::one_line(&line), line);
    let parts: Vec<&str> = line.split(": ").collect();
    assert!(parts.windows(2).all(|pair| pair[0] != pair[1]), "{line}");
    assert_eq!(line.matches(cause).count(), 1, "{line}");
}

#[tokio::test]
async fn http_framing_is_named() {
    use ErrorKind::ConnectionLost;
    let table: [(&'static [u8], &str); 11] = [
        (b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", "invalid HTTP header"),
        (b"HTTP/1.1 200 OK\r\nx: a\x01b\r\n\r\n", "invalid HTTP header"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!", "invalid content-length"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", "invalid content-length"),
        (b"HTTP/1.1 abc\r\n\r\n", "invalid HTTP status-code"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "invalid HTTP version"),
        (b"", "connection closed before message completed"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}", "end of file before message length reached"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfive\r\nhello\r\n", "Invalid chunk size line"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", "end of file before message length reached"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello!!", "Invalid chunk body CR"),
    ];
    for (response, cause) in table {
        check(&response_of(false, response).await, ConnectionLost, cause);
    }
    let script = Script::new().request().send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}").reset();
    let reset = error_of(builder(&ByteServer::always(script).await.unwrap().url())).await;
    check(&reset, ConnectionLost, "Connection reset by peer");
    assert_eq!(reset.sent(), Sent::Yes);
}

#[tokio::test]
async fn content_encoding_is_named() {
    use ErrorKind::{ConnectionLost, Decode};
    let gzip =
        |rest: &[u8]| [b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", rest].concat().leak() as &'static [u8];
    check(&response_of(false, gzip(b"this is not gzip")).await, ConnectionLost, "invalid gzip header");
    let truncated = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    check(
        &response_of(false, gzip(&truncated)).await,
        ConnectionLost,
        "compressed response body is corrupt or truncated",
    );
    for encoding in ["br", "zstd", "gzip, gzip"] {
        let response = format!("HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\n\r\n\u{1}\u{2}");
        let cause = format!("the content encoding `{encoding}`, which cannot be decoded");
        check(&response_of(false, response.leak().as_bytes()).await, Decode, &cause);
    }
    let empty = response_of(false, b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n").await;
    check(&empty, Decode, "the body is empty");
    assert!(!empty.to_string().contains("encoding"), "an empty body is not encoded: {empty}");
}

#[tokio::test]
async fn line_and_column_of_invalid_json_are_named() {
    let response = b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n{\"results\":\n[1, 2,]}";
    check(&response_of(false, response).await, ErrorKind::Decode, "line 2 column 7");
    let response = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n<html>\r\n</html>";
    check(&response_of(false, response).await, ErrorKind::Decode, "line 1 column 1");
}

#[tokio::test]
async fn tls_and_dns_are_named_with_host_and_port() {
    use ErrorKind::{Connect, Tls};
    check(&response_of(true, b"HTTP/1.1 400 Bad Request\r\n\r\n").await, Tls, "corrupt message");
    check(&response_of(true, b"\x15\x03\x03\x00\x02\x02\x28").await, Tls, "fatal alert: HandshakeFailure");
    check(&response_of(true, b"").await, Connect, "tls handshake eof");
    // Names under .invalid never resolve.
    let unknown = error_of(builder("https://no-such-host.invalid:8443")).await;
    check(&unknown, Connect, "no-such-host.invalid:8443");
    check(&unknown, Connect, "failed to lookup address information");
    let closed = closed_port();
    let refused = error_of(builder(&format!("https://{closed}"))).await;
    check(&refused, Connect, "Connection refused");
    check(&refused, Connect, &closed.to_string());
}

#[tokio::test]
async fn proxy_is_named_with_its_reason() {
    use ErrorKind::{Configuration, Connect};
    for (response, kind, reason) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Connect, "refused the tunnel: status 403 Forbidden"),
        ("HTTP/1.1 302 \r\n", Connect, "refused the tunnel: status 302 Found"),
        ("HTTP/1.1 101 Switching Protocols\r\n\r\n", Connect, "refused the tunnel: status 101"),
        ("HTTP/1.1 407 X\r\n\r\n", Configuration, "rejected the credentials (407)"),
        ("SSH-2.0\r\n", Connect, "the response is not HTTP"),
        ("", Connect, "the connection was closed inside the response"),
    ] {
        let proxy = ByteServer::always(Script::new().request().send(response)).await.unwrap();
        let error = through(&format!("http://build:hunter2@{}", proxy.address())).await;
        check(&error, kind, reason);
        check(&error, kind, &format!("proxy {}", proxy.address()));
        assert_eq!(error.sent(), Sent::No);
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    check(&through(&format!("http://{}", closed_port())).await, Connect, "Connection refused");
    check(&through("http://no-such-proxy.invalid:3128").await, Connect, "proxy no-such-proxy.invalid:3128 failed");
}
