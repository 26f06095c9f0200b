//! Pooled connections that were closed, and new ones that close at once.

use std::net::SocketAddr;
use std::sync::Arc;

use avala_transport::{BaseUrl, Body, RetryPolicy, Sent, Transport, TransportErrorKind as Kind};
use http::Method;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::servers::certificate_authority;
use crate::support::{builder, millis, post, report, request, send, text};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// When the server closes a connection after responding to one request.
#[derive(Debug, Clone, Copy, PartialEq)]
enum HangUp {
    BeforeTheNextRequest,
    AfterReadingTheNextRequest,
}

/// Serves one request on the first connection and closes it; the second connection is served normally.
async fn server(hang_up: HangUp) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        read_request(&mut first).await;
        first.write_all(RESPONSE).await.unwrap();
        if hang_up == HangUp::AfterReadingTheNextRequest {
            read_request(&mut first).await;
        }
        drop(first);
        if hang_up == HangUp::BeforeTheNextRequest {
            let (mut witness, _) = listener.accept().await.unwrap();
            witness.write_all(b"!").await.unwrap();
        }
        let (mut second, _) = listener.accept().await.unwrap();
        read_request(&mut second).await;
        second.write_all(RESPONSE).await.unwrap();
        let _ = second.read(&mut [0]).await;
    });
    address
}

/// Waits until the server has closed the connection: requests on a later one were sent after that.
async fn wait_until_hung_up(server: SocketAddr) {
    let mut witness = TcpStream::connect(server).await.unwrap();
    assert_eq!(witness.read_u8().await.unwrap(), b'!');
}

/// Reads a head and the body of two bytes that the tests send.
async fn read_request(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        read.push(stream.read_u8().await.unwrap());
    }
    if String::from_utf8_lossy(&read).contains("content-length: 2") {
        stream.read_u16().await.unwrap();
    }
}

fn transport(address: SocketAddr) -> Transport {
    let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
    builder().base_url(url).retry(RetryPolicy::default().base_delay(millis(1))).build().unwrap()
}

#[tokio::test]
async fn connection_closed_while_idle_is_replaced() {
    for method in [Method::GET, Method::POST] {
        let address = server(HangUp::BeforeTheNextRequest).await;
        let transport = transport(address);
        let call = || request(method.clone(), "/x/").map(|_| Body::from("{}"));
        send(&transport, call()).await.unwrap();
        wait_until_hung_up(address).await;
        let response = send(&transport, call()).await.unwrap();
        assert_eq!((text(&response), report(&response).attempts()), ("ok", 1), "{method}");
    }
}

#[tokio::test]
async fn post_fails_when_a_pooled_connection_closes_mid_request() {
    let transport = transport(server(HangUp::AfterReadingTheNextRequest).await);
    send(&transport, post("/x/", "{}")).await.unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Maybe, 1));

    let transport = self::transport(server(HangUp::AfterReadingTheNextRequest).await);
    let put = || request(Method::PUT, "/x/").map(|_| Body::from("{}"));
    send(&transport, put()).await.unwrap();
    let response = send(&transport, put()).await.unwrap();
    assert_eq!((text(&response), report(&response).attempts()), ("ok", 2));
}

#[tokio::test]
async fn connection_lost_before_the_request_counts_as_not_sent() {
    // In TLS 1.2 the server sends the last message of the handshake, and its next bytes arrive with it.
    let (root, _, issuer) = certificate_authority();
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap().der().clone();
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    // In a resumed session the client sends the last message.
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    let tls = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = tls.accept(stream).await.unwrap();
            let _ = stream.write_all(b"421 too many connections\r\n").await;
            let _ = stream.shutdown().await;
        }
    });

    let url = BaseUrl::parse(&format!("https://{address}")).unwrap();
    let quick = RetryPolicy::default().base_delay(millis(1));
    let transport = builder().base_url(url).root_certificate_der(root).retry(quick).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::No, 3), "{error:?}");
}
