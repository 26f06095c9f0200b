//! The whole stack over real TCP connections.

use std::error::Error;
use std::io;
use std::net::SocketAddr;

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{BaseUrl, Body, Sent, Transport, TransportErrorKind as Kind};
use bytes::Bytes;
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::servers::{Echo, certificate_authority, server_config};
use crate::support::{get, post, quick, request, send, text, with_options};

fn transport(address: SocketAddr) -> Transport {
    quick(address).build().unwrap()
}

#[tokio::test]
async fn request_and_response_cross_a_socket() {
    let server = Echo::plain().await;
    let transport = transport(server.address);
    for _ in 0..3 {
        let response = send(&transport, post("/x/", "hello")).await.unwrap();
        assert_eq!(text(&response), "HTTP/1.1 hello");
    }
    assert_eq!(server.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn streamed_request_body_is_sent() {
    let server = Echo::plain().await;
    let pieces = || Body::once(Body::from("streamed"));
    let response = send(&transport(server.address), post("/x/", Body::replay(pieces))).await.unwrap();
    assert_eq!(text(&response), "HTTP/1.1 streamed");
}

#[tokio::test]
async fn false_content_length_is_not_allocated() {
    // The second one is refused before the first byte of its body.
    for body in ["small", ""] {
        let lie = format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n{body}");
        let server = ByteServer::start([Script::new().request().send(lie)]).await.unwrap();
        let error = send(&transport(server.address()), get("/x/")).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (Kind::BodyTooLarge, 1));
    }

    let below_the_cap = "HTTP/1.1 200 OK\r\ncontent-length: 60000000\r\n\r\nsmall";
    let server = ByteServer::start([Script::new().request().send(below_the_cap)]).await.unwrap();
    let error = send(&transport(server.address()), post("/x/", Body::empty())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionLost);
}

#[tokio::test]
async fn refused_connection_counts_as_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = send(&transport(address), post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

/// Returns a body that starts correctly and then fails, each time that it is created.
fn failing() -> Body {
    Body::replay(|| {
        StreamBody::new(stream_of(vec![
            Ok(Frame::data(Bytes::from_static(b"half"))),
            Err(io::Error::other("the file is gone")),
        ]))
    })
}

#[tokio::test]
async fn failing_request_body_is_a_request_error() {
    let (root, _, issuer) = certificate_authority();
    let plain = Echo::plain().await;
    let http2 = Echo::tls(server_config(&issuer, "127.0.0.1", &["h2"], |_| {})).await;
    let url = BaseUrl::parse(&format!("https://{}", http2.address)).unwrap();
    let over_http2 = quick(http2.address).base_url(url).root_certificate_der(root).build().unwrap();
    for (transport, version) in [(transport(plain.address), "HTTP/1.1 hello"), (over_http2, "HTTP/2.0 hello")] {
        assert_eq!(text(&send(&transport, post("/x/", "hello")).await.unwrap()), version);
        // A method and a body that can be repeated.
        let request = request(Method::PUT, "/x/").map(|_| failing());
        let error = send(&transport, request).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Request, Sent::Maybe, 1), "{version}");
        assert_eq!(error.to_string(), "reading the request body failed while it was sent");
        let source = error.source().and_then(<dyn Error>::downcast_ref::<io::Error>).expect(version);
        assert_eq!(source.to_string(), "the file is gone", "{version}");
    }
}

#[tokio::test]
async fn lost_connection_under_a_request_body_is_no_request_error() {
    let server = ByteServer::start([Script::new().request().reset()]).await.unwrap();
    let body = Body::replay(|| Body::once(Body::from("streamed")));
    let error = send(&transport(server.address()), post("/x/", body)).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Maybe, 1));
}

/// Returns a stream of these items.
fn stream_of<T: Unpin>(items: Vec<T>) -> impl futures_core::Stream<Item = T> {
    struct Items<T>(std::vec::IntoIter<T>);
    impl<T: Unpin> futures_core::Stream for Items<T> {
        type Item = T;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<T>> {
            std::task::Poll::Ready(self.0.next())
        }
    }
    Items(items.into_iter())
}

#[tokio::test]
async fn streamed_response_arrives_piece_by_piece() {
    let cut = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nnot a hundred bytes";
    let server = ByteServer::start([Script::new().request().send(cut)]).await.unwrap();
    let transport = transport(server.address());
    let request = with_options(get("/x/"), |options| options.streaming = true);
    let mut body = send(&transport, request).await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "not a hundred bytes");
    assert!(body.frame().await.unwrap().is_err(), "the reader of a stream sees the cut");
}

/// hyperium/hyper#3654, seanmonstar/reqwest#838: servers that respond with 411.
#[tokio::test]
async fn request_without_a_body_has_a_length_where_one_is_usual() {
    let empty: [fn() -> Body; 3] = [Body::empty, || Body::from(""), || Body::replay(Body::empty)];
    for (method, expected) in [
        (Method::POST, true),
        (Method::PUT, true),
        (Method::PATCH, true),
        (Method::GET, false),
        (Method::HEAD, false),
        (Method::DELETE, false),
    ] {
        for body in empty {
            let script = Script::new().request().send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            let server = ByteServer::start([script]).await.unwrap();
            send(&transport(server.address()), request(method.clone(), "/x/").map(|_| body())).await.unwrap();
            let head = String::from_utf8(server.requests()[0].to_vec()).unwrap().to_ascii_lowercase();
            assert_eq!(head.matches("content-length: 0\r\n").count(), usize::from(expected), "{head}");
            assert!(!head.contains("transfer-encoding"), "{head}");
        }
    }
    // A body of unknown size is chunked, and its own length stays.
    let script = Script::new().request().send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let server = ByteServer::start([script]).await.unwrap();
    send(&transport(server.address()), post("/x/", "four")).await.unwrap();
    let head = String::from_utf8(server.requests()[0].to_vec()).unwrap();
    assert!(head.contains("content-length: 4\r\n"), "{head}");
}

/// psf/requests#2422, dakrone/clj-http#277: the response arrives while the body is still sent.
#[tokio::test]
async fn refusal_during_the_request_body_is_read() {
    for close in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let connection = if close { "close" } else { "keep-alive" };
                let head = format!("HTTP/1.1 413 No\r\nconnection: {connection}\r\ncontent-length: 9\r\n\r\n");
                let _ = stream.write_all(format!("{head}too large").as_bytes()).await;
                if close {
                    let _ = stream.shutdown().await;
                }
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
        });
        let response = send(&transport(address), post("/x/", "x".repeat(8 << 20))).await.unwrap();
        assert_eq!((response.status().as_u16(), text(&response)), (413, "too large"), "{close}");
    }
}
