//! Servers whose responses are unusual, or barely not HTTP/1.1.

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{RetryPolicy, Sent, TimeoutPhase, TransportErrorKind as Kind};
use http::Method;

use crate::support::{get, millis, post, quick, report, request, send, text};

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

fn responds(bytes: impl Into<bytes::Bytes>) -> Script {
    Script::new().request().send(bytes)
}

#[tokio::test]
async fn endless_parts_of_a_chunked_body_are_bounded() {
    let kibibyte = "x".repeat(1_024);
    for (what, script) in [
        ("trailers", responds(CHUNKED).send("5\r\nhello\r\n0\r\n").repeat(format!("x-filler: {kibibyte}\r\n"), 10_000)),
        ("one trailer", responds(CHUNKED).send("5\r\nhello\r\n0\r\nx-filler: ").repeat(kibibyte.clone(), 10_000)),
        ("a chunk extension", responds(CHUNKED).send("5;x=").repeat(kibibyte.clone(), 10_000)),
        ("the size of a chunk", responds(CHUNKED).repeat("f".repeat(1_024), 10_000)),
    ] {
        let server = ByteServer::start([script]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.expect_err(what);
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Yes, 1), "{what}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(200), "{what}");
    }
}

#[tokio::test]
async fn small_trailers_and_extensions_are_ignored() {
    let body = "5;name=value\r\nwhole\r\n0;last\r\nx-checksum: 1\r\n\r\n";
    let server = ByteServer::start([responds([CHUNKED, body].concat())]).await.unwrap();
    assert_eq!(text(&send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.unwrap()), "whole");
}

#[tokio::test]
async fn endless_interim_responses_end_at_the_deadline() {
    let interim = "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100);
    let server = ByteServer::always(Script::new().request().repeat(interim, usize::MAX)).await.unwrap();
    let builder = quick(server.address()).timeout(millis(300)).retry(RetryPolicy::none());
    let error = send(&builder.build().unwrap(), get("/x/")).await.unwrap_err();
    assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Total), Sent::Maybe), "{error}");
}

#[tokio::test]
async fn response_after_many_interim_ones_is_read() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(5_000);
    let server = ByteServer::start([responds(interim).send(WHOLE)]).await.unwrap();
    let response = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.unwrap();
    assert_eq!((text(&response), report(&response).attempts()), ("whole", 1));
}

#[tokio::test]
async fn contradicting_lengths_are_a_lost_connection() {
    for headers in [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 6\r\ncontent-length: 5",
        "content-length: 5, 6",
        "content-length: -5",
        "content-length: 5.0",
        "content-length: 0x5",
        "content-length: ",
        "content-length: 18446744073709551616",
        "content-length: 99999999999999999999999999",
    ] {
        let server = ByteServer::start([responds(format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\nwhole"))]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.expect_err(headers);
        assert_eq!((error.kind(), error.attempts()), (Kind::ConnectionLost, 1), "{headers}: {error}");
        assert!(error.sent() > Sent::No, "{headers}");
    }
    for length in [u64::MAX, u64::MAX - 1, i64::MAX as u64, 1 << 40] {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nwhole");
        let server = ByteServer::start([responds(head)]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.unwrap_err();
        assert!(matches!(error.kind(), Kind::BodyTooLarge | Kind::ConnectionLost), "{length}: {error}");
    }
}

#[tokio::test]
async fn body_where_none_belongs_reaches_no_other_call() {
    let stray = "HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nstray";
    for (method, first) in [
        (Method::GET, format!("HTTP/1.1 204 No Content\r\n\r\n{stray}")),
        (Method::GET, format!("HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n{stray}")),
        (Method::GET, "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nstray".to_owned()),
        (Method::HEAD, format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{stray}", stray.len())),
        (Method::GET, format!("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n{stray}")),
        (Method::GET, format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n{stray}")),
    ] {
        let script = responds(first.clone()).request().send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nstale");
        let server = ByteServer::start([script, responds(WHOLE)]).await.unwrap();
        let transport = quick(server.address()).build().unwrap();
        let status = send(&transport, request(method, "/first/")).await.map(|response| response.status().as_u16());
        let second = send(&transport, post("/second/", "{}")).await.unwrap();
        assert_eq!((second.status().as_u16(), text(&second)), (200, "whole"), "{first:?}: {status:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_response_are_a_lost_connection() {
    for bytes in [
        "<html>it works</html>",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nname with space: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: a\u{0}b\r\n\r\n",
        "RTSP/1.0 200 OK\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{0}\u{5}hello",
    ] {
        let server = ByteServer::start([responds(bytes)]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.expect_err(bytes);
        assert_eq!((error.kind(), error.sent()), (Kind::ConnectionLost, Sent::Maybe), "{bytes:?}: {error}");
        let line = error.to_string();
        assert!(!line.contains(['\n', '\r', '\u{0}']), "{line:?}");
    }
}
