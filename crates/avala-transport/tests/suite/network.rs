//! Failures of networks and servers, on real sockets.
//!
//! In tests of time, the clock is paused: the server, the client and the test share one thread, so what one of them
//! wrote can be read by the next one, and the clock only jumps when all of them wait.

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{Sent, TimeoutPhase, TransportErrorKind as Kind};
use std::time::Duration;

use crate::support::{get, gzip, post, quick, report, secs, send, text};

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";

fn whole() -> Script {
    Script::new().request().send(WHOLE)
}

/// Returns every way to break a connection, and whether the headers arrived before.
fn breaks() -> Vec<(&'static str, Script, bool)> {
    let head = |head: &str| Script::new().request().send(head.to_owned());
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let zipped = gzip(&"compressed ".repeat(100));
    let zipped_head =
        |length: usize| head(&format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"));
    let half = zipped[..zipped.len() / 2].to_vec();
    vec![
        ("a reset before the headers", Script::new().request().reset(), false),
        ("a reset in the headers", head("HTTP/1.1 200 OK\r\nconte").reset(), false),
        ("closed before the headers", Script::new().request(), false),
        ("hung up in the headers", head("HTTP/1.1 200 OK\r\nconte"), false),
        ("a reset in the body", head(HEAD).send("half").reset(), true),
        ("closed after the headers", head(HEAD), true),
        ("closed in the body: it is shorter than announced", head(HEAD).send("half"), true),
        ("cut in the size of a chunk", head(chunked).send("5"), true),
        ("cut in a chunk", head(chunked).send("5\r\nhel"), true),
        ("cut between two chunks", head(chunked).send("5\r\nhello\r\n"), true),
        ("a chunk without a size", head(chunked).send("five\r\nhello\r\n"), true),
        ("cut in a compressed body", zipped_head(zipped.len()).send(half.clone()), true),
        ("a compressed body that ends early", zipped_head(half.len()).send(half), true),
        ("not HTTP at all", head("220 mail.example ESMTP\r\n"), false),
        ("noise", head("\u{1}\u{2}\u{3}\r\n\r\n"), false),
        ("no length that could be", head("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n"), false),
    ]
}

#[tokio::test]
async fn broken_connection_is_retried_only_for_safe_methods() {
    for (what, script, had_headers) in breaks() {
        let server = ByteServer::start([script.clone(), whole()]).await.unwrap();
        let response = send(&quick(server.address()).build().unwrap(), get("/x/")).await.expect(what);
        assert_eq!((text(&response), report(&response).attempts()), ("whole", 2), "{what}");

        let server = ByteServer::start([script, whole()]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.expect_err(what);
        assert_eq!((error.kind(), error.attempts()), (Kind::ConnectionLost, 1), "{what}: {error:?}");
        assert_eq!(error.sent(), if had_headers { Sent::Yes } else { Sent::Maybe }, "{what}: {error:?}");
        assert_eq!(error.status().is_some(), had_headers, "{what}");
        assert_eq!(server.requests().len(), 1, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn silent_server_ends_with_the_attempt_timeout() {
    for (what, script) in [
        ("no headers", Script::new().request().stall()),
        ("half a header", Script::new().request().send("HTTP/1.1 200 OK\r\nconte").stall()),
        ("no body", Script::new().request().send(HEAD).stall()),
        ("half a body", Script::new().request().send(HEAD).send("half").stall()),
    ] {
        let server = ByteServer::start([script.clone(), whole()]).await.unwrap();
        let response = send(&quick(server.address()).build().unwrap(), get("/x/")).await.expect(what);
        assert_eq!((text(&response), report(&response).attempts()), ("whole", 2), "{what}");
        assert_eq!(report(&response).time_spent().attempts, secs(30), "{what}");

        let server = ByteServer::start([script]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.expect_err(what);
        assert_eq!((error.timeout_phase(), error.sent()), (Some(TimeoutPhase::Attempt), Sent::Maybe), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_byte_per_second_does_not_extend_a_call() {
    for script in [
        Script::new().request().dribble(HEAD, secs(1)),
        Script::new().request().send(HEAD).dribble("x".repeat(1_000), secs(1)),
    ] {
        let server = ByteServer::always(script).await.unwrap();
        let transport = quick(server.address()).attempt_timeout(Duration::MAX).timeout(secs(20)).build().unwrap();
        let error = send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.elapsed()), (Some(TimeoutPhase::Total), secs(20)));

        let transport = quick(server.address()).timeout(secs(70)).build().unwrap();
        let error = send(&transport, get("/x/")).await.unwrap_err();
        assert_eq!((error.timeout_phase(), error.attempts()), (Some(TimeoutPhase::Total), 3), "30 s for each attempt");
    }
}

#[tokio::test(start_paused = true)]
async fn slow_response_is_not_an_error() {
    let server = ByteServer::start([Script::new().request().dribble(WHOLE, Duration::from_millis(200))]).await.unwrap();
    let response = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.unwrap();
    assert_eq!((text(&response), report(&response).attempts()), ("whole", 1));
}

#[tokio::test]
async fn bytes_after_the_content_length_are_dropped() {
    let too_long = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nonetwothree";
    let server = ByteServer::always(Script::new().request().send(too_long).request().send(WHOLE)).await.unwrap();
    let transport = quick(server.address()).build().unwrap();
    for _ in 0..2 {
        assert_eq!(text(&send(&transport, post("/x/", "{}")).await.unwrap()), "one");
    }
    assert_eq!(server.connections(), 2, "the connection has unread bytes and is not used again");
}

#[tokio::test]
async fn endless_response_headers_are_bounded() {
    let lines = Script::new().request().send("HTTP/1.1 200 OK\r\n");
    let kibibyte = format!("x-filler: {}\r\n", "x".repeat(1_012));
    for (what, script) in [
        ("100 MB in headers", lines.clone().repeat(kibibyte, 100_000)),
        ("100 MB in one header", lines.clone().send("x-filler: ").repeat("x".repeat(1_000), 100_000)),
        ("100 MB in a status line", Script::new().request().send("HTTP/1.1 200 ").repeat("O".repeat(1_000), 100_000)),
        ("100 MB without a line", Script::new().request().repeat("x".repeat(1_000), 100_000)),
    ] {
        let server = ByteServer::start([script]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), post("/x/", "{}")).await.expect_err(what);
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Maybe, 1), "{what}");
        // Most of it is in the socket buffers of the system.
        assert!(server.bytes_sent() < 10 << 20, "{what}: {} bytes were sent", server.bytes_sent());
    }
}

#[tokio::test]
async fn decompression_bomb_over_a_socket_is_too_large() {
    let mebibyte = gzip(&"\0".repeat(1 << 20));
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\n";
    let server = ByteServer::start([Script::new().request().send(head).repeat(mebibyte, 100_000)]).await.unwrap();
    let error = send(&quick(server.address()).build().unwrap(), get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.limit_bytes(), error.attempts()), (Kind::BodyTooLarge, Some(64 << 20), 1));
    assert!(server.requests()[0].windows(25).any(|header| header == b"\r\naccept-encoding: gzip\r\n"));
    assert!(server.bytes_sent() < 20 << 20, "{} of 100 MB were sent", server.bytes_sent());
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let elsewhere = ByteServer::always(whole()).await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let location = format!("HTTP/1.1 {status} Go\r\nlocation: {}/secret/?key=hunter2\r\n\r\n", elsewhere.url());
        let server = ByteServer::start([Script::new().request().send(location)]).await.unwrap();
        let error = send(&quick(server.address()).build().unwrap(), get("/x/")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Redirect, Sent::Yes, 1));
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_limited_and_closed() {
    let server = ByteServer::always(Script::new().request().send(WHOLE).stall()).await.unwrap();
    let transport = quick(server.address()).pool_max_idle_per_host(2).build().unwrap();
    let call = || send(&transport, get("/x/"));
    let (first, second, third) = tokio::join!(call(), call(), call());
    for response in [first, second, third] {
        assert_eq!(text(&response.unwrap()), "whole");
    }
    tokio::time::sleep(secs(49)).await;
    assert_eq!((server.connections(), server.open_connections()), (3, 2), "two are kept");
    tokio::time::sleep(secs(60)).await;
    assert_eq!(server.open_connections(), 0, "the client closes idle connections before the server does");
}
