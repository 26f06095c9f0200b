//! Pooled connections that the server closed, or wrote to, while nothing drove the client.
//!
//! The servers run in their own threads, and the client's runtime does not run between two calls: only the kernel
//! knows what arrived meanwhile.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc;

use avala_transport::{BaseUrl, RetryPolicy, Sent, Transport, TransportError, TransportErrorKind as Kind};
use http::{Method, Response};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tokio::runtime::{Builder, Runtime};

use crate::servers::{certificate_authority, server_config};
use crate::support::{builder, millis, post, report, request, send, text};

const FIRST: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst";
const SECOND: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecond";

/// What the server does on the first connection after its response.
#[derive(Debug, Clone, Copy)]
enum Stray {
    /// Sends these bytes and keeps the connection open.
    Bytes(&'static [u8]),
    /// Sends these bytes and closes the connection.
    Close(&'static [u8]),
}

const STRAYS: [Stray; 5] = [
    Stray::Close(b""),
    Stray::Close(b"HTTP/1.0 408 Request Time-out\r\nConnection: close\r\n\r\n<html>408</html>\n"),
    Stray::Close(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nghost"),
    Stray::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nghost"),
    Stray::Bytes(b"\r\n"),
];

/// Responds to one request with `FIRST`, waits for the first message, acts as `stray` says, and confirms with the
/// second. Every other connection gets `SECOND` for each request.
fn server(stray: Stray, tls: Option<Arc<ServerConfig>>) -> (SocketAddr, mpsc::Sender<()>, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (go, wait) = mpsc::channel();
    let (done, confirmed) = mpsc::channel();
    std::thread::spawn(move || {
        let mut first = accept(&listener, tls.as_ref());
        respond(&mut first, FIRST);
        wait.recv().unwrap();
        let (Stray::Bytes(bytes) | Stray::Close(bytes)) = stray;
        first.write_all(bytes).unwrap();
        first.flush().unwrap();
        let kept_open = matches!(stray, Stray::Bytes(_)).then_some(first);
        done.send(()).unwrap();
        let mut second = accept(&listener, tls.as_ref());
        while respond(&mut second, SECOND) {}
        drop(kept_open);
    });
    (address, go, confirmed)
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

fn accept(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>) -> Box<dyn Stream> {
    let (stream, _) = listener.accept().unwrap();
    stream.set_nodelay(true).unwrap();
    match tls {
        None => Box::new(stream),
        Some(config) => {
            Box::new(CloseNotify(StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)))
        }
    }
}

/// Ends the TLS session properly.
struct CloseNotify(StreamOwned<ServerConnection, TcpStream>);

impl Read for CloseNotify {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for CloseNotify {
    fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

impl Drop for CloseNotify {
    fn drop(&mut self) {
        self.0.conn.send_close_notify();
        let _ = self.0.flush();
    }
}

/// Reads a head and a body of two bytes, and responds. Returns whether there was a request.
fn respond(stream: &mut dyn Stream, response: &[u8]) -> bool {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n{}") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return false,
        }
    }
    stream.write_all(response).and_then(|()| stream.flush()).is_ok()
}

fn paused_between_calls() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Sends a POST, which is sent once at most.
fn call(runtime: &Runtime, transport: &Transport) -> Result<String, TransportError> {
    let response = runtime.block_on(send(transport, post("/x/", "{}")))?;
    assert_eq!(report(&response).attempts(), 1);
    Ok(text(&response).to_owned())
}

#[test]
fn stray_bytes_and_eof_are_seen_before_the_next_request() {
    for stray in STRAYS {
        let (address, go, confirmed) = server(stray, None);
        let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
        let transport = builder().base_url(url).retry(RetryPolicy::none()).build().unwrap();
        let runtime = paused_between_calls();
        assert_eq!(call(&runtime, &transport).unwrap(), "first");
        go.send(()).unwrap();
        confirmed.recv().unwrap();
        for _ in 0..2 {
            assert_eq!(call(&runtime, &transport).unwrap(), "second", "{stray:?}");
        }
    }
}

#[test]
fn stray_records_and_eof_are_seen_below_tls() {
    let (root, _, issuer) = certificate_authority();
    let config = Arc::new(server_config(&issuer, "127.0.0.1", &["http/1.1"], |_| {}));
    for stray in STRAYS {
        let (address, go, confirmed) = server(stray, Some(Arc::clone(&config)));
        let url = BaseUrl::parse(&format!("https://{address}")).unwrap();
        let transport = builder().base_url(url).root_certificate_der(root.clone()).retry(RetryPolicy::none());
        let transport = transport.build().unwrap();
        let runtime = paused_between_calls();
        assert_eq!(call(&runtime, &transport).unwrap(), "first");
        go.send(()).unwrap();
        confirmed.recv().unwrap();
        for _ in 0..2 {
            assert_eq!(call(&runtime, &transport).unwrap(), "second", "{stray:?}");
        }
    }
}

#[test]
fn session_tickets_do_not_end_a_connection() {
    let (root, _, issuer) = certificate_authority();
    let mut config = server_config(&issuer, "127.0.0.1", &["http/1.1"], |_| {});
    config.send_tls13_tickets = 8;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut only = accept(&listener, Some(&Arc::new(config)));
        (0..3).filter(|_| respond(&mut only, SECOND)).count()
    });
    let url = BaseUrl::parse(&format!("https://{address}")).unwrap();
    let transport = builder().base_url(url).root_certificate_der(root).retry(RetryPolicy::none()).build().unwrap();
    let runtime = paused_between_calls();
    for _ in 0..3 {
        assert_eq!(call(&runtime, &transport).unwrap(), "second");
    }
    assert_eq!(server.join().unwrap(), 3, "all of them over one connection");
}

#[test]
fn http2_request_moves_off_a_connection_closed_while_idle() {
    let (root, _, issuer) = certificate_authority();
    let tls = tokio_rustls::TlsAcceptor::from(Arc::new(server_config(&issuer, "127.0.0.1", &["h2"], |_| {})));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Serves one connection until the sender is dropped.
    let serve_one = move |listener: TcpListener| {
        let tls = tls.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let serve = async move {
            listener.set_nonblocking(true).unwrap();
            let (stream, _) = tokio::net::TcpListener::from_std(listener).unwrap().accept().await.unwrap();
            let stream = TokioIo::new(tls.accept(stream).await.unwrap());
            let service = service_fn(|request| async move {
                drop(request);
                Ok::<_, std::convert::Infallible>(Response::new(Full::new(bytes::Bytes::from_static(b"ok"))))
            });
            let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(stream, service).await;
        };
        let thread = std::thread::spawn(move || {
            paused_between_calls().block_on(async {
                tokio::select! {
                    () = serve => {}
                    _ = stopped => {}
                }
            });
        });
        (stop, thread)
    };
    let url = BaseUrl::parse(&format!("https://{address}")).unwrap();
    let transport = builder().base_url(url).root_certificate_der(root).retry(RetryPolicy::none()).build().unwrap();
    let client = paused_between_calls();
    for round in 0..4 {
        let (stop, server) = serve_one(listener.try_clone().unwrap());
        for _ in 0..2 {
            assert_eq!(call(&client, &transport).unwrap(), "ok", "round {round}");
        }
        // The connection is closed when its server stops, while the client's runtime stands still.
        drop(stop);
        server.join().unwrap();
    }
}

#[test]
fn bytes_sent_with_the_connection_are_not_a_response() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.write_all(SECOND).unwrap();
            open.push(stream);
        }
    });
    let url = BaseUrl::parse_insecure_loopback(&format!("http://{address}")).unwrap();
    let retry = RetryPolicy::default().base_delay(millis(1));
    let runtime = paused_between_calls();
    for _ in 0..20 {
        let transport = builder().base_url(url.clone()).retry(retry.clone()).build().unwrap();
        // Whether the bytes arrive before the request is a race that the client cannot decide.
        match runtime.block_on(send(&transport, request(Method::POST, "/x/"))) {
            Ok(response) => assert_eq!(text(&response), "second"),
            Err(error) => assert_eq!((error.kind(), error.sent()), (Kind::ConnectionLost, Sent::No), "{error:?}"),
        }
    }
}
