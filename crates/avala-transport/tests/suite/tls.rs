//! TLS handshakes: the negotiated protocol, and servers that are rejected.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{BaseUrl, Sent, Transport, TransportBuilder, TransportErrorKind as Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::servers::{self, Echo, certificate_authority, server_config};
use crate::support::{builder, post, send, text};

fn transport(server: std::net::SocketAddr, trust: impl FnOnce(TransportBuilder) -> TransportBuilder) -> Transport {
    let url = BaseUrl::parse(&format!("https://{server}")).unwrap();
    trust(builder().base_url(url)).build().unwrap()
}

#[tokio::test]
async fn negotiated_protocol_is_supported_by_both_sides() {
    let (der, pem, issuer) = certificate_authority();
    let table: [(&[&str], &str); 4] = [
        (&["h2", "http/1.1"], "HTTP/2.0 hello"),
        (&["h2"], "HTTP/2.0 hello"),
        (&["http/1.1"], "HTTP/1.1 hello"),
        (&[], "HTTP/1.1 hello"),
    ];
    for (protocols, expected) in table {
        let server = Echo::tls(server_config(&issuer, "127.0.0.1", protocols, |_| {})).await;
        let by_der = transport(server.address, |builder| builder.root_certificate_der(der.clone()));
        let by_pem = transport(server.address, |builder| builder.root_certificate_pem(pem.clone()));
        for transport in [by_der, by_pem] {
            for _ in 0..2 {
                let response = send(&transport, post("/x/", "hello")).await.unwrap();
                assert_eq!(text(&response), expected, "{protocols:?}");
            }
        }
        assert_eq!(server.connections(), 2, "one for each transport");
    }
}

#[tokio::test]
async fn http2_calls_share_one_connection_once_it_is_open() {
    let (der, _, issuer) = certificate_authority();
    let server = Echo::tls(server_config(&issuer, "127.0.0.1", &["h2"], |_| {})).await;
    let transport = transport(server.address, |builder| builder.root_certificate_der(der));
    // The protocol is not known yet, so each of the first calls may open a connection.
    for _ in 0..2 {
        let calls = (0..20).map(|_| send(&transport, post("/x/", "hello")));
        for response in futures_util::future::join_all(calls).await {
            assert_eq!(text(&response.unwrap()), "HTTP/2.0 hello");
        }
    }
    assert!(server.connections() <= 20, "{}", server.connections());
}

#[tokio::test]
async fn limit_of_idle_connections_is_for_http1_only() {
    let (der, _, issuer) = certificate_authority();
    for (protocol, expected) in [("h2", 1), ("http/1.1", 3)] {
        let server = Echo::tls(server_config(&issuer, "127.0.0.1", &[protocol], |_| {})).await;
        let trust = |builder: TransportBuilder| builder.root_certificate_der(der.clone()).pool_max_idle_per_host(0);
        let transport = transport(server.address, trust);
        for _ in 0..3 {
            send(&transport, post("/x/", "hello")).await.unwrap();
        }
        assert_eq!(server.connections(), expected, "{protocol}");
    }
}

#[tokio::test]
async fn extreme_keep_alive_does_not_break_http2() {
    let (der, _, issuer) = certificate_authority();
    let almost = Duration::MAX.saturating_sub(Duration::from_nanos(1));
    for (interval, timeout) in [
        (Duration::MAX, Duration::MAX),
        (almost, almost),
        (Duration::from_secs(u64::MAX >> 1), Duration::ZERO),
        (Duration::from_millis(1), Duration::MAX),
        (Duration::from_millis(1), almost),
    ] {
        let server = Echo::tls(server_config(&issuer, "127.0.0.1", &["h2"], |_| {})).await;
        let transport = transport(server.address, |builder| {
            let builder =
                builder.root_certificate_der(der.clone()).pool_idle_timeout(timeout.max(Duration::from_secs(50)));
            builder.http2_keep_alive(interval, timeout)
        });
        for _ in 0..2 {
            let response = send(&transport, post("/x/", "hello")).await.unwrap();
            assert_eq!(text(&response), "HTTP/2.0 hello", "{interval:?} {timeout:?}");
        }
        assert_eq!(server.connections(), 1, "{interval:?} {timeout:?}");
    }
}

#[tokio::test]
async fn untrusted_server_receives_nothing() {
    let (trusted, _, issuer) = certificate_authority();
    let (_, _, stranger) = certificate_authority();
    let table = [
        ("unknown root", server_config(&stranger, "127.0.0.1", &[], |_| {})),
        ("another name", server_config(&issuer, "api.avala.ai", &[], |_| {})),
        (
            "expired",
            server_config(&issuer, "127.0.0.1", &[], |params| {
                params.not_before = rcgen::date_time_ymd(2000, 1, 1);
                params.not_after = rcgen::date_time_ymd(2001, 1, 1);
            }),
        ),
    ];
    for (what, config) in table {
        let server = Echo::tls(config).await;
        let transport = transport(server.address, |builder| builder.root_certificate_der(trusted.clone()));
        let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Tls, Sent::No, 1), "{what}: {error:?}");
        let shown = error.to_string();
        assert!(shown.contains(&server.address.to_string()) && shown.contains("certificate"), "{what}: {shown}");
    }
}

#[tokio::test]
async fn root_pem_may_have_any_line_ends_and_text_around() {
    let (_, pem, issuer) = certificate_authority();
    let pem = pem.replace("\r\n", "\n");
    let server = Echo::tls(server_config(&issuer, "127.0.0.1", &[], |_| {})).await;
    let spellings = [
        pem.replace('\n', "\r\n"),
        pem.replace('\n', "\r"),
        format!("Subject: caf\u{e9}\n{pem}\nend"),
        pem.trim().into(),
    ];
    for pem in spellings {
        let transport = transport(server.address, |builder| builder.root_certificate_pem(pem.clone()));
        assert!(send(&transport, post("/x/", "hello")).await.is_ok(), "{pem:?}");
    }
}

