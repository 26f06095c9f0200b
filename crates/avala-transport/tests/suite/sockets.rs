//! The whole stack over real TCP connections.

use std::net::SocketAddr;

use avala_transport::{BaseUrl, Body, Sent, Transport, TransportErrorKind as Kind};
use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use tokio::net::TcpListener;

use crate::servers::{self, Echo};
use crate::support::{builder, get, millis, post, report, send, text, with_options};

fn transport(address: SocketAddr) -> Transport {
    let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
    let quick = avala_transport::RetryPolicy::default().base_delay(millis(1));
    builder().base_url(url).retry(quick).build().unwrap()
}

const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nnot a hundred bytes";
const CUT_CHUNKS: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";

#[tokio::test]
async fn a_call_goes_there_and_back() {
    let server = Echo::plain().await;
    let transport = transport(server.address);
    for _ in 0..3 {
        let response = send(&transport, post("/x/", "hello")).await.unwrap();
        assert_eq!(text(&response), "HTTP/1.1 hello");
    }
    assert_eq!(server.connections(), 1, "the connection is used again");
}

#[tokio::test]
async fn a_streamed_body_goes_out() {
    let server = Echo::plain().await;
    let pieces = || Body::once(Body::from("streamed"));
    let response = send(&transport(server.address), post("/x/", Body::replay(pieces))).await.unwrap();
    assert_eq!(text(&response), "HTTP/1.1 streamed");
}

#[tokio::test]
async fn a_cut_body_is_read_again() {
    for cut in [CUT, CUT_CHUNKS] {
        let transport = transport(servers::raw(vec![cut, WHOLE]).await);
        let response = send(&transport, get("/x/")).await.unwrap();
        assert_eq!((text(&response), report(&response).attempts()), ("whole", 2));
    }
}

#[tokio::test]
async fn a_cut_body_of_a_post_is_an_error() {
    for cut in [CUT, CUT_CHUNKS] {
        let transport = transport(servers::raw(vec![cut]).await);
        let error = send(&transport, post("/x/", Body::empty())).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connection, Sent::Yes, 1));
        assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    }
}

#[tokio::test]
async fn what_is_not_http_and_nothing_at_all_are_broken_connections() {
    for answer in ["", "220 mail.example ESMTP\r\n", "HTTP/1.1 200 OK\r\ncontent-le", "\0\0\0\0\r\n\r\n"] {
        let transport = transport(servers::raw(vec![answer]).await);
        let error = send(&transport, post("/x/", Body::empty())).await.unwrap_err();
        assert_eq!((error.kind(), error.sent()), (Kind::Connection, Sent::Maybe), "{answer:?}: {error:?}");
    }
}

#[tokio::test]
async fn a_size_that_lies_is_not_allocated() {
    // The second one is refused before the first byte of its body.
    for body in ["small", ""] {
        let lie = format!("HTTP/1.1 200 OK\r\ncontent-length: 99999999999999\r\n\r\n{body}");
        let error = send(&transport(servers::raw(vec![lie]).await), get("/x/")).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (Kind::BodyTooLarge, 1));
    }

    let below_the_cap = "HTTP/1.1 200 OK\r\ncontent-length: 60000000\r\n\r\nsmall";
    let transport = transport(servers::raw(vec![below_the_cap]).await);
    let error = send(&transport, post("/x/", Body::empty())).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Connection);
}

#[tokio::test]
async fn a_refused_connection_was_certainly_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = send(&transport(address), post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_request_body_that_fails_is_the_requests_fault() {
    let server = Echo::plain().await;
    let frames = tokio_stream_of(vec![
        Ok(http_body::Frame::data(Bytes::from_static(b"half"))),
        Err(std::io::Error::other("the file is gone")),
    ]);
    let request = post("/x/", Body::once(StreamBody::new(frames)));
    let error = send(&transport(server.address), request).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Request, Sent::Maybe, 1));
}

/// A stream of these items.
fn tokio_stream_of<T: Unpin>(items: Vec<T>) -> impl futures_core::Stream<Item = T> {
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
async fn a_stream_arrives_piece_by_piece() {
    let transport = transport(servers::raw(vec![CUT]).await);
    let request = with_options(get("/x/"), |options| options.streaming = true);
    let mut body = send(&transport, request).await.unwrap().into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(first, "not a hundred bytes");
    assert!(body.frame().await.unwrap().is_err(), "the reader of a stream sees the cut");
}
