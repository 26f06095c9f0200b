//! Request bodies from streams and files, over a socket.

use std::pin::Pin;
use std::task::{Context, Poll};

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{Body, Sent, TransportErrorKind};
use bytes::Bytes;
use futures_core::Stream;

use crate::support::{post, quick, report, send};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A stream of pieces, each of which is ready at once.
struct Pieces(std::vec::IntoIter<Result<&'static str, &'static str>>);

impl Stream for Pieces {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = self.0.next();
        Poll::Ready(piece.map(|piece| piece.map(Bytes::from).map_err(std::io::Error::other)))
    }
}

fn pieces(pieces: impl Into<Vec<Result<&'static str, &'static str>>>) -> Pieces {
    Pieces(pieces.into().into_iter())
}

/// Returns the head and the body of the n-th request.
fn received(server: &ByteServer, index: usize) -> (String, Vec<u8>) {
    let request = server.requests()[index].to_vec();
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    (String::from_utf8(request[..end].to_vec()).unwrap().to_lowercase(), request[end..].to_vec())
}

#[tokio::test]
async fn stream_is_sent_with_its_length() {
    let server = ByteServer::start([Script::new().request().send(OK)]).await.unwrap();
    let transport = quick(server.address()).build().unwrap();
    let body = Body::stream(9, pieces([Ok("sen"), Ok(""), Ok("sor-12")]));
    assert!(!body.is_replayable());
    send(&transport, post("/files/", body)).await.unwrap();
    let (head, body) = received(&server, 0);
    assert!(head.contains("content-length: 9\r\n") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, b"sensor-12");
}

#[tokio::test]
async fn stream_of_another_length_or_that_fails_is_an_error() {
    for (stream, why) in [
        (vec![Ok("sen")], "6 bytes before its announced length of 9 bytes"),
        (vec![Ok("sen"), Ok("sor-123")], "after its announced length of 9 bytes"),
        (vec![Ok("sen"), Err("the camera is gone")], "the camera is gone"),
    ] {
        let server = ByteServer::always(Script::new().request().send(OK)).await.unwrap();
        let transport = quick(server.address()).build().unwrap();
        let error = send(&transport, post("/files/", Body::stream(9, pieces(stream)))).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (TransportErrorKind::Request, 1), "{error}");
        let chain = std::error::Error::source(&error).unwrap().to_string();
        assert!(chain.contains(why), "{chain}");
        assert_ne!(error.sent(), Sent::Yes);
    }
}

#[tokio::test]
async fn file_is_read_again_for_each_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drive.mcap");
    let content: Vec<u8> = (0..200_000_u32).map(|index| (index % 251) as u8).collect();
    std::fs::write(&path, &content).unwrap();
    let busy = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
    let server = ByteServer::start([Script::new().request().send(busy).request().send(OK)]).await.unwrap();
    let transport = quick(server.address()).build().unwrap();
    let body = Body::file(&path).await.unwrap();
    assert!(body.is_replayable());
    let request = crate::support::with_options(post("/files/", body), |options| options.repeatable = Some(true));
    let response = send(&transport, request).await.unwrap();
    assert_eq!(report(&response).attempts, 2);
    for index in 0..2 {
        let (head, body) = received(&server, index);
        assert!(head.contains("content-length: 200000\r\n"), "{head}");
        assert!(body == content, "the bytes of the file");
    }
}

#[tokio::test]
async fn file_that_changed_is_not_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("drive.mcap");
    for change in ["grown", "shrunk", "gone"] {
        std::fs::write(&path, "12345").unwrap();
        let body = Body::file(&path).await.unwrap();
        match change {
            "grown" => std::fs::write(&path, "123456").unwrap(),
            "shrunk" => std::fs::write(&path, "1234").unwrap(),
            _ => std::fs::remove_file(&path).unwrap(),
        }
        let server = ByteServer::always(Script::new().request().send(OK)).await.unwrap();
        let transport = quick(server.address()).build().unwrap();
        let error = send(&transport, post("/files/", body)).await.unwrap_err();
        assert_eq!(error.kind(), TransportErrorKind::Request, "{change}: {error}");
    }
    assert!(Body::file(folder.path()).await.is_err(), "a folder is not a file");
    assert!(Body::file(folder.path().join("none")).await.is_err());
}

#[tokio::test]
async fn empty_sources_send_an_empty_body() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("empty");
    std::fs::write(&path, "").unwrap();
    for body in [Body::file(&path).await.unwrap(), Body::stream(0, pieces([]))] {
        let server = ByteServer::always(Script::new().request().send(OK)).await.unwrap();
        let transport = quick(server.address()).build().unwrap();
        send(&transport, post("/files/", body)).await.unwrap();
        assert!(received(&server, 0).0.contains("content-length: 0\r\n"));
    }
}