#[test]
fn unreadable_pem_is_not_repeated() {
    let (_, _, issuer) = certificate_authority();
    let (chain, key) = servers::client_certificate(&issuer);
    let secret = key.lines().nth(1).unwrap()[..40].to_owned();
    let numbers = secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
    let both = format!("{chain}{key}").replace("\r\n", "\n");
    // As in one environment variable, and in other spellings that break a parser.
    for text in
        [both.replace('\n', "\\n"), both.replace('\n', " "), both.replace("-----", "--"), both.replace('\n', "")]
    {
        let root = builder().root_certificate_pem(text.clone());
        for builder in [root, builder().client_certificate_pem(text.clone(), text.clone())] {
            let error = builder.root_certificate_pem(certificate_authority().1).build().unwrap_err();
            let shown = format!("{error} {error:?} {error:#?}");
            assert!(!shown.contains(&secret) && !shown.contains(&numbers) && shown.len() < 2_000, "{shown}");
        }
    }
    let escaped = builder().client_certificate_pem(both.replace('\n', "\\n"), "").build().unwrap_err();
    assert!(escaped.to_string().contains("two characters `\\n`"), "{escaped}");
}

#[tokio::test]
async fn server_without_tls_receives_nothing() {
    let (trusted, _, _) = certificate_authority();
    let script = Script::new().anything().send("HTTP/1.1 400 Bad Request\r\n\r\n");
    let server = ByteServer::always(script).await.unwrap();
    let transport = transport(server.address(), |builder| builder.root_certificate_der(trusted));
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent()), (Kind::Tls, Sent::No));
}

#[tokio::test]
async fn broken_tls_handshake_is_retried() {
    let (trusted, _, _) = certificate_authority();
    let server = ByteServer::always(Script::new().anything()).await.unwrap();
    let transport = transport(server.address(), |builder| builder.root_certificate_der(trusted));
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3), "{error:?}");
}

#[tokio::test]
async fn client_certificate_is_sent_when_requested() {
    let (root, _, issuer) = certificate_authority();
    let (clients_root, _, clients) = certificate_authority();
    let (_, _, strangers) = certificate_authority();
    let server = Echo::tls(servers::asking_for_certificates(&issuer, &clients_root)).await;
    let with = |(chain, key): (String, String)| {
        transport(server.address, |builder| {
            let quick = avala_transport::RetryPolicy::none();
            builder.root_certificate_der(root.clone()).retry(quick).client_certificate_pem(chain, key)
        })
    };
    let response = send(&with(servers::client_certificate(&clients)), post("/x/", "hello")).await.unwrap();
    assert_eq!(text(&response), "HTTP/1.1 hello");

    let without = transport(server.address, |builder| builder.root_certificate_der(root.clone()));
    for transport in [without, with(servers::client_certificate(&strangers))] {
        let error = send(&transport, post("/x/", "hello")).await.unwrap_err();
        // In TLS 1.3 the client may send its request before the server has checked the certificate.
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::ConnectionLost, Sent::Maybe, 1), "{error:?}");
    }
}

#[test]
fn invalid_client_certificate_error_hides_the_key() {
    let (_, _, issuer) = certificate_authority();
    let (chain, key) = servers::client_certificate(&issuer);
    let (_, other_key) = servers::client_certificate(&issuer);
    let broken_key = key.replace("-----END", "hunter2\n-----END").replace("PRIVATE KEY", "PRIVATE hunter2");
    let table = [
        ("", key.as_str(), "no CERTIFICATE section"),
        (&chain, "", "no private key"),
        (&chain, &chain, "no private key"),
        (&chain, &broken_key, "no private key"),
        (&chain, &other_key, "client certificate"),
    ];
    for (chain, key, expected) in table {
        let builder = builder().client_certificate_pem(chain, key).root_certificate_pem(certificate_authority().1);
        assert!(!format!("{builder:?}").contains("BEGIN"), "{builder:?}");
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), Kind::Configuration);
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

/// Accepts connections and requests of HTTP/2, and sends only its settings.
async fn silent_http2(issuer: &rcgen::Issuer<'static, rcgen::KeyPair>) -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let acceptor = TlsAcceptor::from(Arc::new(server_config(issuer, "127.0.0.1", &["h2"], |_| {})));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::Relaxed);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                // An empty SETTINGS frame.
                stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
                while stream.read(&mut [0; 1_024]).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    (address, connections)
}

#[tokio::test(start_paused = true)]
async fn dead_http2_connection_is_closed_by_pings() {
    let (root, _, issuer) = certificate_authority();
    let (address, connections) = silent_http2(&issuer).await;
    let transport = transport(address, |builder| builder.root_certificate_der(root.clone()).timeout(Duration::MAX));
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent(), error.elapsed().as_secs()),
        (Kind::ConnectionLost, Sent::Maybe, 20),
        "{error:?}"
    );

    let error = send(&transport, crate::support::get("/x/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::ConnectionLost, 3));
    assert_eq!(connections.load(Ordering::Relaxed), 4, "no attempt uses a dead connection again");

    let without = self::transport(address, |builder| {
        builder.root_certificate_der(root).http2_keep_alive(Duration::MAX, Duration::from_secs(1))
    });
    let error = send(&without, post("/x/", "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.elapsed().as_secs()), (Kind::Timeout, 30));
}
