//! Connect timeout of one call.
//!
//! A listener that is never accepted from completes the TCP handshake and sends no TLS records.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{
    Background, BaseUrl, Body, RetryPolicy, Sent, TimeoutPhase, Transport, TransportBuilder, TransportError,
    TransportErrorKind as Kind,
};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::servers::{certificate_authority, server_config};
use crate::support::{builder, get, millis, post, quick, report, secs, send, text, with_options};

const RESPONSE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";

fn with_connect_timeout(request: Request<Body>, time: Duration) -> Request<Body> {
    with_options(request, |options| options.connect_timeout = Some(time))
}

/// Returns a listener that never sends anything, and a builder with a connect timeout of ten seconds.
async fn silence() -> (TcpListener, TransportBuilder) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    (listener, builder().base_url(url).root_certificate_der(certificate_authority().0))
}

/// Returns a transport without retries, for a server that responds on its first connection only, each time after
/// `pause`.
async fn one_at_a_time(pause: Duration) -> Transport {
    let (root, _, issuer) = certificate_authority();
    let tls = TlsAcceptor::from(Arc::new(server_config(&issuer, "127.0.0.1", &[], |_| {})));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // Otherwise the response may wait for a delayed acknowledgment, in real time.
        stream.set_nodelay(true).unwrap();
        let mut stream = tls.accept(stream).await.unwrap();
        while stream.read(&mut [0; 1_024]).await.is_ok_and(|read| read > 0) {
            tokio::time::sleep(pause).await;
            stream.write_all(RESPONSE.as_bytes()).await.unwrap();
        }
    });
    builder().base_url(url).root_certificate_der(root).retry(RetryPolicy::none()).build().unwrap()
}

fn assert_no_connection(error: &TransportError, attempts: u32) {
    assert_eq!((error.kind(), error.timeout_phase()), (Kind::Timeout, Some(TimeoutPhase::Connect)), "{error:?}");
    assert_eq!((error.sent(), error.attempts()), (Sent::No, attempts), "{error:?}");
    assert!(error.to_string().starts_with("connecting to 127.0.0.1:"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn shorter_connect_timeout_of_call_and_client_applies() {
    let (_listener, builder) = silence().await;
    let transport = builder.retry(RetryPolicy::none()).connect_timeout(secs(4)).build().unwrap();
    for (own, expected) in [(millis(1_500), millis(1_500)), (secs(9), secs(4)), (Duration::MAX, secs(4))] {
        let error = send(&transport, with_connect_timeout(get("/x/"), own)).await.unwrap_err();
        assert_no_connection(&error, 1);
        assert_eq!(error.elapsed(), expected, "{own:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_is_retried_and_reports_the_time_spent() {
    let (_listener, builder) = silence().await;
    let transport = builder.build().unwrap();
    let error = send(&transport, with_connect_timeout(post("/x/", "{}"), secs(2))).await.unwrap_err();
    assert_no_connection(&error, 3);
    let spent = error.time_spent();
    assert_eq!((spent.waiting, spent.attempts), (Duration::ZERO, secs(6)));
    assert_eq!(spent.backoff, error.elapsed() - secs(6));
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_restarts_with_each_attempt() {
    let (root, _, issuer) = certificate_authority();
    let tls = TlsAcceptor::from(Arc::new(server_config(&issuer, "127.0.0.1", &[], |_| {})));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        let (_silent, _) = listener.accept().await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        // Otherwise the response may wait for a delayed acknowledgment, in real time.
        stream.set_nodelay(true).unwrap();
        let mut stream = tls.accept(stream).await.unwrap();
        assert!(stream.read(&mut [0; 1_024]).await.unwrap() > 0);
        stream.write_all(RESPONSE.as_bytes()).await.unwrap();
        let _ = stream.read(&mut [0]).await;
    });
    let transport = builder().base_url(url).root_certificate_der(root).build().unwrap();
    let response = send(&transport, with_connect_timeout(post("/x/", "{}"), secs(2))).await.unwrap();
    assert_eq!((text(&response), report(&response).attempts()), ("whole", 2));
    assert_eq!(report(&response).time_spent().attempts, secs(2));
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_ends_once_connected() {
    // The response takes ten seconds, and the second one arrives over the connection of the first.
    let slow = Script::new().request().dribble(RESPONSE, millis(200)).request().dribble(RESPONSE, millis(200));
    let server = ByteServer::start([slow]).await.unwrap();
    let transport = quick(server.address()).build().unwrap();
    for time in [millis(1), Duration::ZERO] {
        let response = send(&transport, with_connect_timeout(post("/x/", "{}"), time)).await.unwrap();
        assert_eq!((text(&response), report(&response).attempts()), ("whole", 1));
        assert!(report(&response).elapsed() > secs(5));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(start_paused = true)]
async fn connect_timeout_ends_with_a_released_connection() {
    // The first connection takes three seconds for each response, and there is no second one.
    let transport = one_at_a_time(secs(3)).await;
    let first = send(&transport, post("/1/", "{}"));
    let hurried = send(&transport, with_connect_timeout(post("/2/", "{}"), secs(2)));
    let patient = async {
        // Behind the others, so that the connection is in use.
        tokio::time::sleep(millis(100)).await;
        send(&transport, with_connect_timeout(post("/3/", "{}"), secs(4))).await
    };
    let (first, hurried, patient) = tokio::join!(first, hurried, patient);
    assert_no_connection(&hurried.unwrap_err(), 1);
    assert_eq!((text(&first.unwrap()), text(patient.as_ref().unwrap())), ("whole", "whole"));
    assert!(report(&patient.unwrap()).elapsed() > secs(5), "its response arrived later than its connect timeout");
}

#[tokio::test(start_paused = true)]
async fn concurrent_calls_have_separate_connect_timeouts() {
    let (_listener, builder) = silence().await;
    let transport = builder.retry(RetryPolicy::none()).build().unwrap();
    let patient = send(&transport, get("/1/"));
    let hurried = send(&transport, with_connect_timeout(get("/2/"), secs(1)));
    let (patient, hurried) = tokio::join!(patient, hurried);
    let (patient, hurried) = (patient.unwrap_err(), hurried.unwrap_err());
    assert_no_connection(&patient, 1);
    assert_no_connection(&hurried, 1);
    assert_eq!((patient.elapsed(), hurried.elapsed()), (secs(10), secs(1)));
}

#[tokio::test(start_paused = true)]
async fn pause_while_a_connection_is_opened_does_not_count() {
    let (root, _, issuer) = certificate_authority();
    let tls = TlsAcceptor::from(Arc::new(server_config(&issuer, "127.0.0.1", &[], |_| {})));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = BaseUrl::parse(&format!("https://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            // A connection that the client has abandoned fails here.
            let Ok(mut stream) = tls.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 1_024]).await;
            let _ = stream.write_all(RESPONSE.as_bytes()).await;
        }
    });
    let builder = builder().base_url(url).root_certificate_der(root).retry(RetryPolicy::none());
    let transport = builder.timeout(Duration::MAX).attempt_timeout(Duration::MAX).build().unwrap();
    for connect_timeout in [None, Some(secs(5))] {
        let background = Background::new();
        let request = with_options(post("/x/", ""), |options| {
            options.background = Some(background.clone());
            options.connect_timeout = connect_timeout;
        });
        let mut call = pin!(send(&transport, request));
        assert!(poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_pending())).await);
        background.pause();
        // Its consumer is busy, and its runtime too.
        tokio::time::advance(secs(65)).await;
        background.resume();
        assert_eq!(call.await.unwrap().status(), 200, "{connect_timeout:?}");
    }
}
