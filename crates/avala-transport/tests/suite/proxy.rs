//! Tunnels through a proxy, bypasses, and failures.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use avala_transport::testing::{ByteServer, Script};
use avala_transport::{BaseUrl, Proxy, Sent, TransportBuilder, TransportError, TransportErrorKind as Kind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::servers::{Echo, certificate_authority, server_config};
use crate::support::{builder, millis, post, quick, send, text};

/// A proxy that opens tunnels, and keeps the requests for them.
struct Tunnels {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&heads);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let target = head.split(' ').nth(1).unwrap().to_owned();
                log.lock().unwrap().push(head);
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// Returns an https server, and a builder for a transport that trusts it.
async fn server() -> (Echo, TransportBuilder) {
    let (root, _, issuer) = certificate_authority();
    let server = Echo::tls(server_config(&issuer, "127.0.0.1", &["h2", "http/1.1"], |_| {})).await;
    let url = BaseUrl::parse(&format!("https://{}", server.address)).unwrap();
    (server, builder().base_url(url).root_certificate_der(root))
}

#[tokio::test]
async fn https_goes_through_a_tunnel() {
    let (server, builder) = server().await;
    let proxy = Tunnels::start().await;
    let transport = builder.proxy(Proxy::http(&format!("http://{}", proxy.address)).unwrap()).build().unwrap();
    for _ in 0..2 {
        let response = send(&transport, post("/x/", "hello")).await.unwrap();
        assert_eq!(text(&response), "HTTP/2.0 hello", "client and server agreed on a protocol");
    }
    let heads = proxy.heads();
    assert_eq!(heads.len(), 1, "a tunnel is a connection, and is used again");
    assert!(heads[0].starts_with(&format!("CONNECT {} HTTP/1.1\r\n", server.address)), "{heads:?}");
    assert!(!heads[0].to_ascii_lowercase().contains("authorization"), "{heads:?}");
}

#[tokio::test]
async fn proxy_credentials_are_sent_to_the_proxy_only() {
    let (_server, builder) = server().await;
    let proxy = Tunnels::start().await;
    let url = format!("http://Aladdin:open%20sesame@{}", proxy.address);
    let builder = builder.proxy(Proxy::http(&url).unwrap());
    let shown = format!("{builder:?}");
    assert!(shown.contains(&proxy.address.to_string()) && !shown.contains("sesame"), "{shown}");
    send(&builder.build().unwrap(), post("/x/", "hello")).await.unwrap();
    assert!(proxy.heads()[0].contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
}

#[tokio::test]
async fn no_proxy_hosts_and_plain_http_bypass_the_proxy() {
    let proxy = ByteServer::always(Script::new()).await.unwrap();
    let through = || Proxy::http(&proxy.url()).unwrap();

    let (_server, https) = server().await;
    for exception in ["127.0.0.1", "example.com, 127.0.0.0/8", "example.com 127.0.0.1", "*"] {
        let (server, https) = server().await;
        let transport = https.proxy(through().no_proxy(exception)).build().unwrap();
        send(&transport, post("/x/", "hello")).await.unwrap();
        assert_eq!(server.connections(), 1);
    }
    let off = https.proxy(through()).proxy(Proxy::none()).build().unwrap();
    send(&off, post("/x/", "hello")).await.unwrap();

    let plain = Echo::plain().await;
    let transport = quick(plain.address).proxy(through()).build().unwrap();
    send(&transport, post("/x/", "hello")).await.unwrap();
    assert_eq!(proxy.connections(), 0);
}

/// Returns the error of a call through this proxy.
async fn failure(proxy: SocketAddr) -> TransportError {
    let (server, builder) = server().await;
    let quick = avala_transport::RetryPolicy::default().base_delay(millis(1));
    let url = format!("http://Aladdin:sesame@{proxy}");
    let transport = builder.retry(quick).proxy(Proxy::http(&url).unwrap()).build().unwrap();
    let error = send(&transport, post("/x/", "{}")).await.unwrap_err();
    assert_eq!(server.connections(), 0, "the proxy is not bypassed");
    let shown = format!("{error} {error:?}");
    assert!(shown.contains(&proxy.to_string()) && !shown.contains("sesame"), "{shown}");
    assert!(!shown.contains("QWxhZGRpbjp"), "{shown}");
    error
}

#[tokio::test]
async fn refused_tunnel_sends_nothing() {
    for response in [
        "HTTP/1.1 403 Forbidden\r\n\r\n",
        "HTTP/1.1 502 Bad Gateway\r\n\r\n",
        "HTTP/1.1 200 OK\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "",
    ] {
        let proxy = ByteServer::always(Script::new().request().send(response)).await.unwrap();
        let error = failure(proxy.address()).await;
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3), "{response:?}");
        assert!(error.to_string().contains(&format!("proxy {}", proxy.address())), "{error}");
    }

    let gone = ByteServer::start([]).await.unwrap().address();
    let error = failure(gone).await;
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3));
}

