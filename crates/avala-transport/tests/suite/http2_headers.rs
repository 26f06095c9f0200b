//! A server of HTTP/2 whose headers never end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use avala_transport::{BaseUrl, RetryPolicy, Sent, TransportErrorKind as Kind};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::servers::{certificate_authority, server_config};
use crate::support::{builder, post, send};

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
}

/// Reads up to the headers of the request.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) {
    stream.read_exact(&mut [0; "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()]).await.unwrap();
    let mut head = [0; 9];
    while head[3] != HEADERS {
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        stream.read_exact(&mut vec![0; length as usize]).await.unwrap();
    }
}

#[tokio::test]
async fn endless_continuation_frames_are_bounded() {
    let (root, _, issuer) = certificate_authority();
    let acceptor = TlsAcceptor::from(Arc::new(server_config(&issuer, "127.0.0.1", &["h2"], |_| {})));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(stream).await.unwrap();
        stream.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
        read_request(&mut stream).await;
        // `x: ` and 16,000 letters, as HPACK writes a header that it does not compress.
        let header = [&[0, 1, b'x', 0x7f, 0x81, 0x7c][..], &[b'x'; 16_000]].concat();
        stream.write_all(&frame(HEADERS, 1, &[0x88])).await.unwrap();
        for _ in 0..6_250 {
            if stream.write_all(&frame(CONTINUATION, 1, &header)).await.is_err() {
                return;
            }
            counter.fetch_add(header.len(), Ordering::Relaxed);
        }
    });

    let url = BaseUrl::parse(&format!("https://{address}")).unwrap();
    let transport = builder().base_url(url).root_certificate_der(root).retry(RetryPolicy::none()).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::ConnectionLost, Sent::Maybe), "{error:?}");
    let sent = sent.load(Ordering::Relaxed);
    assert!(sent < 10 << 20, "{sent} bytes of 100 MB were sent");
}