#[tokio::test]
async fn rejected_proxy_credentials_are_not_retried() {
    let response = "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"x\"\r\n\r\n";
    let proxy = ByteServer::always(Script::new().request().send(response)).await.unwrap();
    let error = failure(proxy.address()).await;
    assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Configuration, Sent::No, 1), "{error:?}");
    assert_eq!(proxy.connections(), 1);
    let expected =
        format!("proxy {} rejected the credentials (407); put its user and password into its URL", proxy.address());
    assert_eq!(error.to_string(), expected);
}

/// Returns a proxy that responds to CONNECT with `head` and then is the tunnel.
async fn tunnel_after(head: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(client.read_u8().await.unwrap());
            }
            let request = String::from_utf8(request).unwrap();
            let mut server = TcpStream::connect(request.split(' ').nth(1).unwrap()).await.unwrap();
            client.write_all(&head).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        }
    });
    address
}

#[tokio::test]
async fn any_2xx_opens_the_tunnel_despite_its_headers() {
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x-filler: 1\r\n".repeat(500));
    for head in [
        "HTTP/1.1 200 Connection established\r\n\r\n",
        "HTTP/1.0 200\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 299 \r\ncontent-length: 1000\r\ntransfer-encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nvia: bare line feeds\n\n",
        "HTTP/1.1 200 OK\r\nno colon at all\r\n\tfolded\r\nname with space: x\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        &many,
    ] {
        let (_server, builder) = server().await;
        let proxy = Proxy::http(&format!("http://{}", tunnel_after(head.into()).await)).unwrap();
        let response = send(&builder.proxy(proxy).build().unwrap(), post("/x/", "hello")).await;
        assert_eq!(text(&response.expect(head)), "HTTP/2.0 hello");
    }
}

#[tokio::test]
async fn tunnel_refusal_is_reported_despite_its_headers() {
    let headers = [
        String::new(),
        "content-length: 1000000\r\n".to_owned(),
        "transfer-encoding: chunked\r\ncontent-length: 1\r\n".to_owned(),
        "content-length: many\r\nno colon\r\n folded\r\n".to_owned(),
        "x-filler: 1\r\n".repeat(10_000),
        format!("x-filler: {}\r\n", "x".repeat(100_000)),
    ];
    for (line, kind) in [("403 Forbidden", Kind::Connect), ("407 Nobody", Kind::Configuration), ("302", Kind::Connect)]
    {
        for header in &headers {
            for after in ["\r\n<html>no</html>", ""] {
                let response = format!("HTTP/1.1 {line}\r\n{header}{after}");
                let proxy = ByteServer::always(Script::new().request().send(response)).await.unwrap();
                let error = failure(proxy.address()).await;
                assert_eq!((error.kind(), error.sent()), (kind, Sent::No), "{line} {header:.40}");
                if line.starts_with("403") {
                    let chain = error_chain(&error);
                    assert!(chain.contains("403"), "{chain}");
                }
            }
        }
    }
}

fn error_chain(error: &TransportError) -> String {
    let mut next: Option<&dyn std::error::Error> = Some(error);
    let mut chain = String::new();
    while let Some(error) = next {
        chain = format!("{chain}{error}; ");
        next = error.source();
    }
    chain
}

#[tokio::test]
async fn endless_proxy_response_is_cut_off() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    for (first, again) in [("", interim), ("HTTP/1.1 200 OK\r\n", "x: y\r\n"), ("HTTP/1.1 200 ", "O"), ("", "\r\n")] {
        let script = Script::new().request().send(first).repeat(again.repeat(100), 100_000);
        let proxy = ByteServer::always(script).await.unwrap();
        let error = failure(proxy.address()).await;
        assert_eq!((error.kind(), error.sent(), error.attempts()), (Kind::Connect, Sent::No, 3), "{again:?}");
    }
}
